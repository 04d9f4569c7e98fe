"""A search as conditions on jobs: words are looked up in the text index, the rest in the columns of the job."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from types import MappingProxyType

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from jobs.causes import Cause
from jobs.models import Account, CostLine, Definition, Job, JobFailure, Queue, Team, User
from jobs.models.cost_total import instance_types
from jobs.models.ids import from_text
from jobs.pricing import exact_sum
from jobs.reports.job_search.charged import charged_range, has_line
from jobs.reports.job_search.scope import Scope
from jobs.reports.months import Month
from jobs.reports.periods import Period
from jobs.search import Search, Term, values
from jobs.search.text import Clause, Phrase, TextQuery, pair, word_pairs, words
from jobs.states import UNSENT_DELIVERIES, Delivery, State

NO_JOB = Q(pk__in=[])
NO_INSTANCE = "none"
"""What a search calls the type of costs without one."""
RARE_LIMIT = 3_000
"""So many jobs are found by the index of a column first. The order of the list finds them late, or not at all."""
RARE_STATUS_LIMIT = 500
"""Likewise of a status, over several teams."""
_BATCH_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:\d+)?", re.IGNORECASE)
_LOOKUPS: Mapping[str, str] = MappingProxyType({":": "exact", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"})
_MIRRORED: Mapping[str, str] = MappingProxyType({"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"})
_DAY_KEYS = frozenset({"month", "charged"})
_LINE_KEYS = _DAY_KEYS | {"instance"}
"""Keys that one cost line of the job must meet together."""
_UNINDEXED = frozenset({"ran", "waited", "cost", "array", "exit"})
_UNINDEXED_WITHOUT_DAYS = frozenset({"account", "instance"})
"""The days of costs bound the jobs that are read."""
_ACTIVE_STATES = (State.SUBMITTED, State.PENDING, State.RUNNABLE, State.STARTING, State.RUNNING)


@dataclass(frozen=True)
class Conditions:
    """`columns` without `statuses`, which counts leave out."""

    columns: Q = field(default_factory=Q)
    statuses: Q = field(default_factory=Q)
    words: TextQuery = ()
    lines: Q = field(default_factory=Q)
    """What one of their cost lines meets."""
    has_days: bool = False
    """Whether the days of their costs are among it. Then the cost of a job is that of such lines."""
    is_dated: bool = False
    """Whether times bound it."""
    is_selective: bool = True
    """Whether only indexed columns are asked for: otherwise all jobs between those that match are read."""
    is_walk: bool = False
    """Whether jobs may have to be read to the last, because no index knows which match."""


def conditions_of(scope: Scope, search: Search, now: datetime) -> Conditions:
    """Read the keys of what the search names: by its key, an index serves a condition and the order of the jobs."""
    has_days = any(term.key in _DAY_KEYS and not term.negated for term in search.terms)
    result = Conditions(has_days=has_days)
    for term in search.terms:
        result = _with_term(result, term, scope, now)
    if result.lines:
        result = replace(result, columns=result.columns & has_line(result.lines))
    if result.words and scope.team_keys is not None and not scope.is_wide:
        teams = tuple(Phrase((pair("team", value=str(key)),)) for key in scope.team_keys)
        result = replace(result, words=(Clause(teams), *result.words)) if teams else result
    return result


def _with_term(result: Conditions, term: Term, scope: Scope, now: datetime) -> Conditions:
    if clause := _clause(term):
        return replace(result, words=(*result.words, clause))
    if term.key in _LINE_KEYS:
        lines = _line_condition(term, scope)
        condition = ~has_line(lines) if term.negated else scope.once(term, lambda: _jobs_of_lines(term, lines, scope))
        result = result if term.negated else replace(result, lines=result.lines & lines)
    else:
        condition = scope.once(term, lambda: _CONDITIONS[term.key](term, scope, now))
        condition = ~condition if term.negated else condition
    if term.key == "status":
        return replace(result, statuses=result.statuses & condition, is_walk=result.is_walk or term.negated)
    # Jobs that ended lately are near the newest, which are read first.
    is_walk = (
        term.key in _UNINDEXED
        or (term.key in _UNINDEXED_WITHOUT_DAYS and not result.has_days)
        or (term.key == "ended" and term.operator in ("<", "<="))
    )
    return replace(
        result,
        columns=result.columns & condition,
        is_dated=result.is_dated or term.key in ("after", "before"),
        is_selective=result.is_selective and not is_walk and term.key not in _DAY_KEYS,
        is_walk=result.is_walk or ((is_walk or term.negated) and not _has_keys(condition)),
    )


def _has_keys(condition: Q) -> bool:
    """Whether keys of jobs bound it."""
    if condition.negated:
        return False
    parts = [
        _has_keys(child) if isinstance(child, Q) else isinstance(child, tuple) and child[0] == "pk__in"
        for child in condition.children
    ]
    return any(parts) if condition.connector == Q.AND else all(parts)


# -- Words


def _clause(term: Term) -> Clause | None:
    """Return None for a term that columns answer."""
    if not term.key:
        if not term.is_phrase and _id_condition(term.values[0]) is not None:
            return None
        phrases = [Phrase(words(term.values[0]), is_prefix=not term.is_phrase)]
    elif term.key == "image":
        phrases = [Phrase(word_pairs("image", value), is_prefix=True) for value in term.values]
    elif term.key == "source":
        phrases = [Phrase((pair("source", value=value),)) for value in term.values]
    elif term.key == "untagged":
        return Clause((Phrase((pair("tag", term.values[0]),)),), negated=not term.negated)
    elif term.subkey:
        field = term.key.partition(".")[0]
        phrases = [_pair_phrase(field, term.subkey, value) for value in term.values]
    else:
        return None
    return Clause(tuple(phrases), negated=term.negated)


def _pair_phrase(field: str, name: str, value: str) -> Phrase:
    if value == "*":
        return Phrase((pair(field, name),))
    if value.endswith("*"):
        return Phrase((pair(field, name, value[:-1]),), is_prefix=True)
    return Phrase((pair(field, name, value),))


# -- Columns


def _id_condition(text: str) -> Q | None:
    """Return None for a text that is no id of a job, whole."""
    if _BATCH_ID.fullmatch(text):
        return Q(batch_id=text.partition(":")[0].lower())
    try:
        return Q(public_id=from_text(text.lower()))
    except ValueError:
        return None


def _id_of_term(term: Term, _scope: Scope, _now: datetime) -> Q:
    condition = _id_condition(term.values[0])
    return NO_JOB if condition is None else condition


def _status(term: Term, scope: Scope, _now: datetime) -> Q:
    states = [name for name in term.values if name in State.__members__]
    deliveries = [name for name in term.values if name in Delivery.__members__ and name != Delivery.SENT]
    condition = Q(delivery=Delivery.SENT, state__in=states) | Q(delivery__in=deliveries)
    # Of one team an index has them in order. Of several, all jobs would be read for the few that run.
    return condition if scope.team or term.negated else _narrowed(scope, condition, RARE_STATUS_LIMIT)


def _name_condition(field: str, names: Iterable[str]) -> Q:
    """Compare with any of the names, whatever the case; a last * stands for anything."""
    conditions = (
        Q((f"{field}__istartswith", name[:-1])) if name.endswith("*") else Q((f"{field}__iexact", name))
        for name in names
    )
    return reduce(operator.or_, conditions, Q())


def _with_jobs(scope: Scope, field: str, names: Iterable[str]) -> Q:
    """Leave out those without a job in the scope: with one that is left, an index serves condition and order."""
    condition = _name_condition("name", names)
    if scope.team_keys is None:
        return condition
    return condition & Q(Exists(Job.objects.filter(**{field: OuterRef("pk")}, team__in=scope.team_keys)))


def _keys_condition(field: str, rows: QuerySet[Queue] | QuerySet[Definition] | QuerySet[Team] | QuerySet[User]) -> Q:
    keys = list(rows.order_by().values_list("pk", flat=True))
    return Q((field, keys[0])) if len(keys) == 1 else Q((f"{field}__in", keys))


def _narrowed(scope: Scope, condition: Q, limit: int | None = None) -> Q:
    """Return the condition, or the keys of the jobs that meet it if they are few. An index begins with their team."""
    rows = Job.objects.filter(condition, team__in=scope.searched_team_keys).order_by()
    limit = RARE_LIMIT if limit is None else limit
    keys = list(rows.values_list("pk", flat=True)[: limit + 1])
    return Q(pk__in=keys) if len(keys) <= limit else condition


def _queue(term: Term, scope: Scope, _now: datetime) -> Q:
    return _keys_condition("queue", Queue.objects.filter(_with_jobs(scope, "queue", term.values)))


def _account(term: Term, scope: Scope, _now: datetime) -> Q:
    """Return the keys of the jobs if they are few. An index has the queues of the account, which the jobs are in."""
    accounts = list(Account.objects.filter(_name_condition("name", term.values)).values_list("pk", flat=True))
    few = _narrowed(scope, _keys_condition("queue", Queue.objects.filter(account__in=accounts)))
    return few if _has_keys(few) else Q(account__in=accounts)


def _team(term: Term, _scope: Scope, _now: datetime) -> Q:
    name_or_slug = _name_condition("name", term.values) | _name_condition("slug", term.values)
    return _keys_condition("team", Team.objects.filter(name_or_slug))


def _user(term: Term, scope: Scope, _now: datetime) -> Q:
    names = [scope.user.username if name.casefold() == "me" else name for name in term.values]
    return _keys_condition("person", User.objects.filter(_name_condition("username", names)))


def _definition(term: Term, scope: Scope, _now: datetime) -> Q:
    names = [value for value in term.values if not _revision(value)[1]]
    condition = _definition_keys(scope, names) if names else NO_JOB
    for value in term.values:
        name, number = _revision(value)
        if number:
            condition |= _definition_keys(scope, [name]) & Q(revision__number=number)
    return condition


def _definition_keys(scope: Scope, names: Iterable[str]) -> Q:
    return _keys_condition("definition", Definition.objects.filter(_with_jobs(scope, "definition", names)))


def _revision(text: str) -> tuple[str, int]:
    """Return the name and the revision; 0 without one."""
    name, _, number = text.rpartition(":")
    return (name, int(number)) if name and number.isdecimal() and len(number) < 10 else (text, 0)


def _exit(term: Term, scope: Scope, _now: datetime) -> Q:
    numbers = [values.parse_number(value) for value in term.values]
    condition = reduce(operator.or_, (Q((f"exit_code__{_LOOKUPS[term.operator]}", number)) for number in numbers))
    if min(numbers) > 0 and term.operator in (":", ">", ">="):
        return _narrowed(scope, condition & Q(exit_code__gt=0))
    return condition


def _reason(term: Term, scope: Scope, _now: datetime) -> Q:
    """Select jobs that failed for it, and arrays with children that did."""
    texts = [value.casefold() for value in term.values]
    causes = [cause for cause in Cause if any(_is_meant(cause, text) for text in texts)]
    return _failed(scope, JobFailure.objects.filter(cause__in=causes))


def _is_meant(name: str, text: str) -> bool:
    return name.startswith(text[:-1]) if text.endswith("*") else name == text


def _family(term: Term, scope: Scope, _now: datetime) -> Q:
    """Select the jobs that the family counts: not those that a later run made good."""
    families = [value.casefold() for value in term.values]
    failures = JobFailure.objects.filter(team__in=scope.searched_team_keys, family__in=families)
    return _failed(scope, failures.current())


def _failed(scope: Scope, failures: QuerySet[JobFailure]) -> Q:
    """Return the keys of the jobs with these failures if they are few. An index begins with their team."""
    jobs = failures.filter(team__in=scope.searched_team_keys).order_by().values_list("job", flat=True)
    keys = list(jobs[: RARE_LIMIT + 1])
    return Q(pk__in=keys if len(keys) <= RARE_LIMIT else jobs)


def _after(term: Term, _scope: Scope, now: datetime) -> Q:
    return Q(accepted_at__gte=values.parse_time(term.values[0], now))


def _before(term: Term, _scope: Scope, now: datetime) -> Q:
    return Q(accepted_at__lt=values.parse_time(term.values[0], now))


def _ended(term: Term, scope: Scope, now: datetime) -> Q:
    time = values.parse_time(term.values[0], now)
    return _narrowed(scope, Q((f"ended_at__{_LOOKUPS[term.operator]}", time)))


def _line_condition(term: Term, scope: Scope) -> Q:
    """Return what a cost line meets."""
    if term.key in _DAY_KEYS:
        period = _period_of(term)
        return Q(day__range=(period.first, period.last))
    texts = [value.casefold() for value in term.values]
    types = [
        name for name in instance_types(scope.searched_team_keys) if any(_is_meant(name, text) for text in texts)
    ]
    # Never an empty list: Django would drop the whole query, also where the condition is negated.
    condition = Q(instance_type__in=types or [""])
    return condition | Q(instance_type=None) if NO_INSTANCE in texts else condition


def _jobs_of_lines(term: Term, lines: Q, scope: Scope) -> Q:
    """Bound the jobs that have such lines: by their keys if these are few."""
    if term.key in _DAY_KEYS:
        return charged_range(_period_of(term), scope.searched_team_keys)
    if NO_INSTANCE in map(str.casefold, term.values):
        return Q()
    rows = CostLine.objects.filter(lines, team__in=scope.searched_team_keys).order_by()
    keys = list(rows.values_list("job", flat=True)[: RARE_LIMIT + 1])
    return Q(pk__in=keys) if len(keys) <= RARE_LIMIT else Q()


def _period_of(term: Term) -> Period:
    text = term.values[0]
    return Period.of_month(Month.parse(text)) if term.key == "month" else Period.of_days(*values.parse_days(text))


def _cost(term: Term, scope: Scope, _now: datetime) -> Q:
    units = exact_sum.units(values.parse_money(term.values[0]))
    return _narrowed(scope, Q((f"usd_units__{_LOOKUPS[term.operator]}", units)))


def _ran(term: Term, scope: Scope, now: datetime) -> Q:
    """Select by the period that pages show: of the last attempt, until now while it runs."""
    duration, lookup = values.parse_duration(term.values[0]), _LOOKUPS[term.operator]
    milliseconds = Q((f"run_ms__{lookup}", duration // timedelta(milliseconds=1)))
    ended = Q(started_at__isnull=False, stopped_at__isnull=False)
    running = Q(delivery=Delivery.SENT, state=State.RUNNING, stopped_at=None)
    started = Q((f"started_at__{_MIRRORED[lookup]}", now - duration))
    return _narrowed(scope, milliseconds) & ended | _narrowed(scope, running) & started


def _waited(term: Term, _scope: Scope, now: datetime) -> Q:
    """Select by the period that pages show: until the last start, or until now."""
    duration, lookup = values.parse_duration(term.values[0]), _LOOKUPS[term.operator]
    live = Q(delivery__in=UNSENT_DELIVERIES) | Q(delivery=Delivery.SENT, state__in=_ACTIVE_STATES)
    return Q((f"started_at__{lookup}", F("accepted_at") + duration)) | live & Q(started_at=None) & Q(
        (f"accepted_at__{_MIRRORED[lookup]}", now - duration)
    )


def _array(term: Term, _scope: Scope, _now: datetime) -> Q:
    if term.operator == ":":
        return Q(array_size__isnull=not values.parse_size(term.values[0]))
    return Q((f"array_size__{_LOOKUPS[term.operator]}", values.parse_number(term.values[0])))


_CONDITIONS: Mapping[str, Callable[[Term, Scope, datetime], Q]] = MappingProxyType(
    {
        "": _id_of_term,
        "status": _status,
        "queue": _queue,
        "account": _account,
        "team": _team,
        "user": _user,
        "def": _definition,
        "exit": _exit,
        "reason": _reason,
        "family": _family,
        "after": _after,
        "before": _before,
        "ended": _ended,
        "cost": _cost,
        "ran": _ran,
        "waited": _waited,
        "array": _array,
    }
)
