"""The state of a form: a document's text, and fields beside it.

The text is authoritative. With scripts, the page keeps both in sync and says so (`follows`): only the text counts, to
the byte. Without, it also posts the text it was opened with (`base`): fields that differ from that are applied over
the posted text.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.http import QueryDict

from jobs.access import Member
from jobs.actions import masked_source
from jobs.models.ids import new_id, to_text
from jobs.spec import forms
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.forms import FieldIndex, FieldRow, FieldValue, FormField, schema_fields, units
from jobs.spec.forms.schema_fields import FieldGroup, SchemaControl, SchemaPart
from jobs.spec.parsing.jsonc import parse_jsonc
from jobs.spec.parsing.parser import DUPLICATE_KEY, DocumentParseError, ParseResult, parse
from jobs.spec.patch import PatchError, apply_patch
from jobs.spec.problems import DocumentChange, Fix, Problem, Severity, has_errors, join_pointer, quote
from jobs.web.shell.text_input import normalize_newlines

TAG_KEY_FIELD = "tag_key"
"""The tags that the page has fields for."""
MAX_KEY_LENGTH = 64
MAX_EXTRA_POINTERS = 50
MAX_UNMAPPED_SHOWN = 12
_ROW_NAME = re.compile(r"(?P<field>\w+)-(?P<sort>[on])(?P<number>\d{1,6})-name")
"""A row's first control: an old row (o) or a new one (n)."""

_PARSERS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "command": (units.parse_command, "Unclosed quote. Add the closing quote."),
    "memory": (units.parse_mib, "Enter a size, such as 512 MiB or 16 GiB."),
    "duration": (units.parse_seconds, "Enter a time, such as 30 min or 2 h."),
}
"""By kind of field, with the message for other input, which the document keeps as typed."""

_FIELD_BY_RULE = {
    (DocumentKind.DEFINITION, "fargate.execution-role"): "execution_role",
    (DocumentKind.DEFINITION, "definition.no-size"): "vcpus",
    (DocumentKind.DEFINITION, "fargate.no-size"): "vcpus",
    **{(kind, "retries.no-attempts"): "retries" for kind in DocumentKind},
    **{(kind, "retries.no-catch-all"): "retry_other" for kind in DocumentKind},
}
"""For rules about a missing value, which have no place in the document."""

FIELDS_BY_KIND: Mapping[DocumentKind, tuple[FormField, ...]] = {
    DocumentKind.SUBMISSION: forms.JOB_FIELDS,
    DocumentKind.DEFINITION: forms.DEFINITION_FIELDS,
}
_RETRY_RULE = re.compile(r"/retryStrategy/evaluateOnExit/[0-9]{1,2}")
PANES = (("form", "Form"), ("both", "Both"), ("json", "JSON"))
FORM_NAMES = {DocumentKind.SUBMISSION: "a job", DocumentKind.DEFINITION: "a definition"}


