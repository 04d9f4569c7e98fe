"""`python -m bench.load`: mixed load on the portal."""

import argparse
import os
import random
import sys
import time
from typing import Any

from bench.environment import BenchEnvironment, bench_environment
from bench.results import add_json_option, machine, print_line, size_text, write_result

WARM_UP_RATE, WARM_UP_SECONDS, PAUSE_SECONDS = 5, 10, 10.0
WEB_PROCESSES = 2  # as docs/operations.md recommends


def main(arguments: list[str]) -> int:
    options = read(arguments)
    with bench_environment() as environment:
        environment.use_database(options.database)
        os.environ.update(environment.environment)
        result = measure(environment, options)
    name = f"load-{result['database']}-{size_text(result['jobs'])}"
    print_line(f"Result: {write_result(name, result, options.json)}")
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.load", description=__doc__)
    parser.add_argument("--database", default="sqlite",
                        help="sqlite or postgres for a new one, or the URL of one that is written to")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=10_000, help="number of jobs that a new database is filled with")
    parser.add_argument("--rates", type=float, nargs="+", default=[25, 40], help="requests a second")
    parser.add_argument("--seconds", type=float, default=60, help="seconds at each rate")
    add_json_option(parser)
    return parser.parse_args(arguments)


def measure(environment: BenchEnvironment, options: argparse.Namespace) -> dict[str, Any]:
    import django  # noqa: PLC0415 - it reads the surroundings

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from bench.load import mix, people, report  # noqa: PLC0415
    from bench.load.generator import send_all  # noqa: PLC0415
    from bench.scale.world import TEAMS, build_world  # noqa: PLC0415
    from jobs.models import Job  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    build_world(options.jobs)
    people.connect_accounts(environment.aws_url)
    rng = random.Random(1)
    signed_in = people.sign_in_people()
    contents = {slug: people.content_of(slug, rng) for slug in TEAMS}
    job_count = Job.objects.count()
    connection.close()
    environment.start_services("--any-job", "--queues", *people.queue_names())
    environment.start_portal(web_processes=WEB_PROCESSES)

    def run(rate: float, seconds: float) -> dict[str, Any]:
        requests = mix.plan(round(rate * seconds), signed_in, contents, rng)
        cpu, own_cpu = environment.cpu(), time.process_time()
        results = send_all(requests, environment.web_port, rate)
        spent = {name: after - cpu[name] for name, after in environment.cpu().items()}
        return report.figures(rate, seconds, results, spent | {"generator": time.process_time() - own_cpu})

    print_line(
        f"Load, {connection.vendor}, {job_count:,} jobs, {len(signed_in)} people; load average {machine()['load']}"
    )
    run(WARM_UP_RATE, WARM_UP_SECONDS)
    runs = []
    for rate in options.rates:
        runs.append(run(rate, options.seconds))
        for line in report.lines(runs[-1]):
            print_line(line)
        time.sleep(PAUSE_SECONDS)
    return {"database": connection.vendor, "jobs": job_count, "people": len(signed_in), "runs": runs}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
