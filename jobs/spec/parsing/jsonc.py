"""Tolerant JSON parsing: strict, with comments, or with trailing commas and surrounding prose."""

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from jobs.spec.parsing import json_error_messages
from jobs.spec.parsing import json_tokens as texts
from jobs.spec.parsing.errors import NotADocument, refuse
from jobs.spec.parsing.json_source_map import Outline, outline
from jobs.spec.parsing.json_tokens import STRING, Lines
from jobs.spec.problems import Change, cut, listed, shown

DEEPEST = 32
"""Nesting depth; AWS's deepest document needs less than half."""

MOST_SPANS = 20
"""Pairs of outer braces that are tried in a text with prose."""

_MAX_INTEGER = 2**63 - 1
_MAX_NUMBER_LENGTH = 40  # characters; no number of AWS Batch has half as many
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a surrogate pair
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(?P<null>\\u0000)|\\."
)
_BRACE_OR_STRING = re.compile(STRING + r"|(?P<open>\{)|(?P<close>\})")
_TRAILING_COMMA = re.compile(STRING + r"|(?P<comma>,)(?=\s*+[}\]])")
_NOT_LINE_END = re.compile(r"[^\r\n]")


@dataclass(frozen=True)
class Written:
    """The value of a text, the corrections it needed, and its source map."""

    value: dict[str, Any]
    changes: tuple[Change, ...]
    outline: Callable[[], Outline]
    repeats: bool = False  # some object has a key twice


class _UnfitNumberError(Exception):
    """A number that JSON or Python accepts and AWS does not."""


def with_comments(text: str) -> Written:
    """Parse JSON that may have comments. Raise DocumentParseError."""
    comments = texts.without_comments(text)
    if comments.unclosed is not None:
        refuse(text, comments.unclosed, "the comment that begins here with /* has no end (*/).")
    if not comments.blanked.strip():
        raise NotADocument("The text is empty." if not text.strip() else "The text holds nothing but comments.")
    value, repeats = loaded(comments.blanked)
    changes = tuple(_comment_changes(text, comments.found))
    return Written(value, changes, lambda: outline(comments.blanked), repeats)


def among_other_text(text: str, is_document: Callable[[dict[str, Any]], bool]) -> Written | None:
    """Return the only document in a text with prose around it or trailing commas, or None."""
    comments = texts.without_comments(text)
    if comments.unclosed is not None or comments.blanked.lstrip().startswith("["):
        return None
    documents: list[tuple[Written, tuple[int, int]]] = []
    for start, end in _brace_spans(comments.blanked):
        inside = comments.blanked[start:end]
        clean, commas = _strip_trailing_commas(inside)
        whole = _blank_out(text[:start]) + clean + _blank_out(text[end:])
        try:
            value, repeats = loaded(whole)
        except NotADocument:
            continue
        if is_document(value):
            changes = [
                *_surroundings_changes(comments.blanked, start, end),
                *_comment_changes(text, tuple(offset for offset in comments.found if start <= offset < end)),
                *_comma_changes(text, [start + offset for offset in commas]),
            ]
            documents.append((Written(value, tuple(changes), _lazy_source_map(whole), repeats), (start, end)))
    return documents[0][0] if len(documents) == 1 else None


def loaded(text: str) -> tuple[dict[str, Any], bool]:
    """Parse JSON without comments. Return the object and whether a key is duplicated. Raise DocumentParseError."""
    deep = texts.too_deep(text, DEEPEST)
    if deep is not None:
        refuse(text, deep, f"brackets stand in brackets {DEEPEST + 1} deep; {DEEPEST} are read at most.")
    repeats = False

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        collected = dict(pairs)
        repeats = repeats or len(collected) != len(pairs)
        return collected

    try:
        value = json.loads(
            text,
            object_pairs_hook=collect,
            parse_constant=_reject_constant,
            parse_int=_parse_integer,
            parse_float=_parse_float,
        )
    except json.JSONDecodeError as error:
        explanation = json_error_messages.about(text, error)
        refuse(text, explanation.offset, explanation.message)
    except _UnfitNumberError as unfit:
        _raise_bad_number(text, str(unfit))
    if "\\u" in text:
        _reject_broken_escapes(text)
    if not isinstance(value, dict):
        hint = ' Write {"jobs": [ … ]} around several submissions.' if isinstance(value, list) else ""
        raise NotADocument(f"The text holds {shown(value)}; a document is an object in {{ }}.{hint}")
    return value, repeats


