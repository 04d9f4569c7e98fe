"""Values that a text refers to and lacks, such as shell variables.

A private character stands for each while parsing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.spec.documents import is_object
from jobs.spec.parsing.json_tokens import STRING
from jobs.spec.problems import Problem, escape_pointer, join_words, quote
from jobs.spec.rules.registry import ERROR, register_rule

UNRESOLVED_VALUE = register_rule(
    "reading.unresolved-value", ERROR,
    "A value that refers to something outside of the text (a shell variable, a CloudFormation reference, a Terraform "
    "expression) must be entered. Source: the portal, which never guesses a value.",
)  # fmt: skip

_FIRST, _LAST, FILLER = 0x100000, 0x10FFF0, "\U0010fffd"
MARK = f"[{chr(_FIRST)}-{chr(_LAST)}]"
"""A pattern for a private character."""
_MARK = re.compile(MARK)
_BARE_MARK = re.compile(STRING + f"|(?P<mark>{MARK})")
_MARK_OR_FILLER = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}{FILLER}]")
MAX_NAMED = 3


@dataclass(frozen=True)
class UnresolvedValue:
    source: str
    noun: str  # such as "shell variable"


@dataclass
class UnresolvedValues:
    values: list[UnresolvedValue] = field(default_factory=list)

    def mark(self, source: str, noun: str) -> str:
        value = UnresolvedValue(source, noun)
        if value not in self.values:
            self.values.append(value)
        return chr(min(_FIRST + self.values.index(value), _LAST))


def has_marks(text: str) -> bool:
    return bool(_MARK_OR_FILLER.search(text))


def quote_bare_marks(text: str) -> str:
    return _BARE_MARK.sub(lambda match: f'"{match[0]}"' if match["mark"] else match[0], text)


def restore_text(text: str, values: Sequence[UnresolvedValue]) -> str:
    return _Restorer({chr(_FIRST + number): value for number, value in enumerate(values)}).restore_text(text)


def restore_references(
    document: dict[str, Any], values: Sequence[UnresolvedValue]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    if not values:
        return document, ()
    restorer = _Restorer({chr(_FIRST + number): value for number, value in enumerate(values)})
    restored: dict[str, Any] = restorer.restore(document, "")
    return restored, tuple(restorer.problems)


class _Restorer:
    def __init__(self, by_mark: Mapping[str, UnresolvedValue]) -> None:
        self.by_mark = by_mark
        self.problems: list[Problem] = []

    def restore(self, value: Any, here: str) -> Any:
        if is_object(value):
            members = {}
            for key, member in value.items():
                name = self.restore_text(key)
                pointer = f"{here}/{escape_pointer(name)}"
                if name != key:
                    self._report(key, pointer)
                members[name] = self.restore(member, pointer)
            return members
        if isinstance(value, list):
            return [self.restore(entry, f"{here}/{number}") for number, entry in enumerate(value)]
        if isinstance(value, str) and _MARK_OR_FILLER.search(value):
            self._report(value, here)
            return self.restore_text(value)
        return value

    def restore_text(self, text: str) -> str:
        return _MARK.sub(lambda mark: self._source(mark[0]), text).replace(FILLER, "")

    def _source(self, mark: str) -> str:
        value = self.by_mark.get(mark)
        return value.source if value else ""

    def _report(self, text: str, here: str) -> None:
        values = [self.by_mark[mark] for mark in dict.fromkeys(_MARK.findall(text)) if mark in self.by_mark]
        if not values:
            return
        nouns = {value.noun for value in values}
        names = join_words((quote(value.source) for value in values), limit=MAX_NAMED)
        if len(values) == 1:
            message = f"{names} is a {values[0].noun} that this text doesn't set. Enter its value."
        else:
            noun = f"{values[0].noun}s" if len(nouns) == 1 else "references"
            message = f"{names} are {noun} that this text doesn't set. Enter their values."
        self.problems.append(Problem(here, message, rule=UNRESOLVED_VALUE))