@dataclass(frozen=True)
class BuilderForm:
    """If the text can't be parsed, `parse_error` says why and the fields keep their input."""

    kind: DocumentKind
    base: Document
    base_text: str
    source_text: str
    values: Mapping[str, FieldValue] = field(default_factory=dict)
    request_key: str = ""
    source_id: str = ""
    overrides: Mapping[str, FieldValue] = field(default_factory=dict)
    parse_error: DocumentParseError | None = None
    follows_text: bool = False
    extra_pointers: tuple[str, ...] = ()
    """Pointers to schema fields that were added to the form."""
    parameter_names: tuple[str, ...] = ()
    """The parameters of the command, each with a field of its own."""
    elsewhere: tuple[str, ...] = ()
    """Pointers to what the page shows beside the form."""
    tag_keys: tuple[str, ...] = ()
    """The tags that the team's rules name, each with a field of its own."""
    reading: ParseResult | None = None
    """What `source_text` was parsed to, if it was."""

    @classmethod
    def from_document(cls, kind: DocumentKind, base: Document, source_id: str = "", text: str = "") -> "BuilderForm":
        """Open a document; `text` is its source."""
        source = text or to_json(base)
        return cls(
            kind, base, source, source, forms.read_values(base, FIELDS_BY_KIND[kind]), to_text(new_id()), source_id
        )

    @classmethod
    def from_post(cls, kind: DocumentKind, post: QueryDict, blank: Document) -> "BuilderForm":
        follows = "follows" in post
        source = normalize_newlines(post.get("document", ""))
        if not source.strip() and not follows:
            source = to_json(blank)
        base_text = normalize_newlines(post.get("base", "")) or source
        form = cls(
            kind,
            blank,
            base_text,
            source,
            request_key=post.get("request_key", "")[:MAX_KEY_LENGTH] or to_text(new_id()),
            source_id=post.get("again", "")[:MAX_KEY_LENGTH],
            follows_text=follows,
            extra_pointers=tuple(post.getlist("shown")[:MAX_EXTRA_POINTERS]),
            parameter_names=_posted_parameters(kind, post),
            tag_keys=tuple(dict.fromkeys(post.getlist(TAG_KEY_FIELD)))[:MAX_EXTRA_POINTERS],
        )
        posted = {field.name: _posted_value(field, post) for field in form.form_fields if field.name in post}
        return form._from_text(posted) if follows else form._merge_fields(posted)

    def _from_text(self, posted: Mapping[str, FieldValue]) -> "BuilderForm":
        """Keep the posted fields if the text can't be parsed."""
        try:
            reading = _read_kind(self.source_text, self.kind)
        except DocumentParseError as error:
            return replace(
                self, parse_error=error, values=forms.read_values(self.base, self.form_fields) | dict(posted)
            )
        values = forms.read_values(reading.document, self.form_fields)
        return replace(self, base=reading.document, values=values, reading=reading)

    def _merge_fields(self, posted: Mapping[str, FieldValue]) -> "BuilderForm":
        try:
            reading = _read_kind(self.source_text, self.kind)
            opened = (
                reading.document
                if self.base_text == self.source_text
                else _read_kind(self.base_text, self.kind).document
            )
        except DocumentParseError as error:
            return replace(
                self, parse_error=error, values=forms.read_values(self.base, self.form_fields) | dict(posted)
            )
        opened_values = forms.read_values(opened, self.form_fields)
        changed = forms.changed_values(opened, self.form_fields, opened_values | dict(posted))
        if changed and has_errors(reading.problems):
            return replace(self, parse_error=why_not_formable(reading), values=opened_values | dict(posted))
        current = forms.read_values(reading.document, self.form_fields)
        rewritten = {
            name: _without_origins(value) if current[name] != opened_values[name] else value
            for name, value in changed.items()
        }
        values = current | changed
        return replace(self, base=reading.document, values=values, overrides=rewritten, reading=reading)

    def with_value(self, name: str, value: FieldValue) -> "BuilderForm":
        values, overrides = {**self.values, name: value}, {**self.overrides, name: value}
        return replace(self, values=values, overrides=overrides)

    def with_fix(self, fix: Fix, validated: Document) -> "BuilderForm":
        """Raise PatchError."""
        try:
            document = apply_patch(self.document, fix)
        except PatchError:
            document = apply_patch(validated, fix)
        return BuilderForm.from_document(self.kind, document, self.source_id).with_parameters(self.parameter_names)

    def with_parameters(self, names: Iterable[str]) -> "BuilderForm":
        """Keep other parameters that are filled in."""
        own_names = [name for name in self.parameter_names if self.values.get(forms.PARAMETER_PREFIX + name)]
        fields = forms.parameter_fields((*names, *own_names))
        values = forms.read_values(self.document, fields)
        shown_names = tuple(field.label for field in fields)
        return replace(self, parameter_names=shown_names, values={**values, **self.values})

    def with_tag_keys(self, keys: Iterable[str]) -> "BuilderForm":
        """Keep other rows as typed."""
        form = replace(self, tag_keys=tuple(keys))
        rows = self.values.get("tags", ())
        other_rows = [row for row in rows if isinstance(row, FieldRow) and row.name not in form.tag_keys]
        values = {name: value for name, value in self.values.items() if not name.startswith(forms.TAG_PREFIX)}
        tag_fields = [field for field in form.form_fields if field.name.startswith(forms.TAG_PREFIX)]
        values |= {"tags": tuple(other_rows), **forms.read_values(self.document, tag_fields)}
        return replace(form, values=values)

    def with_new_key(self) -> "BuilderForm":
        return replace(self, request_key=to_text(new_id()))

    def with_fields_in_text(self) -> "BuilderForm":
        if self.parse_error or not self.overrides:
            return self
        values = forms.read_values(self.document, self.form_fields)
        is_lossless = all(_comparable(values[name]) == _comparable(value) for name, value in self.values.items())
        if not is_lossless:
            return self
        return replace(
            self,
            base=self.document,
            source_text=self.text,
            base_text=self.text,
            values=values,
            overrides={},
            reading=None,
        )

    @property
    def form_fields(self) -> tuple[FormField, ...]:
        fields = forms.with_tag_fields(FIELDS_BY_KIND[self.kind], self.tag_keys)
        return (*fields, *forms.parameter_fields(self.parameter_names))

    @cached_property
    def document(self) -> Document:
        return forms.apply_changes(self.base, self.form_fields, self.overrides)

    @cached_property
    def text(self) -> str:
        """Return what is validated and submitted."""
        return to_json(self.document) if self.overrides else self.source_text

    def source(self, member: Member) -> str | ParseResult:
        """Restore masked values; return it parsed if it already is."""
        text = masked_source.restore_masked(self.text, member, self.source_id)
        is_parsed = self.reading is not None and not self.overrides and text == self.source_text
        return self.reading if self.reading and is_parsed else text

    @cached_property
    def corrections(self) -> tuple[DocumentChange, ...]:
        reading = self.reading
        return reading.changes if reading and reading.changes and not is_verbatim(reading) else ()

    @cached_property
    def unmapped_pointers(self) -> list[str]:
        if self.parse_error:
            return []
        shown_pointers = [*self.extra_pointers, *self.elsewhere, *([self.block.pointer] if self.block else [])]
        shown_pointers += [rule.pointer for rule in self.retry_rules]
        return [
            pointer
            for pointer in self._unmapped
            if not any(f"{pointer}/".startswith(f"{prefix}/") for prefix in shown_pointers)
        ]

    @cached_property
    def _unmapped(self) -> list[str]:
        return forms.unmapped_pointers(self.document, self.form_fields)

    @cached_property
    def retry_rules(self) -> list[FieldGroup]:
        if self.parse_error:
            return []
        parts = (
            schema_fields.part_at(self.kind, pointer, self.document)
            for pointer in self._unmapped
            if _RETRY_RULE.fullmatch(pointer)
        )
        return [replace(part, help="") for part in parts if isinstance(part, FieldGroup)]

    @property
    def retry_rules_key(self) -> str:
        return " ".join(rule.pointer.rpartition("/")[2] for rule in self.retry_rules)

    @cached_property
    def block(self) -> SchemaPart | None:
        name = schema_fields.property_block(self.document) if self.kind is DocumentKind.DEFINITION else ""
        return schema_fields.part_at(self.kind, f"/{name}", self.document) if name else None

    @cached_property
    def extra_parts(self) -> list[SchemaPart]:
        block_pointer = self.block.pointer if self.block else None
        parts = (
            schema_fields.part_at(self.kind, item, self.document)
            for item in dict.fromkeys(self.extra_pointers)
            if item != block_pointer
        )
        return [item for item in parts if item is not None]

    @cached_property
    def unmapped_fields(self) -> list[tuple[str, bool]]:
        """Return each with whether the form could show it."""
        first = self.unmapped_pointers[:MAX_UNMAPPED_SHOWN]
        return [(pointer, schema_fields.part_at(self.kind, pointer, self.document) is not None) for pointer in first]

    @cached_property
    def missing(self) -> list[FormField]:
        if self.parse_error:
            return []
        return [
            field for field in self.form_fields if field.required_message and not str(self.values[field.name]).strip()
        ]

    @cached_property
    def missing_labels(self) -> list[str]:
        added_labels = [control.label for _, control in self._missing_controls]
        return [_in_sentence(label) for label in [*(field.label for field in self.missing), *added_labels]]

    @cached_property
    def _missing_controls(self) -> list[tuple[SchemaPart, SchemaControl]]:
        """Return required values: without them the field would be dropped."""
        if self.parse_error:
            return []
        return [
            (part, control) for part in self.extra_parts for control in schema_fields.empty_required_controls(part)
        ]

    @cached_property
    def form_problems(self) -> list[Problem]:
        """Return problems only the form knows, such as missing input."""
        if self.parse_error:
            return []
        problems = [
            Problem(self._pointer_to(form_field), form_field.required_message, rule="form.wanted")
            for form_field in self.missing
        ]
        problems += [
            Problem(
                control.pointer,
                f"{part.label} needs a value for {control.label}. Enter it, or remove {part.label}.",
                rule="form.wanted",
            )
            for part, control in self._missing_controls
        ]
        for form_field in self.form_fields:
            text = self.values[form_field.name]
            parser = _PARSERS.get(form_field.kind)
            if parser and isinstance(text, str) and text.strip() and parser[0](text) is None:
                problems.append(Problem(self._pointer_to(form_field), parser[1], rule="form.not-understood"))
            if form_field.kind == "tags":
                problems += [
                    Problem(
                        self._pointer_to(form_field),
                        f"Duplicate tag {name}. Remove one of them.",
                        rule="form.tag-twice",
                    )
                    for name in _duplicate_names(self.values[form_field.name])
                ]
        return problems

    def merge_problems(self, problems: Iterable[Problem]) -> list[Problem]:
        """Drop problems that repeat the form's own."""
        keys = tuple(f"{field.lens.path[-1]} " for field in self.missing)
        own_fields = {self._field_for(problem) for problem in self.form_problems} - {None}
        remaining = [
            problem
            for problem in problems
            if self._field_for(problem) not in own_fields
            and not (problem.rule == "schema.missing-key" and problem.message.startswith(keys))
        ]
        return [*self.form_problems, *remaining]

    def _pointer_to(self, field: FormField) -> str:
        return next(iter(field.lens.pointers(self.document)), join_pointer(*field.lens.path))

    def _field_for(self, problem: Problem) -> FormField | None:
        return self._index.field_at(problem.pointer)

    def _missing_tag(self, problem: Problem) -> str:
        if problem.rule != "policy.tag-missing":
            return ""
        tag_fields = (field for field in self.form_fields if field.name.startswith(forms.TAG_PREFIX))
        return next((field.name for field in tag_fields if quote(field.label) in problem.message), "")

    @cached_property
    def _index(self) -> FieldIndex:
        return FieldIndex(self.document, self.form_fields)

    def group_by_field(self, problems: Iterable[Problem]) -> tuple[dict[str, list[Problem]], list[Problem]]:
        """Put errors first; return also what no field shows."""
        by_field: dict[str, list[Problem]] = {}
        unassigned: list[Problem] = []
        for problem in sorted(problems, key=lambda item: item.severity is not Severity.ERROR):
            field = self._field_for(problem)
            own_name = _FIELD_BY_RULE.get((self.kind, problem.rule)) or self._missing_tag(problem)
            name = own_name or (field.name if field else "")
            if name:
                by_field.setdefault(name, []).append(problem)
            else:
                unassigned.append(problem)
        return by_field, unassigned


