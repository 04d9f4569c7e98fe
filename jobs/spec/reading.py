"""A person's text becomes a document, and it is said what was done to it on the way."""

import json
import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from jobs.spec import complaints
from jobs.spec import text as texts
from jobs.spec.documents import TELLTALE_KEYS, Document, Kind, kind_of
from jobs.spec.places import Outline, outline
from jobs.spec.problems import Change, Problem, cut, listed, shown, split
from jobs.spec.text import Lines, Place

__all__ = ["DEEPEST", "LARGEST", "NotADocument", "Place", "Reading", "read"]

LARGEST = 1024 * 1024
"""Bytes of text that are read at all. RegisterJobDefinition takes 24 KiB and SubmitJob 30 KiB a job."""

DEEPEST = 32
"""Brackets within brackets; AWS's own deepest document has fewer than half."""

_LARGEST_NUMBER = 2**63 - 1
_LONGEST_NUMBER = 40  # digits; no number of AWS Batch has half as many
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # two halves that make one character
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(?P<null>\\u0000)|\\."
)


class NotADocument(ValueError):  # noqa: N818 - it says what the text is
    """A text that cannot be read as a document of any kind. The message is a sentence for a person."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True)
class Reading:
    """A text that was read: the document it holds, and what is to be said of the text itself."""

    text: str
    kind: Kind
    document: Document
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()

    def place(self, pointer: str) -> Place:
        """Where a value stands in the text: at its key, if it has one. Of the nearest ancestor if it is not there."""
        return self._lines.place(self._outline.offset(pointer))

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.text)

    @cached_property
    def _outline(self) -> Outline:
        return outline(texts.without_comments(self.text).blanked)


class _Unfit(Exception):  # noqa: N818 - never leaves this module
    """A number that JSON's grammar or Python would take, and AWS would not."""


def read(text: str | bytes) -> Reading:
    """Read a text as a document. Raises NotADocument, and nothing else, whatever the text is."""
    text = _decoded(text)
    comments = texts.without_comments(text)
    if comments.unclosed is not None:
        _refuse(text, comments.unclosed, "the comment that begins here with /* has no end (*/).")
    if not comments.blanked.strip():
        raise NotADocument("The text is empty." if not text.strip() else "The text holds nothing but comments.")

    document, repeats = _loaded(comments.blanked)
    kind = kind_of(document)
    if kind is None:
        keys = (f"{' or '.join(keys)} ({kind})" for kind, keys in TELLTALE_KEYS.items())
        raise NotADocument(
            f"This JSON is no document that AWS Batch knows: it has none of the keys {listed(keys, word='or')}."
        )

    changes = [*_said_of_comments(text, comments.found)]
    if kind is Kind.DEFINITION:
        document, typed = _with_type(document)
        changes += typed
    problems = _duplicate_keys(comments.blanked) if repeats else ()
    return Reading(text, kind, document, tuple(changes), problems)


def _refuse(text: str, offset: int, message: str) -> NoReturn:
    place = Lines(text).place(offset)
    raise NotADocument(f"Line {place.line}, column {place.column}: {message}", place.line, place.column)


def _decoded(raw: str | bytes) -> str:
    """The text without a byte order mark, if it is UTF-8 and not too large."""
    if len(raw) > LARGEST:
        _refuse_size(len(raw))
    if isinstance(raw, bytes):
        return _from_utf8(raw).removeprefix("\ufeff")
    lone = _SURROGATE.search(raw)
    if lone:
        _refuse(raw, lone.start(), "half a character (a lone surrogate) stands here; type it anew.")
    size = len(raw) if raw.isascii() else len(raw.encode())
    if size > LARGEST:
        _refuse_size(size)
    return raw.removeprefix("\ufeff")


