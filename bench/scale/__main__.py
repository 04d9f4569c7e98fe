"""`python -m bench.scale`: measures pages on a database with much history."""

import argparse
import os
import statistics
import sys
import time
import warnings
from typing import Any


def main(arguments: list[str]) -> int:
    options = read(arguments)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="portal.settings",
        PORTAL_MODE="quickstart",
        DATABASE_URL=options.database,
        STATICFILES_STORAGE="django.contrib.staticfiles.storage.StaticFilesStorage",
        LOG_LEVEL="ERROR",
    )
    warnings.filterwarnings("ignore", message="No directory at")
    import django  # noqa: PLC0415 - it reads the surroundings

    django.setup()
    measure(options)
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--database", required=True, help="URL of the database; filled if it is empty")
    parser.add_argument("--jobs", type=int, default=10_000, help="number of jobs that it is filled with")
    parser.add_argument("--runs", type=int, default=5, help="number of requests for each page")
    parser.add_argument("--only", default="", help="only pages whose name contains this")
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace) -> None:
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection, transaction  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import setup_test_environment  # noqa: PLC0415

    from bench.scale.addresses import addresses  # noqa: PLC0415
    from bench.scale.counters import counted_work  # noqa: PLC0415
    from bench.scale.world import build_world  # noqa: PLC0415

    setup_test_environment()
    call_command("migrate", verbosity=0)
    world = build_world(options.jobs)
    client = Client()
    client.force_login(world.lead)
    unit = "steps" if connection.vendor == "sqlite" else "rows"
    print_line(f"{'page':36} queries {unit:>10} {'p50 ms':>8} {'max ms':>8}")
    for name, address in addresses(world).items():
        if options.only not in name:
            continue
        headers = {"authorization": f"Bearer {world.secret}"} if address.startswith("/api/") else {}
        with transaction.atomic(), counted_work() as work:
            client.get(address, headers=headers)
        times = sorted(_milliseconds(client, address, headers) for _ in range(options.runs))
        print_line(f"{name:36} {work.queries:7} {work.amount:10,} {statistics.median(times):8.1f} {times[-1]:8.1f}")


def _milliseconds(client: Any, address: str, headers: dict[str, str]) -> float:
    started_at = time.perf_counter()
    answer = client.get(address, headers=headers)
    if answer.status_code not in (200, 302):
        raise RuntimeError(f"{address} answered {answer.status_code}.")
    return (time.perf_counter() - started_at) * 1000


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
