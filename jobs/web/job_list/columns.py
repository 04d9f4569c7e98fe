"""Columns of the list of jobs, in the table's order. Status and name are always there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class JobColumn:
    name: str
    label: str
    style: str = ""
    """CSS classes of its head and its cells."""
    sort: str = ""
    """The order by it, from the lowest; empty if the list has none."""
    is_beside_name: bool = False
    """Whether it stands in the cell of the name, and has none of its own."""


_ALL = (
    JobColumn("team", "Team", "from-md"),
    JobColumn("definition", "Definition", is_beside_name=True),
    JobColumn("tags", "Tags", is_beside_name=True),
    JobColumn("queue", "Queue", "from-lg"),
    JobColumn("submitted", "Submitted", "from-md", "time"),
    JobColumn("waited", "Wait time", "from-lg end", "wait"),
    JobColumn("ran", "Run time", "from-sm end", "run"),
    JobColumn("attempts", "Attempts", "from-lg end"),
    JobColumn("exit", "Exit code", "from-lg end"),
    JobColumn("size", "Compute", "from-lg"),
    JobColumn("image", "Image", "from-lg"),
    JobColumn("reason", "Reason", "from-lg"),
    JobColumn("id", "Job ID", "from-lg"),
    JobColumn("aws", "AWS job ID", "from-lg"),
    JobColumn("cost", "Cost", "end", "cost"),
)

COLUMNS: Mapping[str, JobColumn] = MappingProxyType({column.name: column for column in _ALL})

DEFAULT_COLUMNS = ("definition", "tags", "queue", "submitted", "waited", "ran", "cost")

NO_COLUMNS = "none"
"""In the URL: only status and name."""


def choose(names: Iterable[str]) -> tuple[str, ...]:
    """Return the known ones among them, in the order of the table."""
    choice = set(names)
    return tuple(name for name in COLUMNS if name in choice)
