"""The history's filters in the URL."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, unquote, urlencode

from django.http import QueryDict

from jobs.reports.history import SORTS, JobFilter
from jobs.reports.months import Month
from jobs.states import STATUSES

MAX_VALUE_LENGTH = 1024  # a tag's key of 128 characters and value of 256, URL-encoded
MAX_TAGS = 10

QueryPair = tuple[str, str]


@dataclass(frozen=True)
class FilterChip:
    label: str
    value: str
    query_without: str


@dataclass(frozen=True)
class SortLink:
    query: str
    direction: str
    """As in aria-sort; empty if the list has another order."""


SORT_LABELS = {
    "": "newest",
    "-cost": "highest cost",
    "cost": "lowest cost",
    "-run": "longest run time",
    "run": "shortest run time",
}
"""What comes first."""


@dataclass(frozen=True)
class HistoryQuery:
    filter: JobFilter
    pairs: tuple[QueryPair, ...]
    problems: tuple[str, ...] = ()
    sort: str = ""

    def query(self, *, add: Iterable[QueryPair] = (), drop: Iterable[QueryPair] = (), sort: str | None = None) -> str:
        """Drop the page too. Keep the order unless `sort` names another."""
        dropped_pairs = set(drop)
        sort = self.sort if sort is None else sort
        order = [("sort", sort)] if sort else []
        return urlencode([*(pair for pair in self.pairs if pair not in dropped_pairs), *add, *order])

    @property
    def sort_label(self) -> str:
        return SORT_LABELS[self.sort]

    @property
    def sort_links(self) -> dict[str, SortLink]:
        """Return links by column: from the highest first, then the lowest, then as before."""
        return {
            name: SortLink(
                self.query(sort={f"-{name}": name, name: ""}.get(self.sort, f"-{name}")),
                {f"-{name}": "descending", name: "ascending"}.get(self.sort, ""),
            )
            for name in SORTS
        }

    @property
    def chips(self) -> list[FilterChip]:
        """Leave out statuses, which the tiles show."""
        return [
            FilterChip(_LABELS[key], _display_value(key, value), self.query(drop=[(key, value)]))
            for key, value in self.pairs
            if key != "status"
        ]


_LABELS = {
    "q": "Text",
    "queue": "Queue",
    "person": "Submitted by",
    "definition": "Definition",
    "tag": "Tag",
    "untagged": "Without tag",
    "from": "From",
    "to": "To",
    "month": "Cost in",
}
_MULTI_VALUED = ("tag", "untagged")


def parse(params: QueryDict) -> HistoryQuery:
    """Report invalid parameters as problems."""
    pairs: list[QueryPair] = []
    troubles: list[str] = []
    for text in params.getlist("status"):
        for name in text.upper().split(","):
            if name in STATUSES and ("status", name) not in pairs:
                pairs.append(("status", name))
            elif name and name not in STATUSES:
                troubles.append(f"Unknown status “{name[:40]}”.")
    for key in _LABELS:
        values = [
            value[:MAX_VALUE_LENGTH] for value in params.getlist(key)[-(MAX_TAGS if key in _MULTI_VALUED else 1) :]
        ]
        for value in dict.fromkeys(value for value in values if value.strip()):
            problem = _find_problem(key, value)
            if problem:
                troubles.append(problem)
            else:
                pairs.append((key, value))
    sort = params.get("sort", "")
    if sort not in SORT_LABELS:
        troubles.append(f"Unknown sort order “{sort[:40]}”.")
        sort = ""
    return HistoryQuery(_build_filter(pairs), tuple(pairs), tuple(troubles), sort)


def format_tag(key: str, value: str) -> str:
    """Return Project=ALPHA, with spaces and equal signs of the key escaped."""
    return f"{quote(key, safe='/:+-@._')}={value}"


def _build_filter(pairs: list[QueryPair]) -> JobFilter:
    by_key = dict(pairs)
    return JobFilter(
        statuses=tuple(value for key, value in pairs if key == "status"),
        queue=by_key.get("queue", ""),
        person=by_key.get("person", ""),
        definition=by_key.get("definition", ""),
        tags=tuple(_parse_tag(value) for key, value in pairs if key == "tag"),
        untagged=tuple(value for key, value in pairs if key == "untagged"),
        text=by_key.get("q", "").strip(),
        since=date.fromisoformat(by_key["from"]) if "from" in by_key else None,
        until=date.fromisoformat(by_key["to"]) if "to" in by_key else None,
        month=Month.parse(by_key["month"]) if "month" in by_key else None,
    )


def _parse_tag(text: str) -> QueryPair:
    key, _, value = text.partition("=")
    by_hand = key.endswith(" ")  # Project = ALPHA
    return unquote(key.strip()), value.strip() if by_hand else value


def _find_problem(key: str, value: str) -> str:
    if "\x00" in value:
        return "An invalid character was removed from the search."
    try:
        if key in ("from", "to"):
            date.fromisoformat(value)
        elif key == "month":
            Month.parse(value)
    except ValueError:
        return (
            f"“{value[:40]}” isn't a valid {'month' if key == 'month' else 'date'}; write it like {_EXAMPLES[key]}."
        )
    if key == "tag" and "=" not in value:
        return f"Enter a tag as Key=Value. “{value[:40]}” has no equals sign."
    return ""


_EXAMPLES = {"from": "2026-11-22", "to": "2026-11-22", "month": "2026-11"}


def _display_value(key: str, value: str) -> str:
    if key == "month":
        return Month.parse(value).name
    if key == "tag":
        name, content = _parse_tag(value)
        return f"{name} = {content or '(empty)'}"
    return value
