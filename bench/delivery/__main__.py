"""`python -m bench.delivery`: compares the portal with a plain loop at AWS's rate limit."""

import argparse
import os
import sys
from typing import Any

from bench.delivery import workload
from bench.delivery.report import POLL_SECONDS
from bench.delivery.turn import BURST_SECONDS, Pace
from bench.environment import DATABASES, BenchEnvironment, bench_environment
from bench.results import add_json_option, machine, print_line, write_result

PACE = Pace(49, BURST_SECONDS)  # both ways: just below AWS's limit of 50
SHORT_TURNS = 3  # as many for each turn of 1,000 jobs: a chain's time depends on when a poll falls


def main(arguments: list[str]) -> int:
    options = read(arguments)
    with bench_environment() as environment:
        environment.use_database(options.database)
        environment.start_services()
        os.environ.update(environment.environment)
        result = measure(environment, options)
    name = f"delivery-{options.database}" + (f"-poll-{options.poll}" if options.poll != POLL_SECONDS else "")
    print_line(f"Result: {write_result(name, result, options.json)}")
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.delivery", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, default="sqlite")
    parser.add_argument("--workers", type=int, nargs="+", choices=range(1, 9), default=[1, 2], metavar="N",
                        help="numbers of worker processes that are compared")  # fmt: skip
    parser.add_argument("--runs", type=int, default=3, help="turns of each way; three times as many of the chain")
    parser.add_argument("--only", default="", help="only workflows whose title contains this")
    parser.add_argument("--jobs", type=int, default=1000, help="number of independent jobs")
    parser.add_argument("--poll", type=int, default=POLL_SECONDS, help="seconds between two polls, both ways")
    parser.add_argument("--rate", type=int, default=PACE.rate, help="submissions a second, both ways")
    parser.add_argument("--burst", type=float, default=PACE.burst_seconds,
                        help="seconds of the rate that the loop sends at once after a pause")  # fmt: skip
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to measure the idle portal; 0 for none")
    add_json_option(parser)
    return parser.parse_args(arguments)


def measure(environment: BenchEnvironment, options: argparse.Namespace) -> dict[str, Any]:
    import django  # noqa: PLC0415 - it reads the surroundings

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from bench.delivery import idle, loop, portal, report  # noqa: PLC0415
    from bench.scale.counters import database_mib  # noqa: PLC0415
    from jobs.models import Job  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    pace = Pace(options.rate, options.burst)
    token = portal.prepare(environment.aws_url, options.rate, options.poll)
    environment.start_portal()
    portal.run(workload.independent_jobs(10), environment, token, pace)  # warm up both
    loop.run(workload.independent_jobs(10), environment, pace, options.poll)
    print_line(f"Delivery, {options.database}: load average {machine()['load']}")
    idle_cost = idle.idle_cost(environment, options.idle) if options.idle else None
    workflows = []
    mib_before, jobs_before = database_mib(), Job.objects.count()
    for workflow in (workload.chain(3), workload.fan(100), workload.independent_jobs(options.jobs)):
        if options.only not in workflow.title:
            continue
        loops: list[Any] = []
        portals: dict[int, list[Any]] = {workers: [] for workers in sorted(options.workers)}
        for _ in range(options.runs * (1 if len(workflow.jobs) >= report.MIN_JOBS else SHORT_TURNS)):
            loops.append(loop.run(workflow, environment, pace, options.poll))
            for workers, turns in portals.items():
                environment.run_workers(workers)
                turns.append(portal.run(workflow, environment, token, pace))
        workflows.append(report.summary(workflow.title, loops, portals, options.poll))
        for line in report.lines(workflows[-1]):
            print_line(line)
    if idle_cost:
        for line in report.idle_lines(idle_cost):
            print_line(line)
    kib_per_job = (database_mib() - mib_before) * 1024 / max(1, Job.objects.count() - jobs_before)
    print_line(f"stored for each job: {kib_per_job:.1f} KiB")
    parameters = {
        "runs": options.runs,
        "poll_seconds": options.poll,
        "rate": pace.rate,
        "burst_seconds": pace.burst_seconds,
    }
    return {"database": options.database, "parameters": parameters, "workflows": workflows, "idle": idle_cost,
            "kib_per_job": kib_per_job}  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
