"""Replacement for an image that is not on this machine."""

import os
import sys

from pace import pause

SECRET_WORDS = ("secret", "password", "passwd", "token", "key", "credential", "auth", "private")
OWN = ("PATH", "HOME", "TMPDIR", "LANG", "PWD", "PYTHONUNBUFFERED", "SHLVL", "LC_CTYPE", "_")

print(f"The sandbox does not have the image {os.environ['SANDBOX_IMAGE']}: this is a simulation of it.", flush=True)
print(f"Command: {sys.argv[1:] or '(the default of the image)'}", flush=True)
print("Environment:", flush=True)
for name, value in sorted(os.environ.items()):
    if name in OWN or name.startswith("SANDBOX_"):
        continue
    masked = any(word in name.lower() for word in SECRET_WORDS)
    print(f"  {name}={'********' if masked else value}", flush=True)
for step in range(1, 4):
    pause(0.5)
    print(f"Simulated step {step} of 3", flush=True)
print("Done.", flush=True)
