"""Corrections of past costs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from jobs.actions import reprice
from jobs.models import AuditEntry, CostLine, CostTotal, Job, Rate
from jobs.models.cost_rebuild import months_with_costs, wrong_totals
from jobs.pricing import metering
from jobs.states import State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

START = datetime(2026, 11, 3, 9, tzinfo=UTC)
SIZE: dict[str, Any] = {"platform": "FARGATE", "vcpus": Decimal(1), "memory_mib": 1024}


@pytest.fixture
def job() -> Job:
    """An hour of 1 vCPU and 1 GiB on Fargate at five cents, after an attempt of six minutes that failed."""
    Rate.objects.all().delete()
    rate("vcpu", "0.04", date(2020, 1, 1))
    rate("memory", "0.01", date(2020, 1, 1))
    times = [(START, START + timedelta(minutes=6)), (START, START + timedelta(hours=1))]
    attempts = [{"started_at": start.isoformat(), "stopped_at": stop.isoformat()} for start, stop in times]
    row = make.job(state=State.SUCCEEDED, ended_at=now(), attempts=attempts, **SIZE)
    metering.charge(row)
    return row


def rate(resource: str, usd: str, since: date) -> None:
    Rate.objects.create(platform="FARGATE", resource=resource, usd_per_hour=Decimal(usd), valid_from=since)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("reprice", "--from", "2026-11-01", "--why", "The rate was wrong.", *arguments, stdout=out)
    return out.getvalue()


def amounts(job: Job) -> list[tuple[int, int | None, Decimal]]:
    return list(job.cost_lines.order_by("attempt").values_list("attempt", "correction", "usd"))


def test_a_correction_adds_the_difference_and_leaves_what_was_charged(job):
    rate("vcpu", "0.09", date(2026, 11, 2))
    charged = amounts(job)
    message = run()

    # 6 minutes and an hour at five cents more: half a cent and five cents
    corrections = [(1001, 1, Decimal("0.005")), (1002, 1, Decimal("0.05"))]
    assert amounts(job) == [*charged, *corrections]
    assert message.startswith("Added 2 corrections to 2 charged attempts, $+0.06 in total.")
    assert Job.objects.get().usd_units == sum(int(usd * 10**10) for _, _, usd in amounts(job)) == 1_100_000_000
    receipt = job.cost_lines.get(attempt=1002).receipt
    assert (receipt["why"], receipt["before_usd"]) == ("The rate was wrong.", "0.0500000000")
    assert "The rate was wrong." in AuditEntry.objects.get(team=job.team, noun="costs").after


def test_totals_are_those_of_all_lines_and_a_second_run_adds_nothing(job):
    rate("vcpu", "0.09", date(2026, 11, 2))
    run()
    lines = CostLine.objects.count()
    run()

    assert CostLine.objects.count() == lines
    assert CostTotal.objects.exists()
    assert not [line for month in months_with_costs(job.team_id) for line in wrong_totals(job.team_id, month)]


def test_a_second_correction_starts_from_the_first(job):
    for day, usd in ((2, "0.09"), (3, "0.04")):
        rate("vcpu", usd, date(2026, 11, day))
        run()

    assert amounts(job)[-2:] == [(2001, 2, Decimal("-0.005")), (2002, 2, Decimal("-0.05"))]
    assert Job.objects.get().usd_units == 550_000_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dry-run"], "Would add 2 corrections"),
        (["--to", "2026-11-02"], "Added 0 corrections"),
    ],
)
def test_nothing_changes_in_a_dry_run_and_on_other_days(job, arguments, message):
    rate("vcpu", "0.09", date(2026, 11, 2))
    before = amounts(job)

    assert message in run(*arguments)
    assert amounts(job) == before


def test_jobs_of_a_seeded_history_whose_keys_are_negative_are_corrected_too(job):
    make.job(job.submission, pk=-5, platform="FARGATE", vcpus=Decimal(1), memory_mib=1024)
    CostLine.objects.update(job=-5)
    rate("vcpu", "0.09", date(2026, 11, 2))

    assert run().startswith("Added 2 corrections to 2 charged attempts")


@pytest.mark.parametrize("limits", [(1, 1), (200, 1), (1, 2_000)])
def test_batches_miss_no_line_and_read_over_jobs_of_other_days(job, monkeypatch, limits):
    monkeypatch.setattr(reprice, "BATCH_SIZE", limits[0])
    monkeypatch.setattr(reprice, "LINES_READ", limits[1])
    for number in range(3):
        other = make.job(job.submission, pk=job.pk + 10 * number - 15, **SIZE)
        (line,) = CostLine.objects.filter(job=job, attempt=2)
        line.pk, line.job, line.day = None, other, line.day - timedelta(days=40 * (number % 2))
        line.save()
    rate("vcpu", "0.09", date(2026, 9, 1))

    assert run().startswith("Added 4 corrections to 4 charged attempts")
    assert run().startswith("Added 0 corrections to 4 charged attempts")


def test_what_has_no_rate_any_more_stays(job):
    before = amounts(job)
    Rate.objects.filter(resource="vcpu").delete()

    assert "2 attempts without a rate" in run()
    assert amounts(job) == before


def test_a_wrong_team_and_a_wrong_day_are_refused(job):
    with pytest.raises(CommandError, match="no team nobody"):
        run("--team", "nobody")
    with pytest.raises(CommandError, match="not a date"):
        run("--to", "yesterday")