def why_not_formable(reading: ParseResult) -> DocumentParseError:
    """Return why fields can't change a text with problems: they would be lost."""
    problem = reading.problems[0]
    place = reading.position(problem.pointer)
    more = " The form can't show both." if problem.rule == DUPLICATE_KEY else ""
    return DocumentParseError(f"{problem.message}{more}", place.line, place.column)


def _posted_value(field: FormField, post: QueryDict) -> FieldValue:
    match field.kind:
        case "variables" | "tags":
            return tuple(_posted_rows(field, post))
        case "jobs":
            return tuple(dict.fromkeys(value for value in post.getlist(field.name) if value))
        case "command":
            return normalize_newlines(post.get(field.name, ""))
        case _:
            return normalize_newlines(post.get(field.name, "")).strip()


def _posted_parameters(kind: DocumentKind, post: QueryDict) -> tuple[str, ...]:
    if kind is not DocumentKind.SUBMISSION:
        return ()
    names = [key.removeprefix(forms.PARAMETER_PREFIX) for key in post if key.startswith(forms.PARAMETER_PREFIX)]
    return tuple(names[:MAX_EXTRA_POINTERS])


def _posted_rows(field: FormField, post: QueryDict) -> Iterable[FieldRow]:
    for key in post:
        match = _ROW_NAME.fullmatch(key)
        if not match or match["field"] != field.name:
            continue
        prefix = key.removesuffix("-name")
        name, value = normalize_newlines(post.get(key, "")), normalize_newlines(post.get(f"{prefix}-value", ""))
        if match["sort"] == "o":
            yield FieldRow(name, value, int(match["number"]))
        elif value or (name and f"{prefix}-offered" not in post):
            yield FieldRow(name, value)


