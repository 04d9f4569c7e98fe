"""Benchmarks of public ids: one for every row that people see."""

import uuid
from collections.abc import Callable, Iterator

from bench.measure import Comparison, compare
from jobs.models.ids import from_text, new_id, to_text


def comparisons() -> Iterator[Comparison]:
    text = to_text(new_id())
    yield compare("create 1,000 IDs", _thousand(new_id), "1,000 uuid4", _thousand(uuid.uuid4))
    yield compare("parse 1,000 IDs", _thousand(lambda: from_text(text)), "1,000 uuid4", _thousand(uuid.uuid4))


def _thousand(work: Callable[[], object]) -> Callable[[], None]:
    def many() -> None:
        for _ in range(1000):
            work()

    return many
