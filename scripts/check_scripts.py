"""Lint and type checks of the pages' scripts: `python -m scripts.check_scripts`."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts import node

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".node"
BUILDER = ROOT / "static" / "src" / "builder"
SOURCES = ("static/js", "static/src")
CONFIGURATION = ("static/src/eslint.config.mjs", "static/src/tsconfig.json")
INSTALL = (
    "npm",
    "ci",
    "--silent",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--fetch-retries=1",
)
INSTALL_TIMEOUT_SECONDS = 300
CHECK_TIMEOUT_SECONDS = 120
CHECKS = (("eslint", "static"), ("tsc", "--project", "."))


def main() -> int:
    if node.find_node() is None or shutil.which("npm") is None:
        return _skip(node.ADVICE)
    if not _install():
        return _skip("npm could not install ESLint and TypeScript.")
    _copy_sources()
    binaries = WORK / "node_modules" / ".bin"
    codes = [_run([str(binaries / check[0]), *check[1:]], CHECK_TIMEOUT_SECONDS) for check in CHECKS]
    return max(codes)


def _skip(reason: str) -> int:
    """Say that nothing was checked. Return the exit code."""
    sys.stdout.write(f"NOT CHECKED: lint and types of the pages' scripts. {reason}\n")
    return 1 if node.is_required() else 0


def _install() -> bool:
    """Install the packages of the lock file, unless they are there. Return whether they are."""
    lock = hashlib.sha256((BUILDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = WORK / ".installed"
    if stamp.is_file() and stamp.read_text() == lock:
        return True
    WORK.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(BUILDER / name, WORK / name)
    if _run(INSTALL, INSTALL_TIMEOUT_SECONDS):
        return False
    stamp.write_text(lock)
    return True


def _copy_sources() -> None:
    """Copy the sources to where the packages are found, so that imports resolve."""
    shutil.rmtree(WORK / "static", ignore_errors=True)
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, WORK / folder, ignore=shutil.ignore_patterns("node_modules", "package*.json"))
    for path in CONFIGURATION:
        shutil.copy(ROOT / path, WORK / Path(path).name)


def _run(command: Sequence[str], timeout: int) -> int:
    environment = {**os.environ, "NO_COLOR": "1"}
    try:
        return subprocess.run(command, cwd=WORK, env=environment, timeout=timeout, check=False).returncode  # noqa: S603 - ours
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{command[0]} took longer than {timeout} s.\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
