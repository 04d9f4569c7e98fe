"""The Node of the tests: `python -m tests.node` runs what stands in tests/js by Node's own test runner.

What the page's modules do by themselves is tested without a browser. Only tests need Node, and no package of npm.
Without Node `make test` skips them and says so; `make check`, and any run with `CI=true`, fails.
"""

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.node import ADVICE, find_node, is_required

SCRIPTS = Path(__file__).resolve().parent / "js"
TIMEOUT_SECONDS = 120


def call(operation: str, argument: Any) -> Any:
    """Return what an operation of tests/js/operations.mjs makes of an argument. Skips the test without Node."""
    path = find_node()
    if path is None and is_required():
        pytest.fail(ADVICE)
    if path is None:
        pytest.skip(ADVICE)
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
    path = find_node()
    if path is None:
        may_skip = "--optional" in arguments and not is_required()
        outcome = "are skipped" if may_skip else "cannot run"
        sys.stdout.write(f"The tests of the pages' scripts {outcome}. {ADVICE}\n")
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
