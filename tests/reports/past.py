"""Jobs of the past for tests of reports: ended, tagged and charged at a nickel an hour."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from jobs.models import CostLine, Job, JobTag, Rate, Submission
from jobs.pricing import exact_sum, metering
from jobs.states import State
from tests import make

RATES = (("vcpu", "0.04"), ("memory", "0.01"))


def rates() -> None:
    """The table of rates: whole cents, so that sums are done in the head."""
    Rate.objects.all().delete()
    for resource, usd in RATES:
        Rate.objects.create(
            platform="EC2",
            resource=resource,
            usd_per_hour=Decimal(usd),
            valid_from=date(2020, 1, 1),
            source="a test",
        )


def attempt(stopped: datetime, hours: float) -> dict[str, Any]:
    return {
        "started_at": (stopped - timedelta(hours=hours)).isoformat(),
        "stopped_at": stopped.isoformat(),
        "exit_code": 0,
        "reason": "",
        "status_reason": "",
        "log_stream": "",
    }


def job(
    of: Submission,
    day: str,
    *hours: float,
    tags: dict[str, str] | None = None,
    state: str = State.SUCCEEDED,
    **more: Any,
) -> Job:
    """A job of 1 vCPU and 1 GiB that ended that day after attempts of so many hours, charged."""
    noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
    made = make.job(
        of,
        state=state,
        ended_at=noon,
        vcpus=Decimal(1),
        memory_mib=1024,
        attempts=[attempt(noon, each) for each in hours],
        **more,
    )
    Job.objects.filter(pk=made.pk).update(accepted_at=noon - timedelta(hours=sum(hours)))
    JobTag.objects.bulk_create(JobTag(job=made, team=made.team, key=k, value=v) for k, v in (tags or {}).items())
    metering.charge(made)
    made.refresh_from_db()
    return made


def total_usd(**where: Any) -> Decimal:
    """What the lines add up to, one by one."""
    units = [line.usd for line in CostLine.objects.filter(**where)]
    total = sum(units, Decimal(0))
    assert total == exact_sum.usd(
        CostLine.objects.filter(**where).aggregate(units=exact_sum.units_of("usd"))["units"]
    )
    return total
