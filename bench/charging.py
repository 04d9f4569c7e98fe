"""`python -m bench.charging`: processor time of charging ended jobs, and of keeping totals in it.

Jobs of a team that ended within the last hours are charged as the task of the workers takes them: 1,000 single ones,
and arrays of 100 whose children AWS describes.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from statistics import median
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from bench.environment import bench_environment, set_up_django
from bench.results import add_json_option, print_line, write_result

if TYPE_CHECKING:
    from jobs.models import Job, Team

SINGLE_JOBS, ARRAYS, ARRAY_SIZE = 1_000, 100, 100
HISTORY_JOBS = 4 * (SINGLE_JOBS + ARRAYS)
TURNS = 3
MAX_TOTALS_MS = 1.0
TITLES = {"single": "single jobs", "array": f"arrays of {ARRAY_SIZE}"}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.charging", description=__doc__.partition("\n")[0])
    parser.add_argument("--database", default="sqlite", help="sqlite or postgres for a new one")
    add_json_option(parser)
    options = parser.parse_args(arguments)
    with bench_environment() as environment:
        environment.use_database(options.database)
        set_up_django(environment)
        result = measure()
    name = f"charging-{result['database']}"
    print_line(f"Result: {write_result(name, result, options.json)}")
    return 0


def measure() -> dict[str, Any]:
    """Return milliseconds of processor time for each ended job, with that of the connection to PostgreSQL."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from bench.scale.world import build_world  # noqa: PLC0415
    from jobs.models import Job  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    team = build_world(HISTORY_JOBS, active_jobs=0, small_teams=0).team
    newest = list(Job.objects.filter(team=team, delivery="SENT").exclude(attempts=[]).order_by("-pk"))
    singles, arrays = newest[:SINGLE_JOBS], newest[SINGLE_JOBS : SINGLE_JOBS + ARRAYS]
    figures: dict[str, dict[str, float]] = {}
    for kind, jobs, size in (("single", singles, None), ("array", arrays, ARRAY_SIZE)):
        turns = [_charge(team, jobs, size) for _ in range(TURNS)]
        figures[kind] = {name: median(turn[name] for turn in turns) for name in turns[0]} | {"jobs": len(jobs)}
        print_line(line(connection.vendor, kind, figures[kind]))
    call_command("rebuild_costs", check=True, stdout=StringIO())
    call_command("rebuild_job_counts", check=True, stdout=StringIO())
    return {"database": connection.vendor, "turns": TURNS, "kinds": figures}


def goal(figures: Mapping[str, float]) -> str:
    return f"≤ {MAX_TOTALS_MS:g} ms: {'met' if figures['totals_ms'] <= MAX_TOTALS_MS else 'MISSED'}"


def line(database: str, kind: str, figures: Mapping[str, float]) -> str:
    return (
        f"{figures['jobs']:,.0f} {TITLES[kind]}, {database}: charging {figures['charging_ms']:.2f} ms of CPU a job, "
        f"of it totals {figures['totals_ms']:.2f} ms  [{goal(figures)}]"
    )


def _charge(team: "Team", jobs: "list[Job]", size: int | None) -> dict[str, float]:
    from bench.scale.counters import cpu_seconds  # noqa: PLC0415
    from jobs.models import Job  # noqa: PLC0415
    from jobs.pricing import metering  # noqa: PLC0415

    _end_now(jobs, size)
    account = jobs[0].account
    with _timed_totals() as totals, _described_children():
        before = cpu_seconds()
        while Job.objects.filter(team=team).uncharged().exists():
            metering.charge_due(account)
        seconds = cpu_seconds() - before
    return {"charging_ms": seconds / len(jobs) * 1000, "totals_ms": sum(totals) / len(jobs) * 1000}


def _end_now(jobs: "list[Job]", size: int | None) -> None:
    """Make them uncharged jobs that ended within the last hours, half an hour after their start."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.utils.timezone import now  # noqa: PLC0415

    from jobs.models import CostLine, Job, JobFailure, JobTask  # noqa: PLC0415

    for number, job in enumerate(jobs):
        end = now() - timedelta(seconds=10 * number)
        start = end - timedelta(minutes=30)
        job.array_size, job.charged_at, job.ended_at = size, None, end
        job.started_at, job.stopped_at = (None, None) if size else (start, end)
        job.attempts = [{**job.attempts[-1], "started_at": start.isoformat(), "stopped_at": end.isoformat()}]
    keys = [job.pk for job in jobs]
    CostLine.objects.filter(job__in=keys).delete()
    JobTask.objects.filter(job__in=keys).delete()
    JobFailure.objects.filter(job__in=keys).delete()
    names = ["array_size", "charged_at", "ended_at", "started_at", "stopped_at", "attempts"]
    Job.objects.bulk_update(jobs, names, batch_size=50)
    call_command("rebuild_costs", stdout=StringIO())
    call_command("rebuild_job_counts", stdout=StringIO())


@contextmanager
def _timed_totals() -> Iterator[list[float]]:
    """Yield the processor seconds of each call that keeps totals."""
    from bench.scale.counters import cpu_seconds  # noqa: PLC0415
    from jobs.models.cost_total import add_costs  # noqa: PLC0415
    from jobs.models.job_count import add_charged_jobs  # noqa: PLC0415
    from jobs.pricing import metering  # noqa: PLC0415

    seconds: list[float] = []

    def timed(call: Callable[..., None]) -> Callable[..., None]:
        def run(*given: Any) -> None:
            before = cpu_seconds()
            call(*given)
            seconds.append(cpu_seconds() - before)

        return run

    with (
        patch.object(metering, "add_costs", timed(add_costs)),
        patch.object(metering, "add_charged_jobs", timed(add_charged_jobs)),
    ):
        yield seconds


@contextmanager
def _described_children() -> Iterator[None]:
    """Answer for AWS: each child ran once, as long as its array, and one in ten failed."""
    from jobs.aws.batch import Observation  # noqa: PLC0415
    from jobs.pricing import metering  # noqa: PLC0415

    def children(job: "Job", size: int) -> list[Observation]:
        (attempt,) = job.attempts
        start, end = (datetime.fromisoformat(attempt[name]) for name in ("started_at", "stopped_at"))
        return [
            Observation(
                f"{job.batch_id}:{index}",
                "SUCCEEDED" if index % 10 else "FAILED",
                task_arn=f"arn:aws:ecs:us-west-2:123456789012:task/bench/{job.batch_id}-{index}",
                started_at=start,
                stopped_at=end,
            )
            for index in range(size)
        ]

    with patch.object(metering, "_describe_children", children):
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
