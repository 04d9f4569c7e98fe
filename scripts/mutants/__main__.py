"""Runs the tests once for each mutant. Fails if one is not detected by its tests."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from scripts.mutants.catalog import tests_by_name
from scripts.mutants.run import create_forkserver, run_mutant

MAX_PARALLEL_RUNS = 2


def main(arguments: list[str]) -> int:
    context = create_forkserver()
    tests = tests_by_name()
    unknown = [name for name in arguments if name not in tests]
    if unknown:
        raise SystemExit(f"Unknown mutants: {', '.join(unknown)}")
    started_at = time.monotonic()
    survivors = []
    names = arguments or list(tests)
    with ThreadPoolExecutor(MAX_PARALLEL_RUNS) as runs:
        for name, outcome in zip(
            names, runs.map(lambda name: run_mutant(name, tests[name], context), names), strict=True
        ):
            survivors += [] if outcome.detected_by else [name]
            word = "detected" if outcome.detected_by else "NOT DETECTED"
            print(f"{word:<18} {outcome.seconds:4.0f} s  {name}  {outcome.detected_by}", flush=True)  # noqa: T201
    count = len(names)
    print(f"{count - len(survivors)} of {count} mutants detected ({time.monotonic() - started_at:.0f} s).")  # noqa: T201
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
