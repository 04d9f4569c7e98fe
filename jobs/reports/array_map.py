"""The state of every child of an array in a few bytes."""

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.models import Job
from jobs.states import STATUSES, State, Status, status_of

UNREAD = "."
_FIRST_LETTER = ord("A")


@dataclass(frozen=True)
class ArrayMap:
    letters: str
    """One for each index: UNREAD, or a key of `statuses`."""
    statuses: dict[str, Status]
    """Statuses of the array's child jobs by letter, in lifecycle order."""


def array_map(job: Job, reruns: Mapping[int, Status]) -> ArrayMap:
    """Use one query. An index that ran again has the status of its last run."""
    size = job.array_size or 0
    letters = [UNREAD] * size
    letter_of = {name: chr(_FIRST_LETTER + place) for place, name in enumerate(STATUSES)}
    names = set()
    states = dict(job.children.order_by().values_list("index", "state"))
    for index, state in (states | {index: status.name for index, status in reruns.items()}).items():
        if index < size:
            name = state or State.SUBMITTED
            letters[index] = letter_of.setdefault(name, chr(_FIRST_LETTER + len(letter_of)))
            names.add(name)
    statuses = {letter: status_of("SENT", name) for name, letter in letter_of.items() if name in names}
    return ArrayMap("".join(letters), statuses)
