"""A person's usage of the UTC day, as it counts against approval thresholds.

A job counts with its upper bound until it is charged.
"""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection

from jobs.models import Team, User
from jobs.models.cost_total import UNITS_PER_USD
from jobs.policy.approval import DailyUsage
from jobs.pricing import exact_sum
from jobs.states import Delivery, State

# Ten-thousandths, the precision of the bounds in the jobs table. As integers, thousands of absurd bounds would
# overflow SQLite; floats are exact up to the largest threshold.
UNITS_PER_WHOLE = 10**4
COUNTED_DELIVERIES = (Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD, Delivery.SENT)

# Raw SQL: every keystroke in a form runs it, and Django builds it longer than the database runs it. A union of two
# index lookups: for an OR, SQLite scans every job of the team. An approval covers only the first run of its
# submission, or one rerun.
_SQL = """
SELECT
    SUM(CASE WHEN at_bound = 1 THEN CAST(ROUND(at_most_usd * %(units_per_whole)s) AS double precision) END),
    SUM(CASE WHEN at_bound = 1 THEN CAST(ROUND(at_most_vcpu_hours * %(units_per_whole)s) AS double precision) END),
    COUNT(CASE WHEN at_bound = 1 AND at_most_usd IS NULL THEN 1 END),
    COUNT(CASE WHEN at_bound = 1 AND at_most_vcpu_hours IS NULL THEN 1 END),
    SUM(CASE WHEN at_bound = 0 THEN spent_units END),
    SUM(CASE WHEN at_bound = 0 THEN vcpus * billed_seconds END),
    SUM(CASE WHEN ended_at IS NULL THEN CAST(gpus AS bigint) * COALESCE(array_size, 1) END),
    SUM(array_size)
FROM (
    SELECT job.at_most_usd, job.at_most_vcpu_hours, job.ended_at, job.vcpus, job.gpus, job.array_size,
        CASE
            WHEN job.ended_at IS NULL OR job.state = %(lost)s THEN 1
            WHEN job.charged_at IS NULL AND job.delivery = %(sent)s THEN 1
            ELSE 0
        END AS at_bound,
        (
            SELECT SUM(CAST(ROUND(line.usd * %(units_per_usd)s) AS bigint))
            FROM jobs_costline line
            WHERE line.job_id = job.id
        ) AS spent_units,
        (SELECT SUM(line.billed_seconds) FROM jobs_costline line WHERE line.job_id = job.id) AS billed_seconds
    FROM jobs_job job
    JOIN jobs_submission submission ON submission.id = job.submission_id
    WHERE job.id IN (
            SELECT id FROM jobs_job WHERE team_id = %(team)s AND ended_at IS NULL
            UNION ALL
            SELECT id FROM jobs_job WHERE team_id = %(team)s AND ended_at >= %(midnight)s
        )
        AND submission.person_id = %(person)s
        AND job.delivery IN (%(accepted)s, %(sending)s, %(held)s, %(sent)s)
        AND NOT EXISTS (
            SELECT 1 FROM jobs_approval approval
            WHERE approval.submission_id = submission.id
                AND (approval.rerun_id = job.rerun_id OR approval.rerun_id IS NULL AND job.repeats_id IS NULL)
        )
) counted
"""


def daily_usage(person: User, team: Team, now: datetime) -> DailyUsage:
    """Lock the team row first. One statement counts a job that ends meanwhile once."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    params = {
        "team": team.pk,
        "person": person.pk,
        "midnight": connection.ops.adapt_datetimefield_value(midnight),
        "lost": State.LOST,
        **{delivery.name.lower(): delivery for delivery in COUNTED_DELIVERIES},
        "units_per_whole": UNITS_PER_WHOLE,
        "units_per_usd": UNITS_PER_USD,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SQL, params)
        usd, hours, unknown_usd, unknown_hours, cost_units, vcpu_seconds, gpus, array_jobs = cursor.fetchone()
    return DailyUsage(
        usd=_from_units(usd) + exact_sum.usd(cost_units or 0),
        vcpu_hours=_from_units(hours) + Decimal(f"{vcpu_seconds or 0:.7f}") / 3600,
        unknown_usd=unknown_usd,
        unknown_vcpu_hours=unknown_hours,
        gpus=int(gpus or 0),
        array_jobs=int(array_jobs or 0),
    )


def _from_units(units: float | None) -> Decimal:
    return Decimal(int(units or 0)) / UNITS_PER_WHOLE
