"""The keys of a search."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from jobs.states import STATUSES

SOURCES = ("form", "json", "api", "schedule", "rerun", "recovered", "outside")
"""How a job was submitted; those of the table of submissions."""


class Kind(Enum):
    """What the values of a key are."""

    STATUS = "status"
    NAME = "name"
    """Compared as a whole, whatever the case; a last * stands for anything."""
    WORDS = "words"
    """Compared as free text is."""
    TIME = "time"
    MOMENT = "moment"
    """A time to compare with."""
    MONTH = "month"
    DAYS = "days"
    """A day, or two with .. between them."""
    DURATION = "duration"
    MONEY = "money"
    NUMBER = "number"
    SIZE = "size"
    """yes, no, or a number to compare with."""
    SOURCE = "source"


COMPARISONS = ("<", ">", "<=", ">=")
_OPERATORS: Mapping[Kind, tuple[str, ...]] = {
    Kind.MOMENT: COMPARISONS,
    Kind.DURATION: COMPARISONS,
    Kind.MONEY: COMPARISONS,
    Kind.NUMBER: (":", *COMPARISONS),
    Kind.SIZE: (":", *COMPARISONS),
}


@dataclass(frozen=True)
class SearchKey:
    """`name` ends in a dot if a name of the job follows it, as in tag.Project."""

    name: str
    help: str
    example: str
    kind: Kind
    is_single: bool = False
    """It has one value only."""

    @property
    def operators(self) -> tuple[str, ...]:
        return _OPERATORS.get(self.kind, (":",))

    @property
    def has_subkey(self) -> bool:
        return self.name.endswith(".")


_ALL = (
    SearchKey("status", "Status of the job.", "status:failed,lost", Kind.STATUS),
    SearchKey("queue", "Name of the job queue.", "queue:gpu-queue", Kind.NAME),
    SearchKey("account", "Name of the AWS account.", "account:production", Kind.NAME),
    SearchKey("team", "Name or short name of the team.", "team:research", Kind.NAME),
    SearchKey("user", "Username of who submitted it; me is you.", "user:me", Kind.NAME),
    SearchKey("def", "Name of the job definition, with or without a revision.", "def:model-training:3", Kind.NAME),
    SearchKey("image", "Words of the container image.", "image:research/align", Kind.WORDS),
    SearchKey("tag.", "Value of a tag; * finds any value.", "tag.Project:ALPHA", Kind.NAME),
    SearchKey("untagged", "Jobs without this tag.", "untagged:Project", Kind.NAME, is_single=True),
    SearchKey("env.", "Value of an environment variable; * finds any value.", "env.QUARTER:2026-Q3", Kind.NAME),
    SearchKey("param.", "Value of a parameter; * finds any value.", "param.dataset:q2", Kind.NAME),
    SearchKey("exit", "Exit code.", "exit:137", Kind.NUMBER),
    SearchKey("reason", "Cause of a failure.", "reason:out-of-memory", Kind.NAME),
    SearchKey(
        "family", "Jobs that failed alike, as the page of failures links to them.", "family:4f1c0a9b2e", Kind.NAME
    ),
    SearchKey("after", "Submitted at this time or later.", "after:-7d", Kind.TIME, is_single=True),
    SearchKey("before", "Submitted before this time.", "before:2026-11-30", Kind.TIME, is_single=True),
    SearchKey("ended", "When it ended.", "ended>-7d", Kind.MOMENT, is_single=True),
    SearchKey("month", "Jobs with cost in this month.", "month:2026-11", Kind.MONTH, is_single=True),
    SearchKey(
        "charged", "Jobs with cost on these days.", "charged:2026-11-02..2026-11-08", kind=Kind.DAYS, is_single=True
    ),
    SearchKey(
        "instance",
        "Instance type whose price was charged; none for cost without one.",
        "instance:g4dn.xlarge",
        Kind.NAME,
    ),
    SearchKey("cost", "Estimated cost so far, in US dollars.", "cost>1.50", Kind.MONEY, is_single=True),
    SearchKey("ran", "Run time of the last attempt.", "ran>2h", Kind.DURATION, is_single=True),
    SearchKey("waited", "Time from submission to the last start.", "waited>30m", Kind.DURATION, is_single=True),
    SearchKey("array", "Array jobs, or their number of child jobs.", "array:yes", Kind.SIZE, is_single=True),
    SearchKey("source", f"How it was submitted: {', '.join(SOURCES)}.", "source:api", Kind.SOURCE),
)

KEYS: Mapping[str, SearchKey] = MappingProxyType({key.name: key for key in _ALL})

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "state": "status",
        "person": "user",
        "definition": "def",
        "parameter.": "param.",
        "since": "after",
        "until": "before",
        "run": "ran",
        "wait": "waited",
    }
)
"""Other spellings; a search is written with the names of KEYS."""


def key_of(name: str) -> SearchKey | None:
    """Return the key of a term, such as status or tag.Project, in any case."""
    first, dot, rest = name.partition(".")
    folded = first.casefold() + dot
    key = KEYS.get(ALIASES.get(folded, folded))
    return None if key is None or key.has_subkey != bool(rest) else key


def key_names() -> tuple[str, ...]:
    """Return the names of keys and their other spellings."""
    return (*KEYS, *ALIASES)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the most similar name, or an empty text."""
    by_folded_name = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(name.casefold()[:64], by_folded_name, 1, 0.6)
    return by_folded_name[close[0]] if close else ""


def status_name(text: str) -> str:
    """Return the name of a status from its name or label in any case; empty for another text."""
    return _STATUS_NAMES.get(text.strip().casefold(), "")


_STATUS_NAMES = {
    label.casefold(): status.name for status in STATUSES.values() for label in (status.label, status.name)
}
