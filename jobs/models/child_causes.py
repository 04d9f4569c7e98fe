"""Failed children of an array, grouped by cause: exit code and reason."""

import re
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b

from jobs.models.job import Job
from jobs.states import State

_VARYING_ID = re.compile(r"\bi-[0-9a-f]{8,17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b")
"""Ids of instances and tasks, which differ though the cause is the same."""


@dataclass(frozen=True)
class ChildCause:
    key: str
    """The same for the same cause, in all arrays."""
    exit_code: int | None
    reason: str
    """Without ids."""
    indexes: tuple[int, ...]
    """In order."""

    @property
    def count(self) -> int:
        return len(self.indexes)


def child_causes(job: Job) -> list[ChildCause]:
    """Return the most frequent first, in one query."""
    failed = job.children.filter(state=State.FAILED).order_by("index")
    groups: dict[tuple[int | None, str], list[int]] = defaultdict(list)
    for index, exit_code, reason in failed.values_list("index", "exit_code", "reason"):
        groups[exit_code, _VARYING_ID.sub("…", reason)].append(index)
    causes = [
        ChildCause(_key(exit_code, reason), exit_code, reason, tuple(indexes))
        for (exit_code, reason), indexes in groups.items()
    ]
    return sorted(causes, key=lambda cause: (-cause.count, cause.indexes))


def _key(exit_code: int | None, reason: str) -> str:
    return blake2b(repr((exit_code, reason)).encode(), digest_size=5).hexdigest()
