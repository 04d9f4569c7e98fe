"""`python -m tests.chaos [PART …] [--jobs N] [--seed S] [--databases sqlite]`

Parts: workflows, bulk, failpoints, recovery, neighbours, storm.

`--only marked,answered` lets the process fail at these steps alone. Without a seed one is chosen, and told.
"""

import argparse
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from tests.chaos.bulk import kill_in_bulk
from tests.chaos.neighbours import measure
from tests.chaos.recovery import recover
from tests.chaos.steps import BY_NAME, CASES, fail_once
from tests.chaos.storm import storm
from tests.chaos.workflows import run_cases
from tests.chaos.world import Database, world

DATABASES: tuple[Database, ...] = ("sqlite", "postgres")


def failpoints(database: Database, options: argparse.Namespace) -> list[str]:
    """Every step failing in every way, one after another, in one world. What was wrong."""
    number, of = options.share
    cases = [case for case in CASES if not options.only or case[0] in options.only][number::of]
    wrong: list[str] = []
    began, longest = time.monotonic(), 0.0
    with world(database, events=True) as here:
        for name, failure in cases:
            try:
                took = fail_once(here, name, failure)
            except AssertionError as trouble:
                wrong.append(f"{name}: {failure}: {trouble}")
            else:
                longest = max(longest, took)
                print_line(f"{database}: {name}: {failure}: settled within {took:.1f} s")
        here.keep = bool(wrong)
    figures = f"{len(cases)} cases, {len(wrong)} wrong, {time.monotonic() - began:.0f} s, the longest {longest:.0f} s"
    print_line(f"Failpoints, {database}: {figures}.")
    return wrong


def recovery(database: Database, _: argparse.Namespace) -> list[str]:
    """How soon all is well again. A time that was missed is told; wrong is what never came."""
    measured, wrong = recover(database)
    for each in measured:
        print_line(f"Recovery, {database}: {each}")
    return [*wrong, *(f"never: {each.words}" for each in measured if each.took == float("inf"))]


def neighbours(database: Database, options: argparse.Namespace) -> list[str]:
    """How soon the news of an account come while others do not answer. What was wrong."""
    delays, wrong = measure(database, options.seed)
    for each in delays:
        print_line(f"Neighbours, {database}, SEED={options.seed}: {each}")
    return wrong


def one_storm(database: Database, options: argparse.Namespace) -> list[str]:
    """Everything at random. What was wrong."""
    figures, weather, wrong = storm(database, options.jobs // len(DATABASES), options.seed)
    print_line(f"Storm, {database}, SEED={options.seed}: {figures}.")
    print_line(f"    {weather}.")
    return wrong


def workflows(_: Database, options: argparse.Namespace) -> list[str]:
    """A worker killed at every step of the delivery of a workflow of 50 steps. What was wrong."""
    began = time.monotonic()
    wrong = run_cases(options.seed, 2, lambda words: print_line(f"workflows: {words}"))
    took = time.monotonic() - began
    print_line(f"Workflows, SEED={options.seed}: {len(wrong)} wrong, {took:.0f} s.")
    return wrong


def bulk(_: Database, __: argparse.Namespace) -> list[str]:
    """A worker killed in the middle of bulk actions. What was wrong."""
    began = time.monotonic()
    wrong = kill_in_bulk()
    print_line(f"Bulk: {len(wrong)} wrong, {time.monotonic() - began:.0f} s.")
    return wrong


PARTS = {
    "workflows": workflows,
    "bulk": bulk,
    "failpoints": failpoints,
    "recovery": recovery,
    "neighbours": neighbours,
    "storm": one_storm,
}
# In how many worlds at once each database is tried, where most of the time is waiting. A storm wants the machine for
# itself, and is not here.
WORLDS = {"failpoints": 2, "recovery": 1, "neighbours": 1}


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # worlds are taken down on the way out
    options = read(sys.argv[1:])
    if len(options.parts) == len(options.databases) == 1:
        return run_here(options.parts[0], options.databases[0], options)
    print_line(f"Chaos: {', '.join(options.parts)}; {options.jobs} jobs, SEED={options.seed}")
    failed = 0
    for part in options.parts:
        if part in ("workflows", "bulk"):  # on SQLite only: what is killed here are the steps, not the database
            failed |= run_side_by_side(part, ["sqlite"], options)
            continue
        rounds = [options.databases] if part in WORLDS else [[database] for database in options.databases]
        for databases in rounds:
            failed |= run_side_by_side(part, databases, options)
    print_line("Not all promises were kept: see above." if failed else "Every promise was kept.")
    return failed


def run_here(part: str, database: Database, options: argparse.Namespace) -> int:
    """In this process, whose main thread starts and ends everything."""
    wrong = PARTS[part](database, options)
    for line in wrong:
        print_line(f"WRONG: {part}, {database}, SEED={options.seed}: {line}")
    return int(bool(wrong))


def run_side_by_side(part: str, databases: Sequence[Database], options: argparse.Namespace) -> int:
    """The part on each of the databases, in processes side by side."""
    told = ["--jobs", str(options.jobs), "--seed", str(options.seed)]
    told += ["--only", ",".join(options.only)] if options.only else []
    shares = WORLDS.get(part, 1)
    command = [sys.executable, "-m", "tests.chaos", part, *told]
    worlds = [
        subprocess.Popen([*command, "--databases", database, "--share", f"{number}/{shares}"])
        for database in databases
        for number in range(1, shares + 1)
    ]
    try:
        codes = [each.wait() for each in worlds]
        return int(any(codes))
    finally:
        for each in worlds:
            each.terminate()
            each.wait()


def print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=tuple(PARTS), help="all of them, if none is named")
    parser.add_argument("--databases", type=_list_parser(DATABASES), default=list(DATABASES))
    parser.add_argument("--only", type=_list_parser(tuple(BY_NAME)), default=[], help="steps, parted by commas")
    parser.add_argument("--share", type=_share, default=(0, 1), help="of the failpoints: 1/2 is every other one")
    parser.add_argument("--jobs", type=int, default=2000, help="of the storms, half of them on each database")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    options = parser.parse_args(arguments)
    options.parts = options.parts or list(PARTS)
    return options


def _share(text: str) -> tuple[int, int]:
    number, _, of = text.partition("/")
    return int(number) - 1, int(of)


def _list_parser(known: Sequence[str]) -> Callable[[str], list[str]]:
    def parse_list(text: str) -> list[str]:
        said = text.split(",")
        if unknown := set(said) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
        return said

    return parse_list


if __name__ == "__main__":
    sys.exit(main())
