"""Parameters of the pages of costs: period, grouping, and a second grouping."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.dateparse import parse_date

from jobs.access import Member
from jobs.models import Team
from jobs.reports import costs as reports
from jobs.reports.costs import CostReader, Grouping
from jobs.reports.job_search import NO_INSTANCE
from jobs.reports.months import Month
from jobs.reports.periods import Period, PeriodKind
from jobs.search import Search, Term

MAX_TABS = 8
PREFERRED_TAG = "Project"
SEARCH_KEYS = {
    "queue": "queue",
    "definition": "def",
    "person": "user",
    "team": "team",
    "account": "account",
    "state": "status",
    "instance": "instance",
}
"""Keys of searches that select the jobs of a row."""


@dataclass(frozen=True)
class QueryLink:
    label: str
    query: str
    is_selected: bool


@dataclass(frozen=True)
class CostQuery:
    """`member` is None for all teams that a person may see, which are `teams`."""

    reader: CostReader
    teams: list[Team]
    member: Member | None
    local_time: datetime
    """Now, in the time zone by whose days the costs are counted."""
    period: Period
    by: Grouping
    keys: list[str]
    crossed_by: Grouping | None = None
    problem: str = ""
    is_actual: bool = False
    """Whether it is of actual costs, which have fewer groupings."""

    @property
    def today(self) -> date:
        return self.local_time.date()

    @property
    def query(self) -> str:
        crossing = {"and": str(self.crossed_by)} if self.crossed_by else {}
        return urlencode({**self.period_parameters, "by": str(self.by), **crossing})

    @property
    def period_parameters(self) -> dict[str, str]:
        return _period_parameters(self.period)

    @cached_property
    def groupings(self) -> list[Grouping]:
        keys = self.keys[:MAX_TABS]
        keys += [one.key for one in (self.by, self.crossed_by) if one and one.key and one.key not in keys]
        kinds = reports.ACTUAL_KINDS if self.is_actual else reports.KINDS
        if self.member is not None:
            kinds = tuple(kind for kind in kinds if kind != reports.TEAM)
        return [Grouping(reports.TAG, key) for key in dict.fromkeys(keys)] + [Grouping(kind) for kind in kinds]

    @property
    def tabs(self) -> list[QueryLink]:
        queries = [
            replace(self, by=grouping, crossed_by=None if grouping == self.crossed_by else self.crossed_by)
            for grouping in self.groupings
        ]
        return [QueryLink(query.by.name, query.query, query.by == self.by) for query in queries]

    @property
    def crossings(self) -> list[tuple[Grouping, bool]]:
        """Return what the grouping can be crossed with, and whether it is."""
        return [(grouping, grouping == self.crossed_by) for grouping in self.groupings if grouping != self.by]

    @property
    def kinds(self) -> list[QueryLink]:
        """Return the periods of the calendar that contain today, or else the first day of this one."""
        day = self.today if self.period.covers(self.today) else self.period.first
        return [
            QueryLink(kind.value.capitalize(), self.at(Period.containing(kind, day)).query, kind is self.period.kind)
            for kind in PeriodKind
            if kind is not PeriodKind.CUSTOM
        ]

    @property
    def previous(self) -> "CostQuery":
        return self.at(self.period.previous)

    @property
    def next(self) -> "CostQuery | None":
        following = self.period.next
        return self.at(following) if following.first <= self.today else None

    @property
    def is_current(self) -> bool:
        return self.period.covers(self.today)

    def at(self, period: Period) -> "CostQuery":
        return replace(self, period=period)

    def terms_of(self, grouping: Grouping, value: str | None) -> list[Term] | None:
        """Return what selects the jobs of a value; None if no search does."""
        if grouping.kind == reports.TAG:
            if any(other != grouping.key and other.casefold() == grouping.key.casefold() for other in self.keys):
                return None
            return [Term("untagged", (grouping.key,)) if value is None else Term(f"tag.{grouping.key}", (value,))]
        if value is None:
            return [Term("instance", (NO_INSTANCE,))] if grouping.kind == "instance" else None
        return [Term(SEARCH_KEYS[grouping.kind], (value,))]

    def running_query(self, terms: list[Term]) -> str:
        """Return the query of a list of running jobs."""
        scope = {} if self.member else {"scope": "all"}
        return urlencode({"search": str(Search((*terms, Term("status", ("RUNNING",))))), **scope})

    def jobs_query(self, terms: list[Term], days: Period | None = None) -> str:
        """Return the query of a list of jobs with costs on these days."""
        search = Search((*terms, _period_term(days or self.period)))
        scope = {} if self.member else {"scope": "all"}
        return urlencode({"search": str(search), "sort": "-cost", **scope})


def read_query(parameters: QueryDict, teams: list[Team], member: Member | None, local_time: datetime) -> CostQuery:
    """Read what is missing or not understood as this month by a usual tag."""
    problem, today = "", local_time.date()
    try:
        period = _read_period(parameters, today)
    except ValueError as error:
        period, problem = Period.containing(PeriodKind.MONTH, today), str(error)
    reader = CostReader.of(teams)
    keys = reader.tag_keys(period)
    by = Grouping.parse(parameters.get("by", "")) or _usual_grouping(keys, member)
    crossed_by = Grouping.parse(parameters.get("and", ""))
    return CostQuery(
        reader, teams, member, local_time, period, by, keys, None if crossed_by == by else crossed_by, problem
    )


def as_actual(query: CostQuery) -> CostQuery:
    """Return the query for actual costs, by the usual grouping if these don't have its own."""
    if query.by.kind not in (reports.TAG, *reports.ACTUAL_KINDS):
        query = replace(query, by=_usual_grouping(query.keys, query.member))
    return replace(query, crossed_by=None, is_actual=True)


def _usual_grouping(keys: list[str], member: Member | None) -> Grouping:
    if PREFERRED_TAG in keys or (keys and member):
        return Grouping(reports.TAG, PREFERRED_TAG if PREFERRED_TAG in keys else keys[0])
    return Grouping("queue") if member else Grouping(reports.TEAM)


def _read_period(parameters: Mapping[str, str], today: date) -> Period:
    """Raise ValueError for a custom period that isn't one."""
    first, last = (_date(parameters.get(name, "")) for name in ("from", "to"))
    if first and last:
        return Period.custom(first, last)
    if parameters.get("from") or parameters.get("to"):
        raise ValueError("Enter the first and the last day as YYYY-MM-DD.")
    kinds = {kind.value: kind for kind in PeriodKind if kind is not PeriodKind.CUSTOM}
    if kind := kinds.get(parameters.get("period", "")):
        return Period.containing(kind, _date(parameters.get("on", "")) or today)
    try:
        return Period.of_month(Month.parse(parameters.get("month", "")))
    except ValueError:
        return Period.containing(PeriodKind.MONTH, today)


def _date(text: str) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and 2000 <= day.year < 2100 else None


def _period_parameters(period: Period) -> dict[str, str]:
    if period.kind is PeriodKind.CUSTOM:
        return {"from": str(period.first), "to": str(period.last)}
    if period.kind is PeriodKind.MONTH:
        return {"month": str(Month.of_day(period.first))}
    return {"period": period.kind.value, "on": str(period.first)}


def _period_term(period: Period) -> Term:
    if period.kind is PeriodKind.MONTH:
        return Term("month", (str(Month.of_day(period.first)),))
    return Term("charged", (period.search,))
