"""The parser: a person's text to a document, with a record of every correction.

A text is parsed by the first format that recognises it. Then the wrapping is removed: AWS output, a CLI skeleton,
other spellings of keys. To accept another format, add its function to `SLOW_FORMATS`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn

from jobs.spec.documents import KIND_KEYS, Document, DocumentKind, detect_kind
from jobs.spec.parsing import cli_skeleton, describe_output, empty_members, key_case
from jobs.spec.parsing.cli_command import parse_cli_command
from jobs.spec.parsing.errors import DocumentParseError, raise_at
from jobs.spec.parsing.json_source_map import SourceMap
from jobs.spec.parsing.json_tokens import LineIndex, TextPosition
from jobs.spec.parsing.jsonc import MAX_NESTING, ParsedText, parse_embedded_json, parse_jsonc
from jobs.spec.problems import DocumentChange, LocatedProblem, Problem, join_words, split_pointer, truncate
from jobs.spec.rules.registry import ERROR, register_rule

__all__ = [
    "MAX_NESTING",
    "MAX_SLOW_FORMAT_LENGTH",
    "MAX_TEXT_BYTES",
    "DocumentParseError",
    "ParseResult",
    "TextPosition",
    "parse",
    "parse_problem",
]

MAX_TEXT_BYTES = 1024 * 1024
"""Bytes of text that are parsed at all. RegisterJobDefinition takes 24 KiB and SubmitJob 30 KiB per job."""

MAX_SLOW_FORMAT_LENGTH = 64 * 1024
"""Characters of text up to which formats slower than JSON with comments are tried."""

DUPLICATE_KEY = register_rule(
    "reading.duplicate-key", ERROR,
    "A key can occur only once in an object; parsers differ in which of two they use. Source: RFC 8259, section 4.",
)  # fmt: skip
NO_DOCUMENT = register_rule(
    "reading.no-document", ERROR,
    "The text must be a job definition, a submission or a workflow in JSON. Source: the portal.",
)  # fmt: skip

_SURROGATE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class ParseResult:
    """A parsed text: its document, the corrections, and the problems of the text itself."""

    text: str
    kind: DocumentKind
    document: Document
    changes: tuple[DocumentChange, ...] = ()
    problems: tuple[Problem, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Pointers of parts that have another pointer in the source."""
    _build_source_map: Callable[[], SourceMap] = field(default=SourceMap.empty, repr=False, compare=False)

    def position(self, pointer: str) -> TextPosition:
        """Return the position of a value's key in the text, or of its nearest ancestor that the text has."""
        return self._lines.position(self._source_map.offset(self._source_pointer(pointer)))

    def locate(self, problem: Problem) -> LocatedProblem:
        place = self.position(problem.pointer)
        return LocatedProblem(problem, place.line, place.column)

    def _source_pointer(self, pointer: str) -> str:
        """Return the pointer in the source."""
        whole = pointer
        while whole not in self.origins and whole:
            whole = whole.rpartition("/")[0]
        if whole not in self.origins:
            return pointer
        return self.origins[whole] + pointer[len(whole) :]

    @cached_property
    def _lines(self) -> LineIndex:
        return LineIndex(self.text)

    @cached_property
    def _source_map(self) -> SourceMap:
        return self._build_source_map()


def parse_problem(error: DocumentParseError) -> LocatedProblem:
    """Return the error as the one problem of its text."""
    return LocatedProblem(Problem("", error.message, rule=NO_DOCUMENT), error.line, error.column)


def parse(text: str | bytes, kind: DocumentKind | None = None) -> ParseResult:
    """Parse a text as a document. Raise DocumentParseError, and nothing else, for any text.

    `kind` is what the document is meant to be; without it, its keys decide.
    """
    text = _decode(text)
    source = _parse_text(text, kind)
    conversion = describe_output.convert_describe_output(source.value)
    document = conversion.document if conversion else source.value
    origins = dict(conversion.origins) if conversion else {}
    changes = [*source.changes, *(conversion.changes if conversion else ())]
    document_kind = kind or (conversion.kind if conversion else _detect_kind_of(document))
    if document_kind is None:
        key_hints = (f"{' or '.join(keys)} ({kind})" for kind, keys in KIND_KEYS.items())
        raise DocumentParseError(
            f"This JSON is not an AWS Batch document: it has none of the keys "
            f"{join_words(key_hints, conjunction='or')}."
        )

    for step in (key_case.fix_keys_and_types, cli_skeleton.strip_skeleton, empty_members.drop_empty_members):
        result = step(document, document_kind)
        if result:
            document = result.document
            changes += result.changes
            origins = _compose_origins(origins, result.origins)
    if document_kind is DocumentKind.DEFINITION:
        document, type_changes = _add_type(document)
        changes += type_changes
    problems = _duplicate_keys(text, source.build_source_map()) if source.has_duplicate_keys else ()
    return ParseResult(text, document_kind, document, tuple(changes), problems, origins, source.build_source_map)


