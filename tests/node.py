"""The Node of the tests: `python -m tests.node` runs what stands in tests/js by Node's own test runner.

What the page's modules do by themselves is tested without a browser. Only tests need Node, and no package of npm.
Without Node `make test` skips them and says so; `make check`, and any run with `CI=true`, fails.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parent / "js"
MIN_VERSION = 20
WHAT_TO_DO = f"No Node {MIN_VERSION} or newer was found: install it (Debian: apt install nodejs), or name it in NODE."
TIMEOUT_SECONDS = 120


def find() -> str | None:
    """Return the path of a Node that starts and is new enough, or None."""
    path = shutil.which(os.environ.get("NODE") or "node")
    return path if path and _version(path) >= MIN_VERSION else None


def _version(path: str) -> int:
    """Return the major version, 0 of what is no Node."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    major = answer.stdout.removeprefix("v").split(".")[0]
    return int(major) if answer.returncode == 0 and major.isdigit() else 0


def strict() -> bool:
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def call(operation: str, argument: Any) -> Any:
    """Return what an operation of tests/js/operations.mjs makes of an argument. Skips the test without Node."""
    path = find()
    if path is None and strict():
        pytest.fail(WHAT_TO_DO)
    if path is None:
        pytest.skip(WHAT_TO_DO)
    answer = subprocess.run(
        [path, SCRIPTS / "operations.mjs", operation],
        input=json.dumps(argument),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    return json.loads(answer.stdout)


def main(arguments: Sequence[str]) -> int:
    """Run the test files. Without Node: 1, or with `--optional` a line that says so and 0, unless CI=true."""
    path = find()
    if path is None:
        may_skip = "--optional" in arguments and not strict()
        outcome = "are skipped" if may_skip else "cannot run"
        sys.stdout.write(f"The tests of the pages' scripts {outcome}. {WHAT_TO_DO}\n")
        return 0 if may_skip else 1
    files = sorted(map(str, SCRIPTS.glob("*.test.mjs")))
    command = [path, "--test", "--test-reporter", "tap", *files]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    passed = re.search(r"^# pass (\d+)$", run.stdout, re.MULTILINE)
    if run.returncode == 0 and passed:
        sys.stdout.write(f"Scripts of the pages, by Node: {passed[1]} passed.\n")
        return 0
    sys.stdout.write(run.stdout + run.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
