"""A search and its terms."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

_BARE_VALUE = re.compile(r"(?![<>])[^\s\",]+")
_BARE_WORD = re.compile(r"(?!-(?!-))(?![A-Za-z_]+(?:\.[^\s:<>\"]*)?[:<>])[^\s\"]+")
_BARE_SUBKEY = re.compile(r"[^\s\":<>]+")


@dataclass(frozen=True)
class Term:
    """A condition. Free text has the key "", one value, and is a phrase of whole words if it was quoted.

    `start` and `end` are its place in the text that it was read from, and don't count when terms are compared.
    """

    key: str
    values: tuple[str, ...]
    operator: str = ":"
    negated: bool = False
    is_phrase: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if not self.key and (not _BARE_WORD.fullmatch(self.values[0]) or (self.negated and self.values[0][0] == "-")):
            object.__setattr__(self, "is_phrase", True)

    def __str__(self) -> str:
        sign = "-" if self.negated else ""
        if not self.key:
            return sign + (quote(self.values[0]) if self.is_phrase else self.values[0])
        name, dot, subkey = self.key.partition(".")
        key = name + dot + (subkey_text(subkey) if dot else "")
        return f"{sign}{key}{self.operator}{','.join(map(value_text, self.values))}"

    @property
    def subkey(self) -> str:
        """The name behind the dot: Project of tag.Project."""
        return self.key.partition(".")[2]


@dataclass(frozen=True)
class Search:
    """All terms must match; of a term with several values, any. Its text reads as the same search."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    def with_term(self, term: Term) -> Self:
        return self if term in self.terms else replace(self, terms=(*self.terms, term))

    def without(self, term: Term) -> Self:
        return replace(self, terms=tuple(other for other in self.terms if other != term))

    def without_keys(self, *keys: str) -> Self:
        return replace(self, terms=tuple(term for term in self.terms if term.key not in keys))

    def with_values(self, key: str, values: Iterable[str]) -> Self:
        """Put one term with these values in the place of all terms of the key; none without values."""
        rest = self.without_keys(key)
        new_values = tuple(values)
        return rest.with_term(Term(key, new_values)) if new_values else rest

    def values_of(self, key: str) -> tuple[str, ...]:
        """Return the values that the search asks for with `key:`."""
        return tuple(
            value
            for term in self.terms
            if term.key == key and term.operator == ":" and not term.negated
            for value in term.values
        )


def subkey_text(name: str) -> str:
    """Return the name as it stands behind the dot of a key, quoted where needed."""
    return name if _BARE_SUBKEY.fullmatch(name) else quote(name)


def value_text(value: str) -> str:
    """Return the value as it stands behind a key, quoted where needed."""
    return value if _BARE_VALUE.fullmatch(value) else quote(value)


def quote(value: str) -> str:
    """Return the value in quotation marks."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
