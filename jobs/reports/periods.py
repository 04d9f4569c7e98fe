"""Spans of days that costs are read for."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Self

from jobs.reports.months import Month
from jobs.search.values import MAX_DAYS


class PeriodKind(Enum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    CUSTOM = "custom"


@dataclass(frozen=True)
class Period:
    """Whole days, both included. All but custom ones are of the calendar; weeks begin on Monday."""

    kind: PeriodKind
    first: date
    last: date

    @classmethod
    def containing(cls, kind: PeriodKind, day: date) -> Self:
        match kind:
            case PeriodKind.WEEK:
                first = day - timedelta(days=day.weekday())
                return cls(kind, first, first + timedelta(days=6))
            case PeriodKind.MONTH:
                return cls(kind, day.replace(day=1), Month.of_day(day).last)
            case PeriodKind.QUARTER:
                first = date(day.year, day.month - (day.month - 1) % 3, 1)
                return cls(kind, first, Month(first.year, first.month + 2).last)
            case PeriodKind.YEAR:
                return cls(kind, date(day.year, 1, 1), date(day.year, 12, 31))
            case _:
                return cls(kind, day, day)

    @classmethod
    def of_month(cls, month: Month) -> Self:
        return cls(PeriodKind.MONTH, month.first, month.last)

    @classmethod
    def custom(cls, first: date, last: date) -> Self:
        """Raise ValueError."""
        if last < first:
            raise ValueError("The first day must not be after the last.")
        if (last - first).days >= MAX_DAYS:
            raise ValueError(f"Choose at most {MAX_DAYS:,} days.")
        return cls.of_days(first, last)

    @classmethod
    def of_days(cls, first: date, last: date) -> Self:
        return cls(PeriodKind.CUSTOM, first, last)

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def previous(self) -> Self:
        """The one before: of a custom span the same number of days."""
        if self.kind is PeriodKind.CUSTOM:
            return type(self)(
                self.kind, self.first - (self.last - self.first) - timedelta(days=1), _before(self.first)
            )
        return type(self).containing(self.kind, _before(self.first))

    @property
    def next(self) -> Self:
        after = self.last + timedelta(days=1)
        if self.kind is PeriodKind.CUSTOM:
            return self.of_days(after, after + (self.last - self.first))
        return type(self).containing(self.kind, after)

    @property
    def name(self) -> str:
        match self.kind:
            case PeriodKind.DAY:
                return f"{self.first:%B %-d, %Y}"
            case PeriodKind.MONTH:
                return Month.of_day(self.first).name
            case PeriodKind.QUARTER:
                return f"Q{self.first.month // 3 + 1} {self.first.year}"
            case PeriodKind.YEAR:
                return str(self.first.year)
            case _:
                end = f"{self.last:%B %-d, %Y}"
                return end if self.first == self.last else f"{self.first:%B %-d, %Y} – {end}"

    @property
    def search(self) -> str:
        """Return the period as the value of `charged` in a search of jobs."""
        return f"{self.first}..{self.last}"

    @property
    def file_name(self) -> str:
        return str(Month.of_day(self.first)) if self.kind is PeriodKind.MONTH else f"{self.first}-{self.last}"

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


def _before(day: date) -> date:
    return day - timedelta(days=1)
