"""`python -m tests.chaos [failpoints|recovery|storm …] [--jobs N] [--seed S] [--databases sqlite,postgres]`

`--only marked,answered` lets the process fail at these steps alone. Without a seed one is chosen, and told.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.recovery import recover
from tests.chaos.steps import BY_NAME, CASES, fail_once
from tests.chaos.storm import storm
from tests.chaos.world import Database, world

PARTS = ("failpoints", "recovery", "storm")
DATABASES: tuple[Database, ...] = ("sqlite", "postgres")


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
        here.keep = bool(wrong)
    figures = f"{len(cases)} cases, {len(wrong)} wrong, {time.monotonic() - began:.0f} s, the longest {longest:.0f} s"
    say(f"Failpoints, {database}: {figures}.")
    return wrong


def recoveries(database: Database) -> list[str]:
    """How soon all is well again. A time that was missed is told; wrong is what never came."""
    measured, wrong = recover(database)
    for each in measured:
        say(f"Recovery, {database}: {each}")
    wrong += [f"never: {each.words}" for each in measured if each.took == float("inf")]
    return [f"{database}: recovery: {line}" for line in wrong]


def one_storm(database: Database, jobs: int, seed: int) -> list[str]:
    """Everything at random. What was wrong."""
    figures, weather, wrong = storm(database, jobs, seed)
    say(f"Storm, {database}, seed {seed}: {figures}.")
    say(f"    {weather}.")
    return [f"{database}, seed {seed}: {line}" for line in wrong]


def at_once(part: Callable[[Database], list[str]], databases: Sequence[Database]) -> list[str]:
    """The part in a world for each database, side by side: most of its time is waiting."""
    with ThreadPoolExecutor() as worlds:
        return [line for found in worlds.map(part, databases) for line in found]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    options = read(sys.argv[1:])
    databases: Sequence[Database] = options.databases
    wrong: list[str] = []
    if "failpoints" in options.parts:
        wrong += at_once(lambda database: failpoints(database, options.only), databases)
    if "recovery" in options.parts:
        wrong += at_once(recoveries, databases)
    if "storm" in options.parts:
        say(f"Storm over {options.jobs} jobs, SEED={options.seed}")
        for database in databases:
            wrong += one_storm(database, options.jobs // len(databases), options.seed)
    for line in wrong:
        say(f"WRONG: {line}")
    return int(bool(wrong))


def read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=PARTS, help="all of them, if none is named")
    parser.add_argument("--databases", type=_words(DATABASES), default=list(DATABASES))
    parser.add_argument("--only", type=_words(tuple(BY_NAME)), default=[], help="steps, parted by commas")
    parser.add_argument("--jobs", type=int, default=2000, help="of the storms, all databases together")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args(arguments)
    options.parts = options.parts or PARTS
    return options


def _words(known: Sequence[str]) -> Callable[[str], list[str]]:
    def words(text: str) -> list[str]:
        said = text.split(",")
        if unknown := set(said) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return said

    return words


if __name__ == "__main__":
    sys.exit(main())