def _lazy_source_map(text: str) -> Callable[[], Outline]:
    return lambda: outline(text)


def _brace_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each outermost pair of braces."""
    depth = start = count = 0
    for match in _BRACE_OR_STRING.finditer(text):
        if match["open"]:
            if not depth:
                start = match.start()
            depth += 1
        elif match["close"] and depth:
            depth -= 1
            if not depth:
                yield start, match.end()
                count += 1
                if count == MOST_SPANS:
                    return


def _strip_trailing_commas(text: str) -> tuple[str, list[int]]:
    commas = [match.start() for match in _TRAILING_COMMA.finditer(text) if match["comma"]]
    pieces: list[str] = []
    position = 0
    for offset in commas:
        pieces += text[position:offset], " "
        position = offset + 1
    return "".join([*pieces, text[position:]]), commas


def _blank_out(text: str) -> str:
    return _NOT_LINE_END.sub(" ", text)


def _surroundings_changes(text: str, start: int, end: int) -> Iterator[Change]:
    lines = Lines(text)
    before, after = text[:start].strip(), text[end:].strip()
    where = []
    if before:
        where.append(f"before line {lines.place(start).line}" if "\n" in text[:start] else "before the first {")
    if after:
        where.append(f"after line {lines.place(end - 1).line}" if "\n" in text[end:].rstrip() else "after the last }")
    if where:
        yield Change("", f"What stands {listed(where)} is no part of the document and was left out.")


def _comma_changes(text: str, offsets: list[int]) -> Iterator[Change]:
    if offsets:
        where = _on_lines(text, offsets)
        what = "comma before a closing bracket" if len(offsets) == 1 else "commas before closing brackets"
        were = "was" if len(offsets) == 1 else "were"
        yield Change("", f"The {what} on {where} {were} left out.")


def _comment_changes(text: str, offsets: tuple[int, ...]) -> Iterator[Change]:
    if len(offsets) == 1:
        yield Change("", f"The comment on {_on_lines(text, offsets)} was left out: JSON has no comments.")
    elif offsets:
        yield Change("", f"The comments on {_on_lines(text, offsets)} were left out: JSON has no comments.")


def _on_lines(text: str, offsets: tuple[int, ...] | list[int]) -> str:
    lines = Lines(text)
    numbers = list(dict.fromkeys(str(lines.place(offset).line) for offset in offsets))
    return f"line{'s' * (len(numbers) > 1)} {listed(numbers)}"


def _parse_integer(literal: str) -> int:
    if len(literal) > _MAX_NUMBER_LENGTH or abs(int(literal)) > _MAX_INTEGER:
        raise _UnfitNumberError(literal)
    return int(literal)


def _parse_float(literal: str) -> float:
    if len(literal) > _MAX_NUMBER_LENGTH or not math.isfinite(float(literal)):
        raise _UnfitNumberError(literal)
    return float(literal)


def _reject_constant(literal: str) -> NoReturn:
    raise _UnfitNumberError(literal)


def _raise_bad_number(text: str, literal: str) -> NoReturn:
    """Raise for the first number of this spelling in the text."""
    offset = next((offset for offset, word in texts.words(text) if word.startswith(literal)), 0)
    if literal[-1].isdecimal():
        length = f" ({len(literal):,} characters)" if len(literal) > _MAX_NUMBER_LENGTH else ""
        refuse(text, offset, f"the number {cut(literal)}{length} is too large or too long.")
    refuse(text, offset, f"{literal} is not a number that JSON knows.")


def _reject_broken_escapes(text: str) -> None:
    """Raise for escapes of lone surrogates and of NUL, which no database or shell can store."""
    for start, string in texts.strings(text):
        if "\\u" not in string:
            continue
        for escape in _ESCAPE.finditer(string):
            if escape["null"]:
                refuse(
                    text, start + escape.start(), "\\u0000 stands for no character that can be kept; take it away."
                )
            if escape["half"]:
                refuse(
                    text,
                    start + escape.start(),
                    f"{escape['half']} is half a character (a lone surrogate); write the character itself.",
                )
