"""`python -m tests.chaos [failpoints|recovery|storm …] [--jobs N] [--seed S] [--databases sqlite,postgres]`

`--only marked,answered` lets the process fail at these steps alone.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.chaos.steps import CASES, fail_once
from tests.chaos.world import Database, world


def failpoints(database: Database, only: Sequence[str]) -> list[str]:
    """Every step failing in every way, one after another, in one world. What was wrong."""
    cases = [case for case in CASES if not only or case[0] in only]
    wrong: list[str] = []
    began, longest = time.monotonic(), 0.0
    with world(database, events=True) as here:
        for name, failure in cases:
            try:
                took = fail_once(here, name, failure)
            except AssertionError as trouble:
                wrong.append(f"{database}: {name}: {failure}: {trouble}")
                say(wrong[-1])
            else:
                longest = max(longest, took)
                say(f"{database}: {name}: {failure}: settled within {took:.1f} s")
    figures = f"{len(cases)} cases, {len(wrong)} wrong, {time.monotonic() - began:.0f} s, the longest {longest:.0f} s"
    say(f"Failpoints, {database}: {figures}.")
    return wrong


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    options = read(sys.argv[1:])
    wrong: list[str] = []
    if "failpoints" in options.parts:
        with ThreadPoolExecutor() as both:
            for found in both.map(partial(failpoints, only=options.only), options.databases):
                wrong += found
    for line in wrong:
        say(f"WRONG: {line}")
    return int(bool(wrong))


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("parts", nargs="*", default=["failpoints"], choices=["failpoints"])
    parser.add_argument("--databases", type=lambda text: text.split(","), default=["sqlite", "postgres"])
    parser.add_argument("--only", type=lambda text: text.split(","), default=[])
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
