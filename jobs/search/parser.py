"""Text of a search to its terms."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from jobs.search import values
from jobs.search.grammar import KEY, NEGATION, VALUE, WORD, subkey_of, unquote
from jobs.search.keys import COMPARISONS, SOURCES, Kind, SearchKey, key_names, key_of, nearest, status_name
from jobs.search.query import Search, Term, quote
from jobs.search.text import words
from jobs.states import STATUSES

MAX_LENGTH = 1_000
MAX_TERMS = 30
MAX_VALUES = 50

_SPACE = re.compile(r"\s*")
_CHUNK = re.compile(r"\S*")
# A time that no relative one leaves the range of Python's dates from.
_SAMPLE_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SearchProblem:
    """What can't be understood, from `start` to `end` of the text, and what to write there, if that is known."""

    start: int
    end: int
    message: str
    suggestion: str = ""


class SearchError(ValueError):
    """The search has problems."""

    def __init__(self, *problems: SearchProblem) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems


def parse(text: str) -> Search:
    """Raise SearchError with all problems."""
    if len(text) > MAX_LENGTH:
        message = f"A search can have {MAX_LENGTH:,} characters; this one has {len(text):,}."
        raise SearchError(SearchProblem(MAX_LENGTH, len(text), message))
    for position, character in enumerate(text):
        if unicodedata.category(character) in ("Cc", "Cs") and not character.isspace():
            raise SearchError(SearchProblem(position, position + 1, "Remove the invalid character."))
    terms: list[Term] = []
    problems: list[SearchProblem] = []
    for item in _Reader(text).items():
        if isinstance(item, Term):
            terms.append(item)
        else:
            problems.extend(item)
    if len(terms) > MAX_TERMS:
        problems.append(
            SearchProblem(terms[MAX_TERMS].start, len(text), f"A search can have {MAX_TERMS} conditions.")
        )
    if problems:
        raise SearchError(*problems)
    return Search(tuple(terms))


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def items(self) -> Iterator[Term | tuple[SearchProblem, ...]]:
        """Yield the terms, and the problems of what isn't one."""
        while True:
            self._skip(_SPACE)
            if self.position == len(self.text):
                return
            start = self.position
            try:
                yield self._term(start)
            except SearchError as error:
                self.position = max(self.position, *(problem.end for problem in error.problems))
                self._skip(_CHUNK)
                yield error.problems

    def _skip(self, pattern: re.Pattern[str]) -> str:
        """Return what is skipped."""
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return match[0] if match else ""

    def _term(self, start: int) -> Term:
        negated = bool(self._skip(NEGATION))
        match = KEY.match(self.text, self.position)
        if match is None:
            return self._free_text(start, negated=negated)
        self.position = match.end()
        key, name = self._key(match)
        operator = match["operator"].lstrip(":") or ":"
        if operator not in key.operators:
            raise self._wrong_operator(match, key, name)
        term_values = tuple(self._values(key, operator))
        return Term(name, term_values, operator, negated, start=start, end=self.position)

    def _free_text(self, start: int, *, negated: bool) -> Term:
        value, is_phrase = self._value(WORD)
        if not words(value):
            message = f"“{value[:40]}” has no letters or digits to search for."
            raise SearchError(SearchProblem(start, self.position, message))
        return Term("", (value,), negated=negated, is_phrase=is_phrase, start=start, end=self.position)

    def _key(self, match: re.Match[str]) -> tuple[SearchKey, str]:
        """Return the key, and its name in this term."""
        subkey = subkey_of(match)
        name = match["name"] + ("." if match["subkey"] is not None else "") + subkey
        key = key_of(name)
        if key:
            return key, key.name + subkey
        place = match.start(), match.end()
        if prefixed := key_of(f"{match['name']}.x"):
            message = f"Write {prefixed.name} with a name, such as {prefixed.example}."
            raise SearchError(SearchProblem(*place, message, prefixed.name))
        message = f"There is no key “{name[:40]}”. To search for the text, put it in quotation marks."
        if similar := nearest(match["name"], key_names()):
            rest = subkey + match["operator"] if similar.endswith(".") else match["operator"]
            raise SearchError(SearchProblem(*place, message, similar + rest))
        self._skip(_CHUNK)
        text = self.text[match.start() : self.position]
        raise SearchError(SearchProblem(match.start(), self.position, message, quote(text)))

    def _wrong_operator(self, match: re.Match[str], key: SearchKey, name: str) -> SearchError:
        if ":" in key.operators:
            message, operator = f"Write {key.name} with a colon, such as {key.example}.", ":"
        else:
            message, operator = f"Compare {key.name} with < or >, such as {key.example}.", ">"
        return SearchError(SearchProblem(match.start(), match.end(), message, name + operator))

    def _values(self, key: SearchKey, operator: str) -> Iterator[str]:
        count = 0
        while True:
            start = self.position
            following = self.text[start : start + 1]
            if not following or following.isspace() or following == ",":
                raise SearchError(SearchProblem(start, start, f"Enter a value, such as {key.example}."))
            value, _ = self._value(VALUE)
            count += 1
            place = start, self.position
            if count > (1 if key.is_single else MAX_VALUES):
                limit = "one value" if key.is_single else f"{MAX_VALUES} values"
                raise SearchError(SearchProblem(*place, f"{key.name.capitalize()} can have {limit}."))
            yield _checked_value(key, operator, value, place)
            if self.text[self.position : self.position + 1] != ",":
                return
            self.position += 1

    def _value(self, pattern: re.Pattern[str]) -> tuple[str, bool]:
        """Return the value, and whether it was quoted."""
        match = pattern.match(self.text, self.position)
        if match is None:  # it begins with a quotation mark
            text = self.text[self.position :].rstrip()
            closed = text if text.endswith("\\") else f'{text}"'
            raise SearchError(SearchProblem(self.position, len(self.text), "Close the quotation marks.", closed))
        self.position = match.end()
        return (unquote(match["quoted"]), True) if match["quoted"] else (match["bare"], False)


