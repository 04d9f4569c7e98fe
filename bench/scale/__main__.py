"""`python -m bench.scale`: measures pages on a database with much history."""

import argparse
import importlib
import resource
import statistics
import sys
import time
from typing import Any

from bench.environment import bench_environment, set_up_django
from bench.results import add_json_option, percentile, print_line, size_text, write_result
from bench.scale.goals import MAX_P95_MS


def main(arguments: list[str]) -> int:
    options = read(arguments)
    with bench_environment() as environment:
        environment.use_database(options.database)
        set_up_django(environment)
        result = measure(options)
    if not options.only:
        name = f"pages-{result['database']}-{size_text(result['jobs'])}"
        print_line(f"Result: {write_result(name, result, options.json)}")
    return 0


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument(
        "--database", default="sqlite", help="sqlite or postgres for a new one, or a URL; filled if empty"
    )
    parser.add_argument("--jobs", type=int, default=10_000, help="number of jobs that it is filled with")
    parser.add_argument("--runs", type=int, default=20, help="number of requests for each page")
    parser.add_argument("--only", default="", help="only pages whose name contains this")
    add_json_option(parser)
    return parser.parse_args(arguments)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from bench.scale.addresses import addresses_by_person  # noqa: PLC0415
    from bench.scale.counters import database_mib  # noqa: PLC0415
    from bench.scale.world import build_world  # noqa: PLC0415
    from jobs.models import Job  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    importlib.import_module("portal.wsgi")  # what a worker of the web server loads, and how
    settings.ALLOWED_HOSTS = ["testserver"]  # a test environment would also copy the context of each template
    started_at = time.monotonic()
    world = build_world(options.jobs)
    seconds = time.monotonic() - started_at
    result = {"database": connection.vendor, "jobs": Job.objects.count(), "database_mib": database_mib()}
    if world.is_new:
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        result["seed"] = {"seconds": seconds, "peak_mib": peak_mib}
    unit = "steps" if connection.vendor == "sqlite" else "rows"
    print_line(f"Pages, {connection.vendor}, {result['jobs']:,} jobs, {result['database_mib']:,.0f} MiB")
    print_line(f"{'page':36} queries {unit:>10} {'p50 ms':>8} {'p95 ms':>8} {'CPU ms':>8}")
    pages = []
    for person, addresses in addresses_by_person(world).items():
        client = Client()
        client.force_login(person)
        for name, address in addresses.items():
            if options.only not in name:
                continue
            headers = {"authorization": f"Bearer {world.secret}"} if address.startswith("/api/") else {}
            page = {"name": name} | measure_page(client, address, headers, options.runs)
            pages.append(page)
            print_line(
                f"{name:36} {page['queries']:7} {page['work']:10,} {page['p50_ms']:8.1f} {page['p95_ms']:8.1f} "
                f"{page['cpu_ms']:8.1f}"
            )
    slow = [page["name"] for page in pages if page["p95_ms"] > MAX_P95_MS[connection.vendor]]
    print_line(
        f"p95 ≤ {MAX_P95_MS[connection.vendor]} ms: {len(pages) - len(slow)} of {len(pages)} pages"
        + (f"; MISSED by {', '.join(slow)}" if slow else "")
    )
    return result | {"runs": options.runs, "unit": unit, "pages": pages}


def measure_page(client: Any, address: str, headers: dict[str, str], runs: int) -> dict[str, Any]:
    from django.db import transaction  # noqa: PLC0415

    from bench.scale.counters import counted_work, cpu_seconds  # noqa: PLC0415

    with transaction.atomic(), counted_work() as work:
        client.get(address, headers=headers)
    cpu = cpu_seconds()
    times = [_milliseconds(client, address, headers) for _ in range(runs)]
    cpu = cpu_seconds() - cpu
    return {
        "queries": work.queries,
        "work": work.amount,
        "p50_ms": statistics.median(times),
        "p95_ms": percentile(times, 0.95),
        "cpu_ms": cpu / runs * 1000,
    }


def _milliseconds(client: Any, address: str, headers: dict[str, str]) -> float:
    started_at = time.perf_counter()
    answer = client.get(address, headers=headers)
    if answer.status_code not in (200, 302) or "/sign-in/" in answer.headers.get("Location", ""):
        raise RuntimeError(f"{address} answered {answer.status_code}.")
    return (time.perf_counter() - started_at) * 1000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
