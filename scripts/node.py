"""Node.js as the tests and the checks of the pages' scripts find it."""

import os
import shutil
import subprocess

MIN_VERSION = 20
ADVICE = f"Node {MIN_VERSION} or newer not found. Install it (Debian: apt install nodejs), or set NODE."


def find_node() -> str | None:
    """Return the path of a Node that starts and is new enough, or None."""
    path = shutil.which(os.environ.get("NODE") or "node")
    return path if path and _major_version(path) >= MIN_VERSION else None


def is_required() -> bool:
    """Return whether a check that needs Node must not be skipped: in CI."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def _major_version(path: str) -> int:
    try:
        result = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - NODE is the developer's
    except (OSError, subprocess.TimeoutExpired):
        return 0
    major = result.stdout.removeprefix("v").split(".")[0]
    return int(major) if result.returncode == 0 and major.isdigit() else 0
