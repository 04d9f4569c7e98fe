"""Pages, counts and rows of a search."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from django.db import connection
from django.db.models import BigIntegerField, F, Q, QuerySet
from django.utils.timezone import now

from jobs.models import CostLine, Job, JobTag
from jobs.models.job_count import StatusKey, count_teams_by_status
from jobs.models.job_text import JobText
from jobs.models.pagination import Key, KeysetPage, iterate, key_of, paginate
from jobs.pricing import exact_sum
from jobs.reports.job_search.charged import line_units
from jobs.reports.job_search.conditions import Conditions, conditions_of
from jobs.reports.job_search.scope import Scope
from jobs.reports.job_search.walk import last_key
from jobs.reports.submissions import add_summaries_of_failures
from jobs.search import Search
from jobs.spec.redaction import redact_value
from jobs.states import STATUSES, Status, status_of

PAGE_SIZE = 50
COUNT_LIMIT = 2_000
SEARCH_COUNT_LIMIT = 100
"""Where all jobs between those that match are read too."""
WALK_LIMIT = 20_000
"""So many jobs PostgreSQL reads in their order for the words of a search, before it looks up the words."""
WIDE_WALK = 10
"""So many times more jobs are tried where also columns must match: without that, all jobs with the words are read."""
TEXTS_OF_WIDE = 10
"""So many times more texts than jobs are read where the jobs of other teams are among them."""
EXPORT_LIMIT = 100_000
CHUNK_SIZE = 1_000

SORTS: Mapping[str, str] = {"cost": "usd_units", "run": "run_ms", "time": "pk", "wait": "wait_ms"}
"""Columns by name; a minus before the name sorts from the highest to the lowest."""

_RELATED = ("submission", "team", "queue", "revision__definition", "person")
# What a row of the page shows.
_ROW_COLUMNS = (
    "public_id",
    "name",
    "delivery",
    "state",
    "array_size",
    "array_summary",
    "finished_attempts",
    "exit_code",
    "batch_id",
    "vcpus",
    "memory_mib",
    "gpus",
    "delivery_note",
    "status_reason",
    "container_reason",
    "stop_requested_at",
    "accepted_at",
    "started_at",
    "stopped_at",
    "submission__public_id",
    "submission__name",
    "submission__kind",
    "team__slug",
    "team__name",
    "queue__name",
    "revision__number",
    "revision__definition__name",
    "person__username",
    "person__first_name",
    "person__last_name",
)
# What an export has no column for, and is large.
_UNREAD = (
    "document",
    "raw",
    "attempts",
    "array_summary",
    "revision__document",
    "submission__text",
    "submission__document",
    "submission__notes",
    "queue__raw",
    "queue__environments",
    "queue__scheduling_policy",
)


@dataclass(frozen=True)
class JobRow:
    """`usd` is None without a cost; of a search by days of costs, it is that of these days, and instance types."""

    job: Job
    usd: Decimal | None
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class StatusCounts:
    by_status: list[tuple[Status, int]]
    total: int
    is_complete: bool


def search_page(
    scope: Scope, search: Search, *, sort: str = "", before: str = "", after: str = "", rows: int = PAGE_SIZE
) -> KeysetPage[JobRow]:
    """Return the jobs that follow `before`, or precede `after`. Raise InvalidPageCursorError.

    A page may have few rows or none although there is a next one: no more than walk.READ_LIMIT jobs are read.
    `sort` is one of SORTS; empty is newest first.
    """
    conditions = conditions_of(scope, search, now())
    jobs, order = _sorted(_filtered(scope, conditions, sort), conditions, sort)
    jobs = jobs.select_related(*_RELATED).only(*_ROW_COLUMNS)
    all_jobs, _ = _sorted(Job.objects.filter(scope.condition).annotate(found_job=F("pk")), conditions, sort)
    after_key = key_of(all_jobs, before, *order)
    before_key = None if before else key_of(all_jobs, after, *order)
    end = None if before_key else _walk_end(scope, conditions, order, after_key)
    if end is not None:
        jobs = jobs.filter(_until(order, end))
    page = paginate(
        _next_by_words(scope, conditions, jobs, order, rows + 1, after=after_key, before=before_key),
        *order,
        size=rows,
        cursor_of=lambda job: job.text_id,
        after=after_key,
        before=before_key,
        all_rows=(
            all_jobs.select_related(*_RELATED).only(*_ROW_COLUMNS)
            if _reads_keys_first(scope, conditions, order)
            else None
        ),
    )
    if end is not None and not page.next:
        page = replace(page, next=Job.objects.only("public_id").get(pk=end).text_id)
    return page.with_rows(list(job_rows(conditions, page.rows)))


def search_rows(scope: Scope, search: Search, sort: str = "", limit: int = EXPORT_LIMIT) -> Iterator[JobRow]:
    """Yield in chunks that hold no lock and no cursor."""
    conditions = conditions_of(scope, search, now())
    jobs, order = _sorted(_filtered(scope, conditions, sort), conditions, sort)
    jobs = jobs.select_related(*_RELATED).defer(*_UNREAD)
    all_rows = None
    if _reads_keys_first(scope, conditions, order):
        all_jobs, _ = _sorted(Job.objects.filter(scope.condition).annotate(found_job=F("pk")), conditions, sort)
        all_rows = all_jobs.select_related(*_RELATED).defer(*_UNREAD)
    for chunk in iterate(jobs, *order, chunk_size=CHUNK_SIZE, limit=limit, all_rows=all_rows):
        yield from job_rows(conditions, chunk)


def search_jobs(scope: Scope, search: Search) -> QuerySet[Job]:
    """Select the jobs in no order."""
    return _filtered(scope, conditions_of(scope, search, now())).order_by()


def search_counts(scope: Scope, search: Search) -> StatusCounts:
    """Count over all statuses: all jobs if nothing else is asked for, otherwise the newest that match."""
    if not scope.mine and not search.without_keys("status"):
        return status_counts_of(count_teams_by_status(scope.team_keys), is_complete=True)
    conditions = conditions_of(scope, search.without_keys("status"), now())
    jobs, order = _sorted(_filtered(scope, conditions), conditions, "")
    limit = COUNT_LIMIT if conditions.is_selective and not conditions.words else SEARCH_COUNT_LIMIT
    jobs = _next_by_words(scope, conditions, jobs, order, limit + 1)
    end = _walk_end(scope, conditions, order)
    if end is not None:
        jobs = jobs.filter(_until(order, end))
    newest = list(jobs.order_by(*order).values_list("delivery", "state")[: limit + 1])
    return status_counts_of(Counter(newest[:limit]), is_complete=end is None and len(newest) <= limit)


def _walk_end(scope: Scope, conditions: Conditions, order: tuple[str, ...], start: Key | None = None) -> int | None:
    if not conditions.is_walk or order not in (("pk",), ("-pk",)):
        return None
    first = start[0] if start else None
    return scope.once((order, first), lambda: last_key(scope, order[0], first))


def _until(order: tuple[str, ...], end: int) -> Q:
    return Q(pk__gte=end) if order[0].startswith("-") else Q(pk__lte=end)


def _filtered(scope: Scope, conditions: Conditions, sort: str = "") -> QuerySet[Job]:
    column = SORTS.get(sort.removeprefix("-"), "pk")
    is_ordered = column != "pk" or conditions.is_dated or bool(conditions.words)
    of_scope = scope.condition_beside_order if is_ordered else scope.condition
    if column != "pk" and not conditions.words and scope.is_wide:
        # True of each: with it, SQLite takes the index that has the order, instead of sorting what it filters.
        of_scope &= Q((f"{column}__gte", -BigIntegerField.MAX_BIGINT))
    jobs = Job.objects.filter(of_scope, conditions.columns, conditions.statuses)
    if conditions.words:
        # The index has the order of the jobs; the planner doesn't see it through the join.
        jobs = jobs.filter(text__words__matches=conditions.words).annotate(found_job=F("text__job"))
    return jobs


def _reads_keys_first(scope: Scope, conditions: Conditions, order: tuple[str, ...]) -> bool:
    """Whether the rows of a page are read by their keys: with its joins, SQLite would sort the jobs of all teams.

    No index has the cost of some days, nor words with another order: all that the rows show would be sorted.
    """
    column = order[0].removeprefix("-")
    if column in ("pk", "found_job"):
        return False
    return column == "line_units" or bool(conditions.words) or scope.is_wide


def _sorted(jobs: QuerySet[Job], conditions: Conditions, sort: str) -> tuple[QuerySet[Job], tuple[str, ...]]:
    """Return also the order. The cost is that of the days of the search, if it has some."""
    name = sort.removeprefix("-")
    key = "found_job" if conditions.words else "pk"
    if name in ("", "time"):
        sign = "" if sort == "time" else "-"
        # The times bound the range of an index that has this order.
        is_dated = conditions.is_dated and not conditions.words
        return jobs, (f"{sign}accepted_at", f"{sign}pk") if is_dated else (f"{sign}{key}",)
    sign, column = sort[: -len(name)], SORTS[name]
    if conditions.has_days and name == "cost":
        jobs, column = jobs.annotate(line_units=line_units(conditions.lines)), "line_units"
    return jobs, (f"{sign}{column}", f"{sign}pk")


def _next_by_words(
    scope: Scope,
    conditions: Conditions,
    jobs: QuerySet[Job],
    order: tuple[str, ...],
    number: int,
    *,
    after: Key | None = None,
    before: Key | None = None,
) -> QuerySet[Job]:
    """Return jobs whose next `number` PostgreSQL finds soon. By itself it expects the matches to lie evenly.

    If these are among the next WALK_LIMIT jobs, it may read all in their order. Otherwise it has to look up the
    words: no index has the order of an expression. Where also columns must match, that would read all jobs with the
    words, so that more jobs are tried before.
    """
    if connection.vendor != "postgresql" or order[0] not in ("found_job", "-found_job"):
        return jobs
    is_descending = order[0].startswith("-") is (before is None)
    sign, side = ("-", "lte") if is_descending else ("", "gte")
    newest_or_oldest = Job.objects.order_by(f"{sign}pk").values_list("pk", flat=True)
    start = (after or before or (scope.once(("first", sign), newest_or_oldest.first) or 0,))[0]
    # As many as page and counts need, and a cursor's own row.
    limit = max(number, SEARCH_COUNT_LIMIT + 1) + 1
    has_columns = bool(scope.mine or conditions.columns or conditions.statuses)
    for length in (WALK_LIMIT, WALK_LIMIT * WIDE_WALK)[: 1 + has_columns]:
        span = (start - length, start) if is_descending else (start, start + length)
        # The planner doesn't conclude from a key of one table on that of the other.
        near_jobs = jobs.select_related(None).filter(Q(("found_job__range", span)), pk__range=span)
        near_keys = near_jobs.order_by(f"{sign}pk").values_list("pk", flat=True)[:limit]
        keys: list[int] = scope.once((conditions, sign, span, limit), partial(list, near_keys))
        if len(keys) > number:
            return jobs.filter(pk__in=keys)
    if has_columns:
        return jobs.annotate(found_job=F("text__job") + 0)
    texts = JobText.objects.filter(words__matches=conditions.words).annotate(key=F("job") + 0)
    texts = texts.filter((f"key__{side}", start)).order_by(f"{sign}key")
    if scope.team_keys is not None and scope.is_wide:
        limit *= TEXTS_OF_WIDE
    keys = scope.once((conditions, sign, start, limit), partial(list, texts.values_list("key", flat=True)[:limit]))
    if scope.team_keys is not None and scope.is_wide:
        own_jobs = Job.objects.filter(scope.condition, pk__in=keys).order_by(f"{sign}pk").values_list("pk", flat=True)
        own_keys: list[int] = scope.once(("own", conditions, sign, start, limit), partial(list, own_jobs))
        if len(own_keys) <= number and len(keys) == limit:
            return jobs.annotate(found_job=F("text__job") + 0)
        keys = own_keys
    return jobs.filter(pk__in=keys[: number + 1])


def status_counts_of(numbers: Mapping[StatusKey, int], *, is_complete: bool) -> StatusCounts:
    totals: Counter[str] = Counter()
    for (delivery, state), number in numbers.items():
        totals[status_of(delivery, state).name] += number
    known_statuses = [(status, totals.pop(status.name)) for status in STATUSES.values() if totals[status.name]]
    unknown_statuses = [(status_of(name, ""), number) for name, number in totals.items() if number]
    return StatusCounts(known_statuses + unknown_statuses, sum(numbers.values()), is_complete)


def job_rows(conditions: Conditions, page_jobs: list[Job]) -> Iterator[JobRow]:
    """Yield the rows in three queries at most, with secret values of tags masked."""
    keys = [job.pk for job in page_jobs]
    lines = CostLine.objects.filter(job__in=keys)
    if conditions.has_days:
        lines = lines.filter(conditions.lines)
    costs = dict(lines.order_by().values_list("job").annotate(units=exact_sum.units_of("usd")))
    tags: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for pk, key, value in JobTag.objects.filter(job__in=keys).order_by("key").values_list("job", "key", "value"):
        tags[pk].append((key, redact_value(key, value)))
    add_summaries_of_failures(page_jobs)
    for job in page_jobs:
        usd = exact_sum.usd(costs[job.pk]) if job.pk in costs else None
        yield JobRow(job, usd, tuple(tags[job.pk]))
