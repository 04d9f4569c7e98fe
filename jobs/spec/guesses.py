"""What a misspelt name was probably meant to be."""

import difflib
import re
from collections.abc import Collection
from functools import lru_cache

MOST_GUESSES = 200
"""So many unknown names of one document are compared with the known ones: guessing costs more than judging."""

_SEPARATORS = re.compile(r"[_\W]")


def folded(name: str) -> str:
    """What is left of a name without its convention: jobName, JobName, job_name and job-name are one."""
    return _SEPARATORS.sub("", name).casefold()


@lru_cache(maxsize=2048)
def nearest(name: str, names: tuple[str, ...]) -> str | None:
    """The known name that was probably meant."""
    if not 1 < len(name) <= 64:
        return None
    same = {folded(candidate): candidate for candidate in names}.get(folded(name))
    if same:
        return same
    close = difflib.get_close_matches(name.casefold(), [candidate.casefold() for candidate in names], 1, 0.6)
    return next((candidate for candidate in names if close and candidate.casefold() == close[0]), None)


MOST_KNOWN = 200
"""So many names one guess chooses from; where a document itself names more, nothing is guessed."""


class Guesses:
    """The guesses that one document may cost."""

    def __init__(self, limit: int = MOST_GUESSES) -> None:
        self._remaining = limit

    def nearest(self, name: str, names: Collection[str]) -> str | None:
        if self._remaining <= 0 or len(names) > MOST_KNOWN:
            return None
        self._remaining -= 1
        return nearest(name, tuple(names))
