"""The part of a search that is being typed at the caret."""

import re
from dataclasses import dataclass

_QUOTED = r'"(?:[^"\\]|\\.)*(?:"|$)'
_CHUNK = re.compile(rf'(?:{_QUOTED}|[^\s"])+', re.DOTALL)
_KEYED = re.compile(rf'-?(?P<key>[A-Za-z_]+(?:\.(?:{_QUOTED}|[^\s":<>]*))?)(?::|<=|>=|<|>)', re.DOTALL)
_LAST_VALUE = re.compile(rf"(?:{_QUOTED}|[^,\"])*$", re.DOTALL)


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
    keyed = _KEYED.match(text, chunk.start(), chunk.end())
    if keyed is None or caret < keyed.end():
        start = chunk.start() + chunk[0].startswith("-")
        return Fragment("", text[start:caret], start, chunk.end())
    last = _LAST_VALUE.search(text, keyed.end(), caret)
    start = last.start() if last else caret
    following = re.compile(r"[^\s,\"]*\"?").match(text, caret, chunk.end())
    return Fragment(
        keyed["key"].replace('"', ""), text[start:caret].strip('"'), start, following.end() if following else caret
    )
