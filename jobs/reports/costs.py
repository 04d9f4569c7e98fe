"""Estimated cost of a team's month (UTC)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable

from jobs.models import CostLine, Job, JobTag, Team, User
from jobs.models.pagination import iterate
from jobs.pricing import exact_sum
from jobs.reports.months import Month
from jobs.states import FINAL_STATES, Delivery, State

MAX_COLOURS = 7
"""The other values share a colour."""
MAX_ROWS = 100
CHUNK_SIZE = 1_000
EXPORT_LIMIT = 100_000

TAG = "tag"
_COLUMNS = {"queue": "queue__name", "definition": "definition__name", "person": "person__username"}


@dataclass(frozen=True)
class Grouping:
    kind: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind

    @classmethod
    def parse(cls, text: str) -> "Grouping | None":
        kind, _, key = text.partition(":")
        if kind == TAG and key:
            return cls(TAG, key[:128])
        return cls(text) if text in _COLUMNS else None

    @property
    def name(self) -> str:
        return self.key or self.kind.capitalize()

    @property
    def expression(self) -> Combinable:
        if self.kind != TAG:
            return F(_COLUMNS[self.kind])
        return Subquery(JobTag.objects.filter(job=OuterRef("job"), key=self.key).values("value")[:1])


@dataclass(frozen=True)
class CostRow:
    """`value` is None for untagged; combined values are not `is_searchable`."""

    value: str | None
    label: str
    usd: Decimal
    failed_usd: Decimal
    before_usd: Decimal
    jobs: int
    share: Decimal = Decimal(0)
    colour: str = ""
    is_searchable: bool = True

    @property
    def change(self) -> Decimal | None:
        return (self.usd - self.before_usd) / self.before_usd * 100 if self.before_usd else None


@dataclass(frozen=True)
class CostSeries:
    label: str
    colour: str
    days: list[Decimal]


@dataclass(frozen=True)
class CostReport:
    """`rows` are most expensive first, untagged last; `free_count` counts lines without cost."""

    month: Month
    by: Grouping
    rows: list[CostRow]
    series: list[CostSeries]
    total: CostRow
    attempts: int
    free_count: int

    @property
    def visible_rows(self) -> list[CostRow]:
        valued_rows = [row for row in self.rows if row.value is not None]
        untagged_rows = [row for row in self.rows if row.value is None]
        if len(valued_rows) <= MAX_ROWS:
            return valued_rows + untagged_rows
        smaller_rows = valued_rows[MAX_ROWS:]
        rest_row = CostRow(
            value="",
            label=f"{len(smaller_rows)} other values",
            usd=_total(row.usd for row in smaller_rows),
            failed_usd=_total(row.failed_usd for row in smaller_rows),
            before_usd=_total(row.before_usd for row in smaller_rows),
            jobs=sum(row.jobs for row in smaller_rows),
            share=_total(row.share for row in smaller_rows),
            colour="others",
            is_searchable=False,
        )
        return [*valued_rows[:MAX_ROWS], rest_row, *untagged_rows]


def cost_report(team: Team, month: Month, grouping: Grouping) -> CostReport:
    now_rows = list(
        _month_lines(team, month)
        .annotate(value=grouping.expression)
        .order_by()
        .values("value")
        .annotate(
            units=exact_sum.units_of("usd"),
            failed=exact_sum.units_of("usd", only=Q(succeeded=False)),
            jobs=Count("job", distinct=True),
            attempts=Sum("runs"),
            free=Count("pk", filter=Q(usd=0)),
        )
    )
    before = _usd_by_value(_month_lines(team, month.previous), grouping)
    rows = _rows(now_rows, before, grouping)
    total = CostRow(
        value="",
        label="Total",
        usd=_total(row.usd for row in rows),
        failed_usd=_total(row.failed_usd for row in rows),
        before_usd=_total(row.before_usd for row in rows),
        jobs=sum(row.jobs for row in rows),
    )
    rows = _assign_colours(rows, total.usd)
    return CostReport(
        month=month,
        by=grouping,
        rows=rows,
        series=_series(team, month, grouping, rows),
        total=total,
        attempts=sum(row["attempts"] or 0 for row in now_rows),
        free_count=sum(row["free"] for row in now_rows),
    )


def tag_keys(team: Team, month: Month) -> list[str]:
    charged = JobTag.objects.filter(job__in=_month_lines(team, month).order_by().values("job"))
    keys = charged.order_by().values_list("key").annotate(number=Count("pk"))  # a job has one row a key
    return [key for key, _ in sorted(keys, key=lambda pair: (-pair[1], pair[0].lower()))]


def has_uncharged_jobs(team: Team) -> bool:
    uncharged = Job.objects.filter(team=team, charged_at=None)
    return uncharged.filter(delivery=Delivery.SENT, state__in=FINAL_STATES).exists()


def export_cost_lines(
    team: Team, month: Month, limit: int = EXPORT_LIMIT
) -> Iterator[tuple[CostLine, dict[str, str]]]:
    lines = (
        _month_lines(team, month)
        .select_related("job", "account", "queue", "definition", "person")
        .defer("job__document", "job__raw", "job__attempts")
    )
    for chunk in iterate(lines, "pk", chunk_size=CHUNK_SIZE, limit=limit):
        tags: dict[int, dict[str, str]] = defaultdict(dict)
        rows = JobTag.objects.filter(job__in=[line.job_id for line in chunk]).order_by("key")
        for pk, key, value in rows.values_list("job", "key", "value"):
            tags[pk][key] = value
        for line in chunk:
            yield line, tags[line.job_id]


def receipt_lines(job: Job) -> list[CostLine]:
    return list(job.cost_lines.order_by("attempt"))


def why_no_cost(job: Job) -> str:
    if job.delivery != Delivery.SENT and job.status.is_final:
        return "The job was never sent to AWS, so it cost nothing."
    if not job.status.is_final:
        return "The job hasn't ended. Its cost is computed when it ends."
    if job.charged_at is None:
        return "The job has just ended. Its cost is available in a few seconds."
    if job.state == State.LOST:
        return "AWS no longer has the job, so its run time is unknown and it isn't charged."
    return "The job never started, so it cost nothing."


def _month_lines(team: Team, month: Month) -> QuerySet[CostLine]:
    return CostLine.objects.filter(team=team, day__range=(month.first, month.last))


def _usd_by_value(lines: QuerySet[CostLine], grouping: Grouping) -> dict[str | None, Decimal]:
    grouped = (
        lines.annotate(value=grouping.expression)
        .order_by()
        .values_list("value")
        .annotate(units=exact_sum.units_of("usd"))
    )
    return {value: exact_sum.usd(units) for value, units in grouped}


def _rows(sums_by_value: Sequence[Any], before: dict[str | None, Decimal], grouping: Grouping) -> list[CostRow]:
    rows_by_value = {row["value"]: row for row in sums_by_value}
    values = {*rows_by_value, *before} | ({None} if grouping.kind == TAG else set())
    names = _display_names(grouping, values)
    rows = [
        CostRow(
            value=value,
            label="Untagged" if value is None else names.get(value, value) or "(empty)",
            usd=exact_sum.usd(rows_by_value[value]["units"]) if value in rows_by_value else Decimal(0),
            failed_usd=exact_sum.usd(rows_by_value[value]["failed"]) if value in rows_by_value else Decimal(0),
            before_usd=before.get(value, Decimal(0)),
            jobs=rows_by_value[value]["jobs"] if value in rows_by_value else 0,
        )
        for value in values
    ]
    return sorted(rows, key=lambda row: (row.value is None, -row.usd, -row.before_usd, row.label))


def _display_names(grouping: Grouping, values: Iterable[str | None]) -> dict[str, str]:
    if grouping.kind != "person":
        return {}
    people = User.objects.filter(username__in=[value for value in values if value])
    return {person.username: person.display_name for person in people}


def _assign_colours(rows: list[CostRow], total: Decimal) -> list[CostRow]:
    colour_numbers = iter(range(1, MAX_COLOURS + 1))
    return [
        replace(
            row,
            share=row.usd / total * 100 if total else Decimal(0),
            colour="untagged"
            if row.value is None
            else (str(number) if row.usd and (number := next(colour_numbers, None)) else "others"),
        )
        for row in rows
    ]


def _series(team: Team, month: Month, grouping: Grouping, rows: list[CostRow]) -> list[CostSeries]:
    colours = {row.value: row.colour for row in rows}
    labels = {row.colour: row.label for row in rows} | {"others": "Others", "untagged": "Untagged"}
    days: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    grouped = _month_lines(team, month).annotate(value=grouping.expression).order_by().values_list("day", "value")
    for day, value, units in grouped.annotate(units=exact_sum.units_of("usd")):
        days[colours[value]][day] += exact_sum.usd(units)
    order = [*map(str, range(1, MAX_COLOURS + 1)), "others", "untagged"]
    present = [colour for colour in order if colour in days]
    return [CostSeries(labels[colour], colour, [days[colour][day] for day in month.days]) for colour in present]


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
