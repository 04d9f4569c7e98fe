"""`python -m tests.soak --runs 20`: all browser tests again and again, the last half beside a busy loop on each core.

Each run that ends is a line of a log in .soak/, one log for each commit. Begun again, it goes on after the runs that
are there. What a failed run printed is kept beside the log.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.quickstart_process import ROOT

FOLDER = ROOT / ".soak"
RUN_SECONDS = 3600.0  # a run that takes longer is ended and has failed
TESTS = ["-m", "pytest", "-q", "-m", "browser", "-n", "2", "--dist", "loadgroup", "--no-loadscope-reorder"]
BUSY_LOOP = "while True: pass"
LINE = re.compile(r"run (\d+), (quiet|busy): (\d+) passed, (\d+) failed, (\d+) s")
SUMMARY = re.compile(r" in [\d.]+s\b")
COUNT = re.compile(r"(\d+) (passed|failed|errors?)\b")


@dataclass(frozen=True)
class Result:
    """How a run ended. A run in which no test passed has failed, whatever pytest counted."""

    number: int
    busy: bool
    passed: int
    failed: int
    seconds: int

    def __str__(self) -> str:
        kind = "busy" if self.busy else "quiet"
        return f"run {self.number}, {kind}: {self.passed} passed, {self.failed} failed, {self.seconds} s"


def read_log(text: str) -> list[Result]:
    """Return the results in a log. A line that was cut off by the end of the process is none."""
    matches = filter(None, map(LINE.fullmatch, text.splitlines()))
    return [
        Result(int(number), kind == "busy", int(passed), int(failed), int(seconds))
        for number, kind, passed, failed, seconds in (match.groups() for match in matches)
    ]


def plan(runs: int, done: Sequence[Result]) -> list[tuple[int, bool]]:
    """Return the numbers of the runs to come, and whether each is a busy one: the last half are."""
    numbers = {result.number for result in done}
    return [(number, number > runs - runs // 2) for number in range(1, runs + 1) if number not in numbers]


def count(output: str, exit_code: int | None) -> tuple[int, int]:
    """Return how many tests passed and failed, from the last line of pytest. A run that broke off has failed."""
    last = output.strip().rpartition("\n")[2]
    words = COUNT.findall(last) if SUMMARY.search(last) else []
    counts = {word.rstrip("s"): int(number) for number, word in words}
    passed, failed = counts.get("passed", 0), counts.get("failed", 0) + counts.get("error", 0)
    return passed, failed or int(exit_code != 0 or passed == 0)


@contextmanager
def busy_loops(loops: int) -> Iterator[None]:
    started = [subprocess.Popen([sys.executable, "-c", BUSY_LOOP]) for _ in range(loops)]
    try:
        yield
    finally:
        for loop in started:
            loop.kill()
            loop.wait()


def run_tests(number: int, *, busy: bool, output: Path) -> Result:
    """Run all browser tests once. What they print is kept in a file if they fail."""
    began = time.monotonic()
    with output.open("w") as file, busy_loops(os.cpu_count() or 1 if busy else 0):
        tests = subprocess.Popen([sys.executable, *TESTS], cwd=ROOT, stdout=file, stderr=file, start_new_session=True)
        try:
            code = tests.wait(RUN_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if tests.poll() is None:
                os.killpg(tests.pid, signal.SIGKILL)
                tests.wait()
    passed, failed = count(output.read_text(), code)
    if not failed:
        output.unlink()
    return Result(number, busy, passed, failed, round(time.monotonic() - began))


def commit() -> str:
    """Return the name of what is tested, also where there is no git."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return described.stdout.strip() or "unversioned"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description="Run all browser tests again and again.")
    parser.add_argument("--runs", type=int, default=20, help="how many runs there are in the end")
    runs = parser.parse_args(arguments).runs
    FOLDER.mkdir(exist_ok=True)
    log = FOLDER / f"{commit()}.log"
    done = read_log(log.read_text()) if log.exists() else []
    sys.stdout.writelines(f"{result} (earlier)\n" for result in done)
    for number, busy in plan(runs, done):
        result = run_tests(number, busy=busy, output=log.with_suffix(f".run-{number}.txt"))
        done.append(result)
        with log.open("a") as lines:
            lines.write(f"{result}\n")
        sys.stdout.write(f"{result}\n")
        sys.stdout.flush()
    failed = [result.number for result in done if result.failed]
    if failed:
        sys.stdout.write(f"Failed: {', '.join(map(str, failed))}. What they printed is in {FOLDER}.\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
