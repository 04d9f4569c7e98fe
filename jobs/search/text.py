"""Words of jobs, and the free text that matches them.

A job has words: those of its name, ids, image, command and environment values, and a word for each tag, variable and
parameter with its value. A word of a search is the beginning of one of them, a phrase is consecutive words. Both
databases answer so from the same words; `tests/search/reference.py` compares them with plain Python.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

MAX_WORD_LENGTH = 64
MAX_PAIR_LENGTH = 300
MAX_WORDS = 1_000
MAX_REPEATS = 200
"""Of a word in a job. PostgreSQL keeps 256 positions of each."""

GAP = "¦"
"""Between texts, so that no phrase is found across them. No word contains it."""

_WORD = re.compile(r"[^\W_]+")
# Begins a pair; no word begins so. A pair has these characters in place of ASCII's, so that no database splits it.
_PRIVATE = 0xE000
_PUNCTUATION = {code: chr(_PRIVATE + code) for code in range(128) if not chr(code).isalnum()}

Words = tuple[str, ...]


@lru_cache(maxsize=4096)
def words(text: str) -> Words:
    """Return runs of letters and digits, without regard to case."""
    return tuple(word[:MAX_WORD_LENGTH] for word in _WORD.findall(_fold(text)))


@lru_cache(maxsize=8192)
def pair(field: str, name: str = "", value: str | None = None) -> str:
    """Return the word for a field and, if it has such, its name and value."""
    text = f"{field}.{name}" if name else field
    if value is not None:
        text = f"{text}={value}"
    return chr(_PRIVATE) + _fold(text)[:MAX_PAIR_LENGTH].translate(_PUNCTUATION)


@lru_cache(maxsize=1024)
def word_pairs(field: str, text: str) -> Words:
    """Return the words of a text, each with the field."""
    return tuple(pair(field, value=word) for word in words(text))


def document(texts: Iterable[Words], pairs: Iterable[Words]) -> Words:
    """Return the words of a job, with gaps between its texts. The pairs come first: a long command may be cut."""
    all_words = tuple(word for text in chain(pairs, texts) for word in (*text, GAP))[:MAX_WORDS]
    if len(all_words) <= MAX_REPEATS:
        return all_words
    repeats: Counter[str] = Counter()
    result: list[str] = []
    for word in all_words:
        repeats[word] += 1
        result.append(word if repeats[word] <= MAX_REPEATS else GAP)
    return tuple(result)


@dataclass(frozen=True)
class Phrase:
    """Consecutive words; with `is_prefix` the last is the beginning of one."""

    words: Words
    is_prefix: bool = False


@dataclass(frozen=True)
class Clause:
    """Any of the phrases or, negated, none."""

    phrases: tuple[Phrase, ...]
    negated: bool = False


TextQuery = tuple[Clause, ...]
"""All of the clauses."""


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().encode("utf-8", "replace").decode()
