"""Jobs of a team, newest first or as sorted. Counts of a filter cover its newest jobs."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull

from jobs.models import CostLine, Definition, Job, JobTag, Membership, Queue, QueueGrant, Team, User
from jobs.models.ids import from_text
from jobs.models.job_count import count_by_status
from jobs.models.pagination import KeysetPage, iterate, key_of, paginate
from jobs.pricing import exact_sum
from jobs.reports.job_search.pages import JobRow, StatusCounts, job_rows, status_counts_of
from jobs.reports.months import Month
from jobs.states import Delivery, State

PAGE_SIZE = 50
COUNT_LIMIT = 2_000
SEARCH_COUNT_LIMIT = 200
"""Where no index finds the jobs that match, so all jobs between them are read too."""
EXPORT_LIMIT = 100_000
CHUNK_SIZE = 1_000
MAX_SUGGESTIONS = 200

SORTS = {"cost": "usd_units", "run": "run_ms"}
"""Columns by name; a minus before the name sorts from the highest to the lowest."""

# What a row of the page shows.
_ROW_COLUMNS = (
    "public_id",
    "name",
    "delivery",
    "state",
    "array_size",
    "finished_attempts",
    "accepted_at",
    "started_at",
    "stopped_at",
    "submission_id",
    "queue__name",
    "revision__number",
    "revision__definition__name",
    "person__username",
    "person__first_name",
    "person__last_name",
)

# An index has the lowest and the highest key of a day at hand; for a whole month it would be read from end to end.
_CHARGED_RANGE = """
    WITH days (day) AS (VALUES {days})
    SELECT min((SELECT min(job_id) FROM jobs_costline WHERE team_id = %s AND jobs_costline.day = days.day)),
        max((SELECT max(job_id) FROM jobs_costline WHERE team_id = %s AND jobs_costline.day = days.day))
    FROM days
"""

_BATCH_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class JobFilter:
    """Empty fields don't filter. `month` is the month in which a job was charged."""

    statuses: tuple[str, ...] = ()
    queue: str = ""
    person: str = ""
    definition: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    untagged: tuple[str, ...] = ()
    text: str = ""
    since: date | None = None
    until: date | None = None
    month: Month | None = None


@dataclass(frozen=True)
class FilterSuggestions:
    queues: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)


def history_page(
    team: Team, filters: JobFilter, sort: str = "", *, before: str = "", after: str = "", rows: int = PAGE_SIZE
) -> KeysetPage[JobRow]:
    """Return the jobs that follow `before`, or precede `after`. Raise InvalidPageCursorError.

    `sort` is one of SORTS; empty is newest first.
    """
    jobs, order = sort_jobs(filter_jobs(team, filters), filters, sort)
    jobs = jobs.select_related("queue", "revision__definition", "person").only(*_ROW_COLUMNS)
    all_jobs, _ = sort_jobs(Job.objects.filter(team=team).annotate(tagged_job=F("pk")), filters, sort)
    page = paginate(
        jobs,
        *order,
        size=rows,
        cursor_of=lambda job: job.text_id,
        after=key_of(all_jobs, before, *order),
        before=None if before else key_of(all_jobs, after, *order),
    )
    return page.with_rows(list(job_rows(filters.month, page.rows)))


def sort_jobs(jobs: QuerySet[Job], filters: JobFilter, sort: str) -> tuple[QuerySet[Job], tuple[str, ...]]:
    """Return also the order. The cost is that of the filter's month, if it has one."""
    if not sort:
        # The dates bound the range of an index that has this order.
        if filters.since or filters.until:
            return jobs, ("-accepted_at", "-pk")
        # An index of the tags has the order of the jobs; the planner doesn't see it through the join.
        return jobs, ("-tagged_job",) if filters.tags else ("-pk",)
    sign, column = sort[: -len(name := sort.removeprefix("-"))], SORTS[name]
    if filters.month and name == "cost":
        lines = CostLine.objects.filter(job=OuterRef("pk"), day__range=(filters.month.first, filters.month.last))
        units = lines.order_by().values("job").annotate(units=exact_sum.units_of("usd")).values("units")
        jobs, column = jobs.annotate(month_units=Coalesce(Subquery(units), 0)), "month_units"
    return jobs, (f"{sign}{column}", f"{sign}pk")


def status_counts(team: Team, filters: JobFilter) -> StatusCounts:
    """Count over all statuses: all jobs if nothing else is filtered, otherwise the newest that match."""
    if replace(filters, statuses=()) == JobFilter():
        return status_counts_of(count_by_status(team), is_complete=True)
    matches, order = sort_jobs(filter_jobs(team, filters, any_status=True), filters, "")
    limit = SEARCH_COUNT_LIMIT if filters.text or filters.untagged else COUNT_LIMIT
    newest = list(matches.order_by(*order).values_list("delivery", "state")[: limit + 1])
    return status_counts_of(Counter(newest[:limit]), is_complete=len(newest) <= limit)


