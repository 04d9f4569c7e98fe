"""The parser: a text to a document, with every correction."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NoReturn

from jobs.spec.documents import KIND_KEYS, Document, DocumentKind, detect_kind
from jobs.spec.parsing import cli_skeleton, describe_output, empty_members, foreign_shapes, key_case
from jobs.spec.parsing.cli_command import parse_cli_commands, parse_curl_commands
from jobs.spec.parsing.errors import DocumentCandidate, DocumentParseError, SeveralDocumentsError, raise_at
from jobs.spec.parsing.json_source_map import SourceMap
from jobs.spec.parsing.json_tokens import LineIndex, TextPosition
from jobs.spec.parsing.jsonc import MAX_NESTING, ParsedText, blank_spans, parse_embedded_json, parse_jsonc
from jobs.spec.parsing.shell import read_script
from jobs.spec.parsing.terraform import parse_terraform
from jobs.spec.parsing.unresolved_values import (
    UnresolvedValue,
    UnresolvedValues,
    has_marks,
    restore_references,
    restore_text,
)
from jobs.spec.parsing.yaml_text import looks_like_yaml, parse_yaml
from jobs.spec.problems import DocumentChange, LocatedProblem, Problem, join_words, split_pointer, truncate
from jobs.spec.rules.registry import ERROR, register_rule
from jobs.spec.suggestions import fold_name

__all__ = [
    "MAX_NESTING",
    "MAX_SLOW_FORMAT_LENGTH",
    "MAX_TEXT_BYTES",
    "DocumentCandidate",
    "DocumentParseError",
    "ParseResult",
    "SeveralDocumentsError",
    "TextPosition",
    "parse",
    "parse_problem",
]

MAX_TEXT_BYTES = 1024 * 1024
"""RegisterJobDefinition takes 24 KiB and SubmitJob 30 KiB per job."""

MAX_SLOW_FORMAT_LENGTH = 64 * 1024
"""Characters up to which formats slower than JSON with comments are tried."""

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
    text: str
    kind: DocumentKind
    document: Document
    changes: tuple[DocumentChange, ...] = ()
    problems: tuple[Problem, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Pointers of parts that have another pointer in the source."""
    _build_source_map: Callable[[], SourceMap] = field(default=SourceMap.empty, repr=False, compare=False)

    def position(self, pointer: str) -> TextPosition:
        return self._lines.position(self._source_map.offset(self._source_pointer(pointer)))

    def locate(self, problem: Problem) -> LocatedProblem:
        place = self.position(problem.pointer)
        return LocatedProblem(problem, place.line, place.column)

    def _source_pointer(self, pointer: str) -> str:
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
    return LocatedProblem(Problem("", error.message, rule=NO_DOCUMENT), error.line, error.column)


def parse(text: str | bytes, kind: DocumentKind | None = None, number: int | None = None) -> ParseResult:
    """Raise DocumentParseError, and nothing else, for any text.

    Without `kind`, the document's keys decide. `number` chooses, from 1, one of those that a SeveralDocumentsError
    lists.
    """
    text = _decode(text)
    source = _parse_text(text, kind, number)
    conversion = describe_output.convert_describe_output(source.value)
    document = conversion.document if conversion else source.value
    origins = _compose_origins(source.origins, conversion.origins if conversion else {})
    changes = [*source.changes, *(conversion.changes if conversion else ())]
    document_kind = kind or (conversion.kind if conversion else source.kind or _detect_kind_of(document))
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
    document, problems = restore_references(document, source.unresolved)
    problems = (*problems, *(conversion.problems if conversion else ()))
    if source.has_duplicate_keys:
        problems = (*_duplicate_keys(text, source.build_source_map()), *problems)
    return ParseResult(text, document_kind, document, tuple(changes), problems, origins, source.build_source_map)


def _parse_text(text: str, kind: DocumentKind | None, number: int | None) -> ParsedText:
    try:
        parsed = [parse_jsonc(text)]
    except DocumentParseError:
        if len(text) > MAX_SLOW_FORMAT_LENGTH or has_marks(text):
            raise
        parsed = next(filter(None, (find_documents(text, kind) for find_documents in SLOW_FORMATS)), [])
        if not parsed:
            raise
    return _choose(text, [document for entry in parsed for document in _convert_foreign(entry, kind)], kind, number)


