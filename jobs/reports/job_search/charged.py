"""Jobs by their cost lines: their days and instance types."""

from typing import Any

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from jobs.models import CostLine
from jobs.pricing import exact_sum
from jobs.reports.periods import Period

# An index has the lowest and the highest key of a day at hand; for many days it would be read from end to end.
_CHARGED_RANGE = """
    WITH days (day) AS (VALUES {days}), teams (team) AS (VALUES {teams})
    SELECT
        min((SELECT min(job_id) FROM jobs_costline WHERE team_id = teams.team AND jobs_costline.day = days.day)),
        max((SELECT max(job_id) FROM jobs_costline WHERE team_id = teams.team AND jobs_costline.day = days.day))
    FROM days, teams
"""


def has_line(lines: Q) -> Q:
    """Select jobs with a cost line that meets the condition."""
    return ~has_no(_lines_of_job(lines))


def charged_range(period: Period, teams: tuple[int, ...]) -> Q:
    """Select the keys between the first and the last job of these teams that is charged in the period."""
    first, last = _charged_range(period, teams)
    return Q(pk__gte=first, pk__lte=last)


def line_units(lines: Q) -> Coalesce:
    """Return the sum of a job's cost lines that meet the condition, in units of `exact_sum`."""
    sums = _lines_of_job(lines).order_by().values("job").annotate(units=exact_sum.units_of("usd"))
    return Coalesce(Subquery(sums.values("units")), 0)


def has_no(rows: QuerySet[Any]) -> Q:
    """Select jobs without such rows, job by job: an EXISTS is planned as a join, which reads the rows of all jobs."""
    return Q(IsNull(Subquery(rows.order_by().values("job")[:1]), True))  # noqa: FBT003 - the argument of the lookup


def _lines_of_job(lines: Q) -> QuerySet[CostLine]:
    return CostLine.objects.filter(lines, job=OuterRef("pk"))


def _charged_range(period: Period, teams: tuple[int, ...]) -> tuple[int, int]:
    """Return the keys of the first and the last job charged in the period, or an empty range."""
    if not teams:
        return (1, 0)
    days = [connection.ops.adapt_datefield_value(day) for day in period.days]
    marks = {"days": ", ".join(["(%s)"] * len(days)), "teams": ", ".join(["(%s)"] * len(teams))}
    with connection.cursor() as cursor:
        cursor.execute(_CHARGED_RANGE.format(**marks), [*days, *teams])
        first, last = cursor.fetchone()
    return (1, 0) if first is None else (first, last)
