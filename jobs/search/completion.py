"""The part of a search that is being typed at the caret."""

import re
from dataclasses import dataclass

from jobs.search.grammar import KEY, NEGATION, QUOTED, UNCLOSED, subkey_of

# What is typed may end within quotation marks.
_QUOTED = rf"{QUOTED}|{UNCLOSED}"
_CHUNK = re.compile(rf'(?:{_QUOTED}|[^\s"])+', re.DOTALL)
_LAST_VALUE = re.compile(rf'(?:{_QUOTED}|[^,"])*$', re.DOTALL)
_END_OF_VALUE = re.compile(r'[^\s,"]*"?')


@dataclass(frozen=True)
class Fragment:
    """`text`, from `start` to `end`, begins a value of `key`; without that, a key or free text."""

    key: str
    text: str
    start: int
    end: int


def fragment_at(text: str, caret: int) -> Fragment:
    """Return what a suggestion at the caret replaces. What follows the caret in the same term is replaced too."""
    caret = max(0, min(caret, len(text)))
    for chunk in _CHUNK.finditer(text):
        if chunk.start() <= caret <= chunk.end():
            return _fragment(text, chunk, caret)
    return Fragment("", "", caret, caret)


def _fragment(text: str, chunk: re.Match[str], caret: int) -> Fragment:
    negation = NEGATION.match(text, chunk.start(), chunk.end())
    start = negation.end() if negation else chunk.start()
    keyed = KEY.match(text, start, chunk.end())
    if keyed is None or caret < keyed.end():
        return Fragment("", text[start:caret], start, chunk.end())
    last = _LAST_VALUE.search(text, keyed.end(), caret)
    start = last.start() if last else caret
    following = _END_OF_VALUE.match(text, caret, chunk.end())
    key = keyed["name"] + (f".{subkey_of(keyed)}" if keyed["subkey"] else "")
    return Fragment(key, text[start:caret].strip('"'), start, following.end() if following else caret)