def export_rows(team: Team, filters: JobFilter, sort: str = "", limit: int = EXPORT_LIMIT) -> Iterator[JobRow]:
    """Yield in chunks that hold no lock and no cursor."""
    jobs, order = sort_jobs(filter_jobs(team, filters), filters, sort)
    jobs = jobs.select_related("queue", "revision__definition", "person")
    jobs = jobs.defer("document", "raw", "attempts", "array_summary", "revision__document")
    for chunk in iterate(jobs, *order, chunk_size=CHUNK_SIZE, limit=limit):
        yield from job_rows(filters.month, chunk)


def filter_suggestions(team: Team) -> FilterSuggestions:
    queues = QueueGrant.objects.filter(team=team).values_list(_kind_value("queue"), "queue__name")
    people = Membership.objects.filter(team=team).values_list(_kind_value("person"), "user__username")
    definitions = Definition.objects.order_by().usable_by(team).values_list(_kind_value("definition"), "name")
    names: dict[str, list[str]] = defaultdict(list)
    for kind, name in queues.union(people, definitions):
        names[kind].append(name)
    return FilterSuggestions(
        *(sorted(names[kind], key=str.lower)[:MAX_SUGGESTIONS] for kind in ("queue", "person", "definition"))
    )


def filter_jobs(team: Team, filters: JobFilter, *, any_status: bool = False) -> QuerySet[Job]:
    # Rows of tags have the job's team. With the team's index of jobs at hand, the planner would read all of the team.
    matches = _filter_by_keys(Job.objects.all() if filters.tags else Job.objects.filter(team=team), team, filters)
    if filters.statuses and not any_status:
        matches = matches.filter(_status_condition(filters.statuses))
    for key, value in filters.tags:
        # A job has one row a key, so the join duplicates nothing; the team makes the index usable.
        matches = matches.filter(tag_rows__team=team, tag_rows__key=key, tag_rows__value=value)
    if filters.tags:
        matches = matches.annotate(tagged_job=F("tag_rows__job"))
    for key in filters.untagged:
        matches = matches.filter(_has_no(JobTag.objects.filter(job=OuterRef("pk"), key=key)))
    if filters.text:
        matches = matches.filter(_text_condition(filters.text))
    if filters.since:
        matches = matches.filter(accepted_at__gte=datetime.combine(filters.since, time(), UTC))
    if filters.until:
        matches = matches.filter(accepted_at__lt=datetime.combine(filters.until + timedelta(days=1), time(), UTC))
    if filters.month:
        matches = _filter_by_month(matches, team, filters.month)
    return matches


def _filter_by_keys(matches: QuerySet[Job], team: Team, filters: JobFilter) -> QuerySet[Job]:
    """Filter by keys as values: then one index serves the filter and the order, which it doesn't across a join."""
    jobs = Job.objects.filter(team=team)
    if filters.queue:
        queues = Queue.objects.filter(Exists(jobs.filter(queue=OuterRef("pk"))), name=filters.queue)
        matches = matches.filter(queue__in=list(queues.values_list("pk", flat=True)))
    if filters.person:
        people = User.objects.filter(username=filters.person)
        matches = matches.filter(person__in=list(people.values_list("pk", flat=True)))
    if filters.definition:
        definitions = Definition.objects.filter(
            Exists(jobs.filter(definition=OuterRef("pk"))), name=filters.definition
        )
        matches = matches.filter(definition__in=list(definitions.order_by().values_list("pk", flat=True)))
    return matches


def _filter_by_month(matches: QuerySet[Job], team: Team, month: Month) -> QuerySet[Job]:
    first, last = _charged_range(team, month)
    lines = CostLine.objects.filter(job=OuterRef("pk"), day__range=(month.first, month.last))
    return matches.filter(~_has_no(lines), pk__gte=first, pk__lte=last)


def _charged_range(team: Team, month: Month) -> tuple[int, int]:
    """Return the keys of the first and the last job charged in the month, or an empty range."""
    days = [connection.ops.adapt_datefield_value(day) for day in month.days]
    with connection.cursor() as cursor:
        cursor.execute(_CHARGED_RANGE.format(days=", ".join(["(%s)"] * len(days))), [*days, team.pk, team.pk])
        first, last = cursor.fetchone()
    return (1, 0) if first is None else (first, last)


def _has_no(rows: QuerySet[Any]) -> Q:
    """Select jobs without such rows, job by job: an EXISTS is planned as a join, which reads the rows of all jobs."""
    return Q(IsNull(Subquery(rows.order_by().values("job")[:1]), True))  # noqa: FBT003 - the argument of the lookup


def _status_condition(names: Iterable[str]) -> Q:
    states = [name for name in names if name in State.__members__]
    deliveries = [name for name in names if name in Delivery.__members__]
    return Q(delivery=Delivery.SENT, state__in=states) | Q(delivery__in=deliveries)


def _text_condition(text: str) -> Q:
    parent, _, _ = text.partition(":")
    if _BATCH_ID.fullmatch(parent):
        return Q(batch_id=parent.lower())
    try:
        return Q(public_id=from_text(text))
    except ValueError:
        return Q(name__icontains=text) | Q(marker=text)


def _kind_value(name: str) -> Value:
    return Value(name, output_field=CharField())