def _parse_text(text: str, kind: DocumentKind | None) -> ParsedText:
    try:
        return parse_jsonc(text)
    except DocumentParseError:
        if len(text) > MAX_SLOW_FORMAT_LENGTH:
            raise
        for of_format in SLOW_FORMATS:
            result = of_format(text, kind)
            if result is not None:
                return result
        raise


def _detect_kind_of(value: Document) -> DocumentKind | None:
    return detect_kind(value) or key_case.detect_kind_any_spelling(value)


def _embedded_json(text: str, kind: DocumentKind | None) -> ParsedText | None:
    def is_document(value: Document) -> bool:
        return kind is not None or _detect_kind_of(value) is not None or _is_describe_output(value)

    return parse_embedded_json(text, is_document)


def _is_describe_output(value: Document) -> bool:
    return isinstance(value.get("jobDefinitions"), list)


def _cli_command(text: str, _: DocumentKind | None) -> ParsedText | None:
    return parse_cli_command(text)


SLOW_FORMATS: tuple[Callable[[str, DocumentKind | None], ParsedText | None], ...] = (_cli_command, _embedded_json)
"""Formats besides JSON with comments, in order. Each takes the text and the requested kind and returns None for a
text of another format; it raises DocumentParseError for a text of its format that it can't parse."""


def _compose_origins(earlier: Mapping[str, str], later: Mapping[str, str]) -> dict[str, str]:
    """Compose the origins of two steps: `later` refers to pointers that `earlier` created."""
    view = ParseResult("", DocumentKind.DEFINITION, {}, origins=earlier)
    return {**earlier, **{new: view._source_pointer(old) for new, old in later.items()}}  # noqa: SLF001 - of this module


def _decode(raw: str | bytes) -> str:
    """Return the text without a byte order mark. Raise DocumentParseError if it is not UTF-8 or too large."""
    if len(raw) > MAX_TEXT_BYTES:
        _raise_too_large(len(raw))
    if isinstance(raw, bytes):
        return _from_utf8(raw).removeprefix("\ufeff")
    surrogate = _SURROGATE.search(raw)
    if surrogate:
        raise_at(raw, surrogate.start(), "this is half a character (a lone surrogate); type the character again.")
    size = len(raw) if raw.isascii() else len(raw.encode())
    if size > MAX_TEXT_BYTES:
        _raise_too_large(size)
    return raw.removeprefix("\ufeff")


def _from_utf8(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentParseError("The text is stored as UTF-16; save it as UTF-8.")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode().removeprefix("\ufeff")
        raise_at(before, len(before), "this is not UTF-8 text; save the file as UTF-8.")


def _raise_too_large(size: int) -> NoReturn:
    limit = _mebibytes(MAX_TEXT_BYTES)
    raise DocumentParseError(f"The text is too large: it has {_mebibytes(size)}, and the limit is {limit}.")


def _mebibytes(size: int) -> str:
    return f"{size / 1024 / 1024:.2f}".rstrip("0").rstrip(".") + " MiB"


def _add_type(document: Document) -> tuple[Document, list[DocumentChange]]:
    """Add the type that follows from the definition's properties, if it has none."""
    if "type" in document:
        return document, []
    types_by_key = {
        "containerProperties": "container",
        "ecsProperties": "container",
        "eksProperties": "container",
        "nodeProperties": "multinode",
    }
    types = {types_by_key[key]: key for key in types_by_key if key in document}
    if len(types) != 1:
        return document, []
    [(kind, key)] = types.items()
    name: dict[str, Any] = {key: document[key] for key in ("jobDefinitionName",) if key in document}
    message = f"The type was missing; it was set to “{kind}”, because the definition has {key}."
    return {**name, "type": kind, **document}, [DocumentChange("/type", message)]


def _duplicate_keys(text: str, source_map: SourceMap) -> tuple[Problem, ...]:
    lines = LineIndex(text)
    return tuple(
        Problem(
            duplicate.pointer,
            f"{truncate(split_pointer(duplicate.pointer)[-1])} is in the same object twice, on lines "
            f"{lines.position(duplicate.first).line} and {lines.position(duplicate.second).line}; "
            "remove one of them.",
            rule=DUPLICATE_KEY,
        )
        for duplicate in source_map.duplicates
    )
