"""Times, durations, numbers and amounts of money in a search. All raise ValueError with a message for people."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

MAX_EXIT_CODE = 2**31 - 1
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_RELATIVE = re.compile(r"-?(\d{1,5})([mhdw])", re.ASCII | re.IGNORECASE)
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?", re.ASCII | re.IGNORECASE
)
_DURATION = re.compile(r"(?:\d{1,7}(?:\.\d{1,3})?[smhdw])+", re.ASCII | re.IGNORECASE)
_DURATION_PART = re.compile(r"([\d.]+)([smhdw])", re.ASCII | re.IGNORECASE)
_MONEY = re.compile(r"\$?(\d{1,8}(?:\.\d{1,10})?|\.\d{1,10})", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,10}", re.ASCII)
_MONTH = re.compile(r"2\d{3}-(?:0[1-9]|1[0-2])", re.ASCII)
_DAYS = re.compile(r"(2\d{3}-\d{2}-\d{2})(?:\.\.(2\d{3}-\d{2}-\d{2}))?", re.ASCII)
MAX_DAYS = 1_100
MIN_TIME = datetime(1971, 1, 1, tzinfo=UTC)
"""Before all jobs, and far enough from the first time that Python knows."""
MAX_TIME = datetime(9000, 1, 1, tzinfo=UTC)
MAX_DURATION = timedelta(days=36_525)
"""A hundred years: a time before now by so much is one that Python and both databases know."""


def parse_time(text: str, now: datetime) -> datetime:
    """Return the start of a day, a time in UTC unless it has another offset, or a time before `now`."""
    folded = text.casefold()
    if folded in ("today", "yesterday"):
        return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
            days=folded == "yesterday"
        )
    if relative := _RELATIVE.fullmatch(text):
        return max(MIN_TIME, now - timedelta(seconds=int(relative[1]) * _SECONDS[relative[2].lower()]))
    if _DATE.fullmatch(text):
        try:
            time = datetime.fromisoformat(text.upper())
            time = time.replace(tzinfo=time.tzinfo or UTC)
            return min(max(time, MIN_TIME), MAX_TIME)
        except ValueError:
            pass
    raise ValueError(f"“{text[:40]}” isn't a time. Write a date such as 2026-11-30, or -7d for seven days ago.")


def parse_duration(text: str) -> timedelta:
    """Return the sum of parts such as 1h30m, at most MAX_DURATION."""
    if not _DURATION.fullmatch(text):
        raise ValueError(f"“{text[:40]}” isn't a duration. Write it like 90s, 30m, 2h or 1h30m.")
    seconds = sum(Decimal(number) * _SECONDS[unit.lower()] for number, unit in _DURATION_PART.findall(text))
    if seconds > MAX_DURATION.total_seconds():
        raise ValueError(f"“{text[:40]}” is too long. Write a duration of at most 100 years.")
    return timedelta(milliseconds=int(seconds * 1000))


def parse_money(text: str) -> Decimal:
    """Return US dollars."""
    match = _MONEY.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text[:40]}” isn't an amount in US dollars. Write it like 1.50.")
    return Decimal(match[1])


def parse_number(text: str) -> int:
    if not _NUMBER.fullmatch(text) or abs(int(text)) > MAX_EXIT_CODE:
        raise ValueError(f"“{text[:40]}” isn't a number. Write it like 137.")
    return int(text)


def parse_size(text: str) -> bool:
    """Return whether there is any, of yes or no."""
    if text.casefold() not in ("yes", "no"):
        raise ValueError(f"“{text[:40]}” is neither yes nor no. To compare sizes, write array>100.")
    return text.casefold() == "yes"


def parse_days(text: str) -> tuple[date, date]:
    """Return the first and the last day, at most MAX_DAYS."""
    if match := _DAYS.fullmatch(text):
        try:
            first, last = (date.fromisoformat(day) for day in (match[1], match[2] or match[1]))
        except ValueError:
            pass
        else:
            if timedelta() <= last - first < timedelta(days=MAX_DAYS):
                return first, last
    raise ValueError(
        f"“{text[:40]}” isn't a day or up to {MAX_DAYS:,} days. Write 2026-11-02, or 2026-11-02..2026-11-08."
    )


def check_month(text: str) -> None:
    if not _MONTH.fullmatch(text):
        raise ValueError(f"“{text[:40]}” isn't a month. Write it like 2026-11.")
