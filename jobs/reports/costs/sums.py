"""Sums of costs, read from the totals; of what has no totals, from the lines."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Self

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from jobs.models import CostBacklog, CostGroup, CostLine, CostTagKey, CostTotal, Team
from jobs.models.cost_total import DAY, MONTH, TAG_KEY
from jobs.pricing import exact_sum
from jobs.reports.costs.grouping import TAG, TEAM, Grouping
from jobs.reports.months import Month
from jobs.reports.periods import Period

VALUE, TEAM_COLUMN, START = "group__value", "group__team", "start"
_SUMS = [Sum("usd_units"), Sum("failed_units"), Sum("jobs"), Sum("attempts"), Sum("free")]


@dataclass(frozen=True)
class CostSum:
    """A job with attempts in several months, or days of a period that isn't whole months, counts in each."""

    units: int = 0
    failed_units: int = 0
    jobs: int = 0
    attempts: int = 0
    free: int = 0

    def __add__(self, other: "CostSum") -> "CostSum":
        return CostSum(*(a + b for a, b in zip(self._amounts, other._amounts, strict=True)))

    def __sub__(self, other: "CostSum") -> "CostSum":
        return CostSum(*(a - b for a, b in zip(self._amounts, other._amounts, strict=True)))

    @property
    def _amounts(self) -> tuple[int, ...]:
        return self.units, self.failed_units, self.jobs, self.attempts, self.free


_Row = tuple[tuple[Any, ...], CostSum]
"""Values of what was asked for, and their sum."""


@dataclass(frozen=True)
class TotalSpan:
    """Whole months, or days."""

    period: str
    first: date
    last: date


def days_of(period: Period) -> list[TotalSpan]:
    return [TotalSpan(DAY, period.first, period.last)]


def segments(period: Period) -> list[TotalSpan]:
    """Return the whole months in the period, and the days before and after them."""
    month, last_month = Month.of_day(period.first), Month.of_day(period.last)
    first = month.first if period.first == month.first else month.next.first
    last = last_month.last if period.last == last_month.last else last_month.previous.last
    if first > last:
        return days_of(period)
    one_day = timedelta(days=1)
    parts = [
        TotalSpan(DAY, period.first, first - one_day),
        TotalSpan(MONTH, first, last),
        TotalSpan(DAY, last + one_day, period.last),
    ]
    return [part for part in parts if part.first <= part.last]


