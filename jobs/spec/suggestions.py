"""Suggestions for misspelt names."""

import difflib
import re
from collections.abc import Collection
from functools import lru_cache

MAX_SUGGESTIONS = 200
"""Per document: a suggestion costs more than the check."""

_SEPARATORS = re.compile(r"[_\W]")


def fold_name(name: str) -> str:
    return _SEPARATORS.sub("", name).casefold()


@lru_cache(maxsize=2048)
def nearest_name(name: str, names: tuple[str, ...]) -> str | None:
    if not 1 < len(name) <= 64:
        return None
    same = {fold_name(candidate): candidate for candidate in names}.get(fold_name(name))
    if same:
        return same
    close = difflib.get_close_matches(name.casefold(), [candidate.casefold() for candidate in names], 1, 0.6)
    return next((candidate for candidate in names if close and candidate.casefold() == close[0]), None)


MAX_CHOICES = 200
"""With more names to choose from, no suggestion is made."""


class SuggestionBudget:
    def __init__(self, limit: int = MAX_SUGGESTIONS) -> None:
        self._remaining = limit

    def nearest(self, name: str, names: Collection[str]) -> str | None:
        if self._remaining <= 0 or len(names) > MAX_CHOICES:
            return None
        self._remaining -= 1
        return nearest_name(name, tuple(names))
