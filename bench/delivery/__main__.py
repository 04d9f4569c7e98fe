"""`python -m bench.delivery`: compares the portal's cost with that of a plain loop."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench.delivery import workload
from bench.delivery.environment import BenchEnvironment, bench_environment


def main(arguments: list[str]) -> int:
    options = read(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="portal-bench-") as folder,
        bench_environment(Path(folder)) as environment,
    ):
        environment.start_services()
        os.environ.update(environment.environment)
        measure(environment, options)
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.delivery", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000, help="number of independent jobs in the first workflow")
    parser.add_argument("--steps", type=int, default=100, help="number of steps in the second workflow")
    parser.add_argument("--at-once", type=int, default=200, help="number of concurrent submissions")
    parser.add_argument("--turns", type=int, default=2, help="number of turns")
    parser.add_argument("--workers", type=int, default=1, help="number of the portal's worker processes")
    return parser.parse_args(arguments)


def measure(environment: BenchEnvironment, options: argparse.Namespace) -> None:
    import django  # noqa: PLC0415 - it reads the surroundings

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from bench.delivery import comparison, loop, portal  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    url = f"http://127.0.0.1:{environment.sandbox_port}"
    token = portal.prepare(url)
    environment.start_portal(options.workers)
    portal.run(workload.independent_jobs(10), environment, token)  # warm up both
    loop.run(workload.independent_jobs(10), url)
    for workflow in (workload.independent_jobs(options.jobs), workload.fan_out_fan_in(options.steps)):
        loops, portals = [], []
        for _ in range(options.turns):
            loops.append(loop.run(workflow, url))
            portals.append(portal.run(workflow, environment, token))
        for line in comparison.lines(workflow.title, len(workflow.jobs), loops, portals):
            print_line(line)
    print_line(comparison.burst_line(portal.submit_concurrently(options.at_once, environment, token)))


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