@dataclass(frozen=True)
class CostReader:
    """Reads the costs of teams, which must be visible to the user: each sum of a period once."""

    teams: Sequence[int]
    _totals: dict[Period, CostSum] = field(default_factory=dict, repr=False, compare=False)
    _sums: dict[tuple[Period, Grouping], dict[str, CostSum]] = field(default_factory=dict, repr=False, compare=False)
    _is_summed: dict[Grouping, bool] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, teams: Iterable[Team]) -> Self:
        return cls([team.pk for team in teams])

    def is_summed(self, grouping: Grouping) -> bool:
        """Return whether there are totals by the values of a tag: not in a team where it has too many."""
        if grouping.kind != TAG:
            return True
        if grouping not in self._is_summed:
            self._is_summed[grouping] = not self._tag_keys(grouping).filter(is_summed=False).exists()
        return self._is_summed[grouping]

    def is_crossed(self, *groupings: Grouping) -> bool:
        """Return whether there are totals by the values of both."""
        return not self._tag_keys(*groupings).filter(is_crossed=False).exists()

    def has_backlog(self, period: Period) -> bool:
        """Return whether costs of the period are not yet in the totals."""
        months = CostBacklog.objects.filter(team__in=self.teams)
        return months.filter(month__gte=period.first.replace(day=1), month__lte=period.last).exists()

    def total(self, period: Period) -> CostSum:
        if period not in self._totals:
            self._totals[period] = _add_up(self._read(segments(period), Q(kind=""), VALUE))
        return self._totals[period]

    def with_value(self, period: Period, grouping: Grouping) -> CostSum:
        """Return the sum of what has a value: all but the untagged."""
        return _add_up(self._read(segments(period), parts_with_value(grouping), "group__kind"))

    def by_value(self, period: Period, grouping: Grouping) -> Mapping[str, CostSum]:
        """Return the sums of the values, without the rest that has none."""
        key = period, grouping
        if key not in self._sums:
            if self.is_summed(grouping):
                column = TEAM_COLUMN if grouping.kind == TEAM else VALUE
                rows = self._read(segments(period), parts_with_values(grouping), column)
            else:
                rows = self._read_lines(period, grouping)
            self._sums[key] = _by_key(rows)
        return self._sums[key]

    def by_start(self, parts: Sequence[TotalSpan], grouping: Grouping | None = None) -> Mapping[date, int]:
        """Return units by the first day of a month, or the day: of all, or of what has a value."""
        condition = parts_with_value(grouping) if grouping else Q(kind="")
        sums: defaultdict[date, int] = defaultdict(int)
        for (start,), amounts in self._read(parts, condition, START):
            sums[start] += amounts.units
        return sums

    def by_value_and_start(
        self, parts: Sequence[TotalSpan], grouping: Grouping, values: Sequence[str]
    ) -> Iterator[tuple[str, date, int]]:
        if not self.is_summed(grouping):
            for part in parts:
                for (value, day), amounts in self._read_lines(
                    Period.of_days(part.first, part.last), grouping, by_day=True
                ):
                    if value in values:
                        yield value, day.replace(day=1) if part.period == MONTH else day, amounts.units
            return
        is_team = grouping.kind == TEAM
        one_of_values = Q(team__in=values) if is_team else Q(value__in=values)
        rows = self._read(
            parts, parts_with_values(grouping) & one_of_values, TEAM_COLUMN if is_team else VALUE, START
        )
        for (value, start), amounts in rows:
            yield str(value), start, amounts.units

    def by_pair(
        self, period: Period, rows: Grouping, columns: Grouping, *, crossed: bool
    ) -> Mapping[tuple[str, str], int]:
        """Return units by the values of both, without the rests that have none."""
        first, second = sorted((rows, columns), key=lambda grouping: (grouping.kind, grouping.key))
        sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        for values, amounts in self._read_pairs(period, first, second, crossed=crossed):
            sums[values if first == rows else values[::-1]] += amounts.units
        return sums

    def tag_keys(self, period: Period) -> list[str]:
        """Return the keys of tags in the period, those of most jobs first."""
        sums = _by_key(self._read(segments(period), Q(kind=TAG_KEY), "group__key"))
        return sorted(sums, key=lambda key: (-sums[key].jobs, key.lower()))

    def _tag_keys(self, *groupings: Grouping) -> QuerySet[CostTagKey]:
        keys = [grouping.key for grouping in groupings if grouping.kind == TAG]
        return CostTagKey.objects.filter(team__in=self.teams, key__in=keys)

    def _read(self, parts: Sequence[TotalSpan], condition: Q, *columns: str) -> Iterator[_Row]:
        # As a subquery: with a join for many teams, SQLite looks through the totals of all groups.
        groups = CostGroup.objects.filter(condition, team__in=self.teams)
        for part in parts:
            totals = CostTotal.objects.filter(
                group__in=groups, period=part.period, start__range=(part.first, part.last)
            )
            for row in totals.order_by().values_list(*columns).annotate(*_SUMS):
                yield row[: len(columns)], CostSum(*row[len(columns) :])

    def _read_pairs(
        self, period: Period, first: Grouping, second: Grouping, *, crossed: bool
    ) -> Iterator[tuple[tuple[str, str], CostSum]]:
        if TEAM in (first.kind, second.kind):
            is_first = first.kind == TEAM
            rows = self._read(segments(period), parts_with_values(second if is_first else first), TEAM_COLUMN, VALUE)
            for (team, value), amounts in rows:
                yield ((str(team), value) if is_first else (value, str(team))), amounts
            return
        for part in segments(period):
            if crossed and part.period == MONTH:
                condition = Q(kind=first.kind, key=first.key, kind2=second.kind, key2=second.key)
                yield from self._read([part], condition, VALUE, "group__value2")
            else:
                days = Period.of_days(part.first, part.last)
                yield from self._read_lines(days, first, second)

    def _read_lines(self, period: Period, *groupings: Grouping, by_day: bool = False) -> Iterator[_Row]:
        lines = CostLine.objects.filter(team__in=self.teams, day__range=(period.first, period.last))
        names = [f"value_{number}" for number in range(len(groupings))]
        lines = lines.annotate(**{name: grouping.expression for name, grouping in zip(names, groupings, strict=True)})
        rows = (
            lines.order_by()
            .values_list(*names, *(["day"] if by_day else []))
            .annotate(
                units=exact_sum.units_of("usd"),
                failed=exact_sum.units_of("usd", only=Q(succeeded=False)),
                number=Count("job", distinct=True),
                attempts=Coalesce(Sum("runs", filter=Q(correction=None)), 0),
                free=Count("pk", filter=Q(usd=0, correction=None)),
            )
        )
        for row in rows:
            values = row[: len(names)]
            if None not in values:
                end = len(names) + by_day
                yield (*map(str, values), *row[len(names) : end]), CostSum(*row[end:])


def parts_with_value(grouping: Grouping) -> Q:
    """Return what selects the totals of all that has a value."""
    if grouping.kind == TAG:
        return Q(kind=TAG_KEY, key=grouping.key)
    return parts_with_values(grouping)


def parts_with_values(grouping: Grouping) -> Q:
    """Return what selects the totals of each value."""
    if grouping.kind == TEAM:
        return Q(kind="")
    return Q(kind=grouping.kind, key=grouping.key, kind2="")


def _by_key(rows: Iterable[_Row]) -> dict[str, CostSum]:
    sums: defaultdict[str, CostSum] = defaultdict(CostSum)
    for (key,), amounts in rows:
        sums[str(key)] += amounts
    return dict(sums)


def _add_up(rows: Iterable[_Row]) -> CostSum:
    return sum((amounts for _, amounts in rows), CostSum())
