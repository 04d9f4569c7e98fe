"""What a misspelt name was probably meant to be."""

import difflib
import re
from collections.abc import Collection
from functools import lru_cache

MOST_GUESSES = 200
"""So many unknown names of one document are compared with the known ones: guessing costs more than judging."""

_MARKS = re.compile(r"[_\W]")


def folded(name: str) -> str:
    """What is left of a name without its convention: jobName, JobName, job_name and job-name are one."""
    return _MARKS.sub("", name).casefold()


@lru_cache(maxsize=2048)
def nearest(name: str, known: tuple[str, ...]) -> str | None:
    """The known name that was probably meant."""
    if not 1 < len(name) <= 64:
        return None
    same = {folded(candidate): candidate for candidate in known}.get(folded(name))
    if same:
        return same
    close = difflib.get_close_matches(name.casefold(), [candidate.casefold() for candidate in known], 1, 0.6)
    return next((candidate for candidate in known if close and candidate.casefold() == close[0]), None)


MOST_KNOWN = 200
"""So many names one guess chooses from; where a document itself names more, nothing is guessed."""


class Guesses:
    """The guesses that one document may cost."""

    def __init__(self, most: int = MOST_GUESSES) -> None:
        self._left = most

    def nearest(self, name: str, known: Collection[str]) -> str | None:
        if self._left <= 0 or len(known) > MOST_KNOWN:
            return None
        self._left -= 1
        return nearest(name, tuple(known))
