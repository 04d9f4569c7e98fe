"""Calendar months in UTC."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

_PATTERN = re.compile(r"(2\d{3})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    year: int
    number: int

    @classmethod
    def containing(cls, time: datetime) -> Self:
        utc_time = time.astimezone(UTC)
        return cls(utc_time.year, utc_time.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse "2026-11". Raise ValueError."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise ValueError("Enter a month as YYYY-MM, for example 2026-11.")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def name(self) -> str:
        return f"{calendar.month_name[self.number]} {self.year}"

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        return date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def previous(self) -> Self:
        return self.of_day(self.first - timedelta(days=1))

    @property
    def next(self) -> Self:
        return self.of_day(self.last + timedelta(days=1))

    @property
    def days(self) -> list[date]:
        return [date(self.year, self.number, day) for day in range(1, self.last.day + 1)]

    @classmethod
    def of_day(cls, day: date) -> Self:
        return cls(day.year, day.month)