def _from_utf8(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotADocument("The text is stored as UTF-16; save it as UTF-8.")
    try:
        return raw.decode()
    except UnicodeDecodeError as foreign:
        before = raw[: foreign.start].decode().removeprefix("\ufeff")
        _refuse(before, len(before), "this is not UTF-8 text; save the file as UTF-8.")


def _refuse_size(size: int) -> NoReturn:
    most = _mebibytes(LARGEST)
    raise NotADocument(f"The text is too large: it has {_mebibytes(size)}, and {most} are read at most.")


def _mebibytes(size: int) -> str:
    return f"{size / 1024 / 1024:.2f}".rstrip("0").rstrip(".") + " MiB"


def _loaded(text: str) -> tuple[Document, bool]:
    """The object that a text without comments holds, and whether an object has a key twice."""
    deep = texts.too_deep(text, DEEPEST)
    if deep is not None:
        _refuse(text, deep, f"brackets stand in brackets {DEEPEST + 1} deep; {DEEPEST} are read at most.")
    repeats = False

    def collect(pairs: list[tuple[str, Any]]) -> Document:
        nonlocal repeats
        collected = dict(pairs)
        repeats = repeats or len(collected) != len(pairs)
        return collected

    try:
        value = json.loads(
            text, object_pairs_hook=collect, parse_constant=_no_number, parse_int=_whole_number, parse_float=_number
        )
    except json.JSONDecodeError as error:
        complaint = complaints.about(text, error)
        _refuse(text, complaint.offset, complaint.message)
    except _Unfit as unfit:
        _refuse_number(text, str(unfit))
    if "\\u" in text:
        _refuse_broken_characters(text)
    if not isinstance(value, dict):
        hint = ' Write {"jobs": [ … ]} around several submissions.' if isinstance(value, list) else ""
        raise NotADocument(f"The text holds {shown(value)}; a document is an object in {{ }}.{hint}")
    return value, repeats


def _whole_number(literal: str) -> int:
    if len(literal) > _LONGEST_NUMBER or abs(int(literal)) > _LARGEST_NUMBER:
        raise _Unfit(literal)
    return int(literal)


def _number(literal: str) -> float:
    if len(literal) > _LONGEST_NUMBER or not math.isfinite(float(literal)):
        raise _Unfit(literal)
    return float(literal)


def _no_number(literal: str) -> NoReturn:
    raise _Unfit(literal)


def _refuse_number(text: str, literal: str) -> NoReturn:
    """Name the number that had to be refused, which is the first of its kind in the text."""
    offset = next((offset for offset, word in texts.words(text) if word.startswith(literal)), 0)
    if literal[-1].isdecimal():
        length = f" ({len(literal):,} characters)" if len(literal) > _LONGEST_NUMBER else ""
        _refuse(text, offset, f"the number {cut(literal)}{length} is too large or too long.")
    _refuse(text, offset, f"{literal} is not a number that JSON knows.")


def _refuse_broken_characters(text: str) -> None:
    """Refuse escapes that stand for no character, or for one that no database and no shell can keep."""
    for start, string in texts.strings(text):
        if "\\u" not in string:
            continue
        for escape in _ESCAPE.finditer(string):
            if escape["null"]:
                _refuse(
                    text, start + escape.start(), "\\u0000 stands for no character that can be kept; take it away."
                )
            if escape["half"]:
                _refuse(
                    text,
                    start + escape.start(),
                    f"{escape['half']} is half a character (a lone surrogate); write the character itself.",
                )


def _said_of_comments(text: str, offsets: tuple[int, ...]) -> list[Change]:
    if not offsets:
        return []
    lines = Lines(text)
    numbers = list(dict.fromkeys(str(lines.place(offset).line) for offset in offsets))
    if len(offsets) == 1:
        return [Change("", f"The comment on line {numbers[0]} was left out: JSON has no comments.")]
    where = f"line{'s' * (len(numbers) > 1)} {listed(numbers)}"
    return [Change("", f"The comments on {where} were left out: JSON has no comments.")]


def _with_type(document: Document) -> tuple[Document, list[Change]]:
    """A definition with the type that its own properties speak of, when it names none."""
    if "type" in document:
        return document, []
    told_by = {
        "containerProperties": "container",
        "ecsProperties": "container",
        "eksProperties": "container",
        "nodeProperties": "multinode",
    }
    types = {told_by[key]: key for key in told_by if key in document}
    if len(types) != 1:
        return document, []
    [(kind, key)] = types.items()
    name = {"jobDefinitionName": document["jobDefinitionName"]}
    message = f"The type was missing; it was set to “{kind}”, because the definition has {key}."
    return {**name, "type": kind, **document}, [Change("/type", message)]


def _duplicate_keys(text: str) -> tuple[Problem, ...]:
    lines = Lines(text)
    return tuple(
        Problem(
            duplicate.pointer,
            f"{cut(split(duplicate.pointer)[-1])} stands twice in the same object, on lines "
            f"{lines.place(duplicate.first).line} and {lines.place(duplicate.second).line}; take one of them away.",
            rule="reading.duplicate-key",
        )
        for duplicate in outline(text).duplicates
    )
