"""Tolerant JSON parsing."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from jobs.spec.documents import DocumentKind
from jobs.spec.parsing import json_error_messages
from jobs.spec.parsing import json_tokens as texts
from jobs.spec.parsing.errors import DocumentParseError, raise_at
from jobs.spec.parsing.json_source_map import SourceMap, build_source_map
from jobs.spec.parsing.json_tokens import STRING, LineIndex
from jobs.spec.parsing.unresolved_values import UnresolvedValue
from jobs.spec.problems import DocumentChange, describe, join_words, truncate

MAX_NESTING = 32
"""AWS's deepest document needs less than half."""

MAX_SPANS = 20
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
class ParsedText:
    value: dict[str, Any]
    changes: tuple[DocumentChange, ...]
    build_source_map: Callable[[], SourceMap]
    has_duplicate_keys: bool = False  # some object has a key twice
    kind: DocumentKind | None = None  # what the text says that it is
    offset: int = 0  # where it begins in the text
    origins: Mapping[str, str] = field(default_factory=dict)  # pointers of parts that the text has elsewhere
    unresolved: Sequence[UnresolvedValue] = ()  # the references that private characters in the value stand for


class _UnfitNumberError(Exception):
    """JSON or Python accepts it, and AWS does not."""


def parse_jsonc(text: str) -> ParsedText:
    """Raise DocumentParseError."""
    comments = texts.blank_comments(text)
    if comments.unclosed is not None:
        raise_at(text, comments.unclosed, "the comment that starts here with /* is not closed; end it with */.")
    if not comments.text.strip():
        raise DocumentParseError("The text is empty." if not text.strip() else "The text has only comments.")
    value, repeats = load_object(comments.text)
    changes = tuple(_comment_changes(text, comments.offsets))
    return ParsedText(value, changes, lambda: build_source_map(comments.text), repeats)


def parse_embedded_json(text: str, is_document: Callable[[dict[str, Any]], bool]) -> list[ParsedText]:
    comments = texts.blank_comments(text)
    if comments.unclosed is not None or comments.text.lstrip().startswith("["):
        return []
    documents: list[ParsedText] = []
    for start, end in _brace_spans(comments.text):
        inside = comments.text[start:end]
        clean, commas = _strip_trailing_commas(inside)
        whole = _blank_out(text[:start]) + clean + _blank_out(text[end:])
        try:
            value, repeats = load_object(whole)
        except DocumentParseError:
            continue
        if is_document(value):
            changes = [
                *_surroundings_changes(comments.text, start, end),
                *_comment_changes(text, tuple(offset for offset in comments.offsets if start <= offset < end)),
                *_comma_changes(text, [start + offset for offset in commas]),
            ]
            documents.append(ParsedText(value, tuple(changes), _lazy_source_map(whole), repeats, offset=start))
    return documents


def load_object(text: str) -> tuple[dict[str, Any], bool]:
    """Return also whether a key is duplicated. Raise DocumentParseError."""
    deep = texts.find_too_deep(text, MAX_NESTING)
    if deep is not None:
        raise_at(text, deep, f"brackets are nested {MAX_NESTING + 1} levels deep; the limit is {MAX_NESTING}.")
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
        explanation = json_error_messages.explain_json_error(text, error)
        raise_at(text, explanation.offset, explanation.message)
    except _UnfitNumberError as unfit:
        _raise_bad_number(text, str(unfit))
    if "\\u" in text:
        _reject_broken_escapes(text)
    if not isinstance(value, dict):
        hint = ' Put several submissions into {"jobs": [ … ]}.' if isinstance(value, list) else ""
        raise DocumentParseError(f"The text is {describe(value)}; a document must be an object in {{ }}.{hint}")
    return value, repeats


def _lazy_source_map(text: str) -> Callable[[], SourceMap]:
    return lambda: build_source_map(text)


def _brace_spans(text: str) -> Iterator[tuple[int, int]]:
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
                if count == MAX_SPANS:
                    return


def _strip_trailing_commas(text: str) -> tuple[str, list[int]]:
    commas = [match.start() for match in _TRAILING_COMMA.finditer(text) if match["comma"]]
    pieces: list[str] = []
    position = 0
    for offset in commas:
        pieces += text[position:offset], " "
        position = offset + 1
    return "".join([*pieces, text[position:]]), commas


def blank_spans(text: str, spans: Iterable[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + _blank_out(text[start:end]) + text[end:]
    return text


def _blank_out(text: str) -> str:
    return _NOT_LINE_END.sub(" ", text)


def _surroundings_changes(text: str, start: int, end: int) -> Iterator[DocumentChange]:
    lines = LineIndex(text)
    before, after = text[:start].strip(), text[end:].strip()
    where = []
    if before:
        where.append(f"before line {lines.position(start).line}" if "\n" in text[:start] else "before the first {")
    if after:
        where.append(
            f"after line {lines.position(end - 1).line}" if "\n" in text[end:].rstrip() else "after the last }"
        )
    if where:
        yield DocumentChange("", f"The text {join_words(where)} is not part of the document and was left out.")


def _comma_changes(text: str, offsets: list[int]) -> Iterator[DocumentChange]:
    if offsets:
        where = _on_lines(text, offsets)
        what = "comma before a closing bracket" if len(offsets) == 1 else "commas before closing brackets"
        were = "was" if len(offsets) == 1 else "were"
        yield DocumentChange("", f"The {what} on {where} {were} left out.")


def _comment_changes(text: str, offsets: tuple[int, ...]) -> Iterator[DocumentChange]:
    if len(offsets) == 1:
        yield DocumentChange("", f"The comment on {_on_lines(text, offsets)} was left out: JSON has no comments.")
    elif offsets:
        yield DocumentChange("", f"The comments on {_on_lines(text, offsets)} were left out: JSON has no comments.")


def _on_lines(text: str, offsets: tuple[int, ...] | list[int]) -> str:
    lines = LineIndex(text)
    numbers = list(dict.fromkeys(str(lines.position(offset).line) for offset in offsets))
    return f"line{'s' * (len(numbers) > 1)} {join_words(numbers)}"


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
    offset = next((offset for offset, word in texts.bare_words(text) if word.startswith(literal)), 0)
    if literal[-1].isdecimal():
        length = f" ({len(literal):,} characters)" if len(literal) > _MAX_NUMBER_LENGTH else ""
        raise_at(text, offset, f"the number {truncate(literal)}{length} is too large or too long.")
    raise_at(text, offset, f"{literal} is not a valid JSON number.")


def _reject_broken_escapes(text: str) -> None:
    """Raise for lone surrogates and NUL, which no database or shell can store."""
    for start, string in texts.quoted_strings(text):
        if "\\u" not in string:
            continue
        for escape in _ESCAPE.finditer(string):
            if escape["null"]:
                raise_at(text, start + escape.start(), "\\u0000 (NUL) can't be stored; remove it.")
            if escape["half"]:
                raise_at(
                    text,
                    start + escape.start(),
                    f"{escape['half']} is half a character (a lone surrogate); write the character itself.",
                )
