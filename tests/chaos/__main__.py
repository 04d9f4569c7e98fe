"""`python -m tests.chaos [failpoints|recovery|storm …] [--jobs N] [--seed S] [--databases sqlite,postgres]`"""

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.steps import CASES, fail_once
from tests.chaos.world import Database, world


def failpoints(database: Database) -> list[str]:
    """Every step failing in every way, one after another, in one world. What was wrong."""
    wrong: list[str] = []
    began, longest = time.monotonic(), 0.0
    with world(database, events=True) as here:
        for name, failure in CASES:
            try:
                longest = max(longest, fail_once(here, name, failure))
            except AssertionError as trouble:
                wrong.append(f"{database}: {name}: {failure}: {trouble}")
                say(wrong[-1])
    spent = time.monotonic() - began
    say(
        f"Failpoints, {database}: {len(CASES)} cases, {len(wrong)} wrong, {spent:.0f} s; settled within {longest:.0f} s."
    )
    return wrong


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    options = read(sys.argv[1:])
    wrong: list[str] = []
    if "failpoints" in options.parts:
        with ThreadPoolExecutor() as both:
            wrong += [line for lines in both.map(failpoints, options.databases) for line in lines]
    for line in wrong:
        say(f"WRONG: {line}")
    return int(bool(wrong))


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("parts", nargs="*", default=["failpoints"], choices=["failpoints"])
    parser.add_argument("--databases", type=lambda text: text.split(","), default=["sqlite", "postgres"])
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
