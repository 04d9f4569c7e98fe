"""A person's usage of the UTC day, as it counts against approval thresholds.

A job counts with its upper bound until it is charged.
"""

from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import (
    BigIntegerField,
    Count,
    DecimalField,
    F,
    FloatField,
    OuterRef,
    Q,
    Subquery,
    Sum,
)
from django.db.models.functions import Cast, Coalesce, Round

from jobs.models import CostLine, Job, Team, User
from jobs.policy.approval import DailyUsage
from jobs.pricing import exact_sum
from jobs.states import Delivery, State

# Ten-thousandths, the precision of the bounds in the jobs table. As integers, thousands of absurd bounds would
# overflow SQLite; floats are exact up to the largest threshold.
UNITS_PER_WHOLE = 10**4
SECONDS_FIELD = DecimalField(max_digits=30, decimal_places=7)
COUNTED_DELIVERIES = (Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD, Delivery.SENT)


def daily_usage(person: User, team: Team, now: datetime) -> DailyUsage:
    """Lock the team row first. One statement counts a job that ends meanwhile once."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    not_ended = Q(ended_at=None)
    # A union of two index lookups: for an OR, SQLite scans every job of the team.
    team_jobs = Job.objects.filter(team=team).order_by().values("pk")
    counts_at_bound = not_ended | Q(state=State.LOST) | Q(charged_at=None, delivery=Delivery.SENT)
    runs = Coalesce(F("array_size"), 1)
    lines = CostLine.objects.filter(job=OuterRef("pk")).order_by().values("job")
    job_units = Subquery(lines.annotate(sum=exact_sum.units_of("usd")).values("sum"), output_field=BigIntegerField())
    seconds = Subquery(lines.annotate(sum=Sum("billed_seconds")).values("sum"), output_field=SECONDS_FIELD)
    totals = (
        Job.objects.filter(
            # An approval covers the first run of its submission only.
            Q(submission__approval=None) | Q(repeats__isnull=False),
            pk__in=team_jobs.filter(not_ended).union(team_jobs.filter(ended_at__gte=midnight), all=True),
            submission__person=person,
            delivery__in=COUNTED_DELIVERIES,
        )
        .order_by()
        .annotate(spent_on_job=job_units, seconds_of_job=seconds)
        .aggregate(
            open_usd=_sum_units("at_most_usd", only=counts_at_bound),
            open_hours=_sum_units("at_most_vcpu_hours", only=counts_at_bound),
            unknown_usd=Count("pk", filter=counts_at_bound & Q(at_most_usd=None)),
            unknown_hours=Count("pk", filter=counts_at_bound & Q(at_most_vcpu_hours=None)),
            spent=Sum("spent_on_job", filter=~counts_at_bound),
            vcpu_seconds=Sum(F("vcpus") * F("seconds_of_job"), filter=~counts_at_bound, output_field=SECONDS_FIELD),
            gpus=Sum(F("gpus") * runs, filter=not_ended, output_field=BigIntegerField()),
            array_jobs=Sum("array_size"),
        )
    )
    return DailyUsage(
        usd=_from_units(totals["open_usd"]) + exact_sum.usd(totals["spent"] or 0),
        vcpu_hours=_from_units(totals["open_hours"]) + Decimal(totals["vcpu_seconds"] or 0) / 3600,
        unknown_usd=totals["unknown_usd"],
        unknown_vcpu_hours=totals["unknown_hours"],
        gpus=int(totals["gpus"] or 0),
        array_jobs=int(totals["array_jobs"] or 0),
    )


def _sum_units(field: str, *, only: Q) -> Sum:
    return Sum(Cast(Round(F(field) * UNITS_PER_WHOLE), FloatField()), filter=only, output_field=FloatField())


def _from_units(units: float | None) -> Decimal:
    return Decimal(int(units or 0)) / UNITS_PER_WHOLE