def _convert_foreign(parsed: ParsedText, kind: DocumentKind | None) -> list[ParsedText]:
    if parsed.kind or (detect_kind(parsed.value) and not _is_definition_response(parsed.value)):
        return [parsed]
    unresolved = UnresolvedValues(list(parsed.unresolved))
    source_map = parsed.build_source_map()
    return [
        replace(
            parsed,
            value=foreign.document,
            changes=(*parsed.changes, *foreign.changes),
            kind=foreign.kind,
            origins=foreign.origins,
            offset=source_map.offset(foreign.origins.get("", "")),
            unresolved=unresolved.values,
        )
        for foreign in foreign_shapes.convert_foreign_shape(parsed.value, unresolved)
        if kind in (None, foreign.kind) or foreign.kind is None
    ] or [parsed]


def _is_definition_response(value: Document) -> bool:
    return isinstance(value.get("jobDefinitions"), list)


def _choose(text: str, documents: list[ParsedText], kind: DocumentKind | None, number: int | None) -> ParsedText:
    if number is not None and 1 <= number <= len(documents):
        return documents[number - 1]
    kinds = [document.kind or _detect_kind_of(document.value) for document in documents]
    if len(documents) == 1 or (kind and kinds.count(kind) == 1):
        return documents[kinds.index(kind) if len(documents) > 1 else 0]
    lines = LineIndex(text)
    candidates = tuple(
        DocumentCandidate(
            position, of_kind, _name_of(document.value, document.unresolved), lines.position(document.offset).line
        )
        for position, (document, of_kind) in enumerate(zip(documents, kinds, strict=True), 1)
    )
    labels = join_words(candidate.label for candidate in candidates)
    raise SeveralDocumentsError(f"The text has {len(documents)} documents: {labels}. Choose one of them.", candidates)


def _name_of(value: Document, unresolved: Sequence[UnresolvedValue]) -> str:
    by_fold = {fold_name(key): member for key, member in list(value.items())[:1000]}
    names = (by_fold.get(key) for key in ("jobdefinitionname", "jobname"))
    return next((restore_text(name, unresolved) for name in names if isinstance(name, str)), "")


def _detect_kind_of(value: Document) -> DocumentKind | None:
    return detect_kind(value) or key_case.detect_kind_any_spelling(value)


def _shell_documents(text: str, kind: DocumentKind | None) -> list[ParsedText]:
    script = read_script(text)
    commands = [
        *parse_cli_commands(script),
        *(document for document in parse_curl_commands(script) if _is_document(document.value, kind)),
    ]
    rest = blank_spans(text, script.consumed_spans) if commands else script.expanded
    embedded = [
        replace(document, unresolved=script.unresolved.values)
        for document in parse_embedded_json(rest, lambda value: _is_document(value, None if commands else kind))
    ]
    return sorted([*commands, *embedded], key=lambda document: document.offset)


def _terraform_documents(text: str, _: DocumentKind | None) -> list[ParsedText]:
    return parse_terraform(text)


def _yaml_documents(text: str, kind: DocumentKind | None) -> list[ParsedText]:
    if not looks_like_yaml(text):
        return []
    return [document for document in parse_yaml(text) if _is_document(document.value, kind)]


def _is_document(value: Document, kind: DocumentKind | None) -> bool:
    if value.keys() <= _RECEIPT_KEYS:
        return False
    if kind is not None or _detect_kind_of(value) is not None or _is_definition_response(value):
        return True
    return bool(foreign_shapes.convert_foreign_shape(value, UnresolvedValues()))


_RECEIPT_KEYS = frozenset({"jobArn", "jobName", "jobId", "jobDefinitionName", "jobDefinitionArn", "revision"})
"""Keys of what SubmitJob and RegisterJobDefinition answer, which is no document."""

SLOW_FORMATS: tuple[Callable[[str, DocumentKind | None], list[ParsedText]], ...] = (
    _terraform_documents,
    _shell_documents,
    _yaml_documents,
)
"""Formats besides JSON with comments, in order.

Each takes the text and the requested kind and returns its documents, none for a text of another format, or raises
DocumentParseError.
"""


def _compose_origins(earlier: Mapping[str, str], later: Mapping[str, str]) -> dict[str, str]:
    view = ParseResult("", DocumentKind.DEFINITION, {}, origins=earlier)
    return {**earlier, **{new: view._source_pointer(old) for new, old in later.items()}}  # noqa: SLF001 - of this module


def _decode(raw: str | bytes) -> str:
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
