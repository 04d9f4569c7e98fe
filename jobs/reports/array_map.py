"""The state of every child of an array in a few bytes."""

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
    """Those that occur, in the order of a job's life."""


def array_map(job: Job) -> ArrayMap:
    """Use one query."""
    size = job.array_size or 0
    letters = [UNREAD] * size
    letter_of = {name: chr(_FIRST_LETTER + place) for place, name in enumerate(STATUSES)}
    names = set()
    for index, state in job.children.order_by().values_list("index", "state"):
        if index < size:
            name = state or State.SUBMITTED
            letters[index] = letter_of.setdefault(name, chr(_FIRST_LETTER + len(letter_of)))
            names.add(name)
    statuses = {letter: status_of("SENT", name) for name, letter in letter_of.items() if name in names}
    return ArrayMap("".join(letters), statuses)