def _in_sentence(label: str) -> str:
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _duplicate_names(rows: Any) -> list[str]:
    counts = Counter(row.name for row in rows if isinstance(row, FieldRow) and (row.name or row.value))
    return sorted(name for name, count in counts.items() if count > 1)


def to_json(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def is_verbatim(reading: ParseResult) -> bool:
    """Return whether the text needs no rewriting, but perhaps has comments."""
    try:
        document = parse_jsonc(reading.text).value
    except DocumentParseError:
        return False
    # A definition without a type is parsed as one container; the type its author left out is not added.
    typed = reading.kind is DocumentKind.DEFINITION and "type" not in document
    return (document | {"type": reading.document.get("type")} if typed else document) == reading.document


def _read_kind(text: str, kind: DocumentKind) -> ParseResult:
    """Raise DocumentParseError."""
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DocumentParseError(f"Line {line} contains a NUL character (U+0000). Remove it.", line)
    reading = parse(text)
    if reading.kind is not kind:
        raise DocumentParseError(f"This is a {reading.kind}, but the form is for {FORM_NAMES[kind]}.")
    return reading


def _without_origins(value: FieldValue) -> FieldValue:
    if isinstance(value, str):
        return value
    return tuple(FieldRow(row.name, row.value) for row in value if isinstance(row, FieldRow)) or value


def _comparable(value: FieldValue) -> object:
    if isinstance(value, str):
        return value.strip()
    return [(row.name, row.value) if isinstance(row, FieldRow) else row for row in value]
