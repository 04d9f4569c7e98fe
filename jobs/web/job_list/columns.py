"""Columns of the list of jobs. Status and name are always there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class JobColumn:
    name: str
    label: str
    sort: str = ""
    """The order by it, from the lowest; empty if the list has none."""


_ALL = (
    JobColumn("team", "Team"),
    JobColumn("definition", "Definition"),
    JobColumn("tags", "Tags"),
    JobColumn("queue", "Queue"),
    JobColumn("submitted", "Submitted", "time"),
    JobColumn("waited", "Wait time", "wait"),
    JobColumn("ran", "Run time", "run"),
    JobColumn("attempts", "Attempts"),
    JobColumn("cost", "Cost", "cost"),
    JobColumn("exit", "Exit code"),
    JobColumn("image", "Image"),
    JobColumn("reason", "Reason"),
    JobColumn("size", "Compute"),
    JobColumn("id", "Job ID"),
    JobColumn("aws", "AWS job ID"),
)

COLUMNS: Mapping[str, JobColumn] = MappingProxyType({column.name: column for column in _ALL})

DEFAULT_COLUMNS = ("definition", "tags", "queue", "submitted", "waited", "ran", "cost")

NO_COLUMNS = "none"
"""In the URL: only status and name."""


def choose(names: Iterable[str]) -> tuple[str, ...]:
    """Return the known ones among them, in the order of the table."""
    choice = set(names)
    return tuple(name for name in COLUMNS if name in choice)