def _checked_value(key: SearchKey, operator: str, value: str, place: tuple[int, int]) -> str:
    """Return the value as a search holds it. Raise SearchError."""
    if key.kind in _NAMES:
        names, canonical = _NAMES[key.kind]
        if name := canonical(value):
            return name
        message = f"There is no {key.name} “{value[:40]}”."
        raise SearchError(SearchProblem(*place, message, nearest(value, names)))
    try:
        kind = Kind.NUMBER if key.kind is Kind.SIZE and operator in COMPARISONS else key.kind
        if check := _CHECKS.get(kind):
            check(value)
    except ValueError as error:
        raise SearchError(SearchProblem(*place, str(error))) from None
    return value


def _check_words(text: str) -> None:
    if not words(text):
        raise ValueError(f"“{text[:40]}” has no letters or digits to search for.")


_NAMES: Mapping[Kind, tuple[tuple[str, ...], Callable[[str], str]]] = MappingProxyType(
    {
        Kind.STATUS: (tuple(name.lower() for name in STATUSES), status_name),
        Kind.SOURCE: (SOURCES, lambda text: text.lower() if text.lower() in SOURCES else ""),
    }
)
_CHECKS: Mapping[Kind, Callable[[str], object]] = MappingProxyType(
    {
        Kind.TIME: lambda text: values.parse_time(text, _SAMPLE_TIME),
        Kind.MOMENT: lambda text: values.parse_time(text, _SAMPLE_TIME),
        Kind.DURATION: values.parse_duration,
        Kind.MONEY: values.parse_money,
        Kind.NUMBER: values.parse_number,
        Kind.SIZE: values.parse_size,
        Kind.MONTH: values.check_month,
        Kind.DAYS: values.parse_days,
        Kind.WORDS: _check_words,
    }
)
