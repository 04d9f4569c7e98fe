"""`python -m tests.event_flood [--events 100000] [--seed 6]`: so many events at once, and no state ever goes back."""

import argparse
import os
import subprocess
import sys

TEST = "tests/sync/test_many_events.py"


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.event_flood", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=6)
    options = parser.parse_args(words)
    given = {"EVENTS_HEARD": str(options.events), "EVENTS_SEED": str(options.seed), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "pytest", "-q", "-s", TEST]
    return subprocess.run(command, env=os.environ | given, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
