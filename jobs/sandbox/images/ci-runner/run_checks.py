"""Checks one commit: syntax, then tests. COMMIT_SHA, REPO_NAME."""

import compileall
import os
import subprocess
import sys

from pace import pause

print(f"Repository {os.environ.get('REPO_NAME', '(not named)')}", flush=True)
print(f"Commit     {os.environ.get('COMMIT_SHA', '(not named)')}", flush=True)
pause(0.5)

print("\nCheck 1 of 2: every file compiles", flush=True)
compiles = compileall.compile_dir(".", quiet=1)
print("ok" if compiles else "FAILED", flush=True)
pause(0.5)

print("\nCheck 2 of 2: tests", flush=True)
passes = subprocess.run([sys.executable, "test_versions.py"], check=False).returncode == 0
print(f"\n{'All checks passed.' if compiles and passes else 'Some checks failed.'}", flush=True)
sys.exit(0 if compiles and passes else 1)
