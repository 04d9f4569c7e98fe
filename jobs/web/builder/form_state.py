"""What someone filled in: the text of a document, the fields beside it, and what is wrong with both.

The text is the truth. With scripts the page keeps the fields and the text the same and says so (`follows`): then
the text counts alone, to the byte. Without scripts the page also carries the text it was opened with (`base`): what a
field holds counts where it differs from that, and is laid over the text; all else comes through untouched.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.http import QueryDict

from jobs.models.ids import new_id, to_text
from jobs.spec import forms
from jobs.spec.documents import Document, Kind
from jobs.spec.forms import Field, FieldIndex, Row, Value, schema_fields, units
from jobs.spec.forms.schema_fields import Part
from jobs.spec.parsing.parser import NotADocument, Reading, read
from jobs.spec.patch import CannotApply, apply
from jobs.spec.problems import Fix, Problem, Severity, has_errors, join

LONGEST_KEY = 64
MOST_SHOWN = 50
MOST_BEYOND = 12
_ROW = re.compile(r"(?P<field>\w+)-(?P<sort>[on])(?P<number>\d{1,6})-name")
"""The name of a row's first control: of an old row (o) or a new one (n)."""

_MEANT: Mapping[str, tuple[Callable[[str], object], str]] = {
    "command": (units.command_of, "A quote begins here and has no end."),
    "memory": (units.mib_of, "Write a size such as 512 MiB or 16 GiB."),
    "duration": (units.seconds_of, "Write a time such as 30 min or 2 h."),
}
"""What a kind of field understands, and what to say of anything else. The document then has it as it was typed."""

_OF_RULES = {(Kind.DEFINITION, "fargate.execution-role"): "execution_role"}
"""Rules that speak of something that is not there, and so has no place, by the field where it belongs."""

TABLES: Mapping[Kind, tuple[Field, ...]] = {Kind.SUBMISSION: forms.JOB, Kind.DEFINITION: forms.DEFINITION}
PANES = (("form", "Form"), ("both", "Both"), ("json", "JSON"))
FORMS = {Kind.SUBMISSION: "a job", Kind.DEFINITION: "a definition"}


@dataclass(frozen=True)
class Draft:
    """A form on its way. Where nobody can read the text, `unread` says why and the fields keep what they held."""

    kind: Kind
    base: Document
    base_text: str
    written: str
    filled: Mapping[str, Value] = field(default_factory=dict)
    request_key: str = ""
    again: str = ""
    laid_over: Mapping[str, Value] = field(default_factory=dict)
    unread: NotADocument | None = None
    follows: bool = False
    shown: tuple[str, ...] = ()
    """Pointers to what was asked for beside the fields of the form, and is shown in it."""

    @classmethod
    def begun(cls, kind: Kind, base: Document, again: str = "", text: str = "") -> "Draft":
        """With a document that is to be changed; `text` is how it was written, if someone wrote it."""
        source = text or in_full(base)
        return cls(kind, base, source, source, forms.values(base, TABLES[kind]), to_text(new_id()), again)

    @classmethod
    def sent(cls, kind: Kind, post: QueryDict, blank: Document) -> "Draft":
        follows = "follows" in post
        source = _lines(post.get("document", ""))
        if not source.strip() and not follows:
            source = in_full(blank)
        base_text = _lines(post.get("base", "")) or source
        form = cls(
            kind,
            blank,
            base_text,
            source,
            request_key=post.get("request_key", "")[:LONGEST_KEY] or to_text(new_id()),
            again=post.get("again", "")[:LONGEST_KEY],
            follows=follows,
            shown=tuple(post.getlist("shown")[:MOST_SHOWN]),
        )
        posted = {field.name: _sent(field, post) for field in form.table if field.name in post}
        return form._following(posted) if follows else form._with_fields(posted)

    def _following(self, posted: Mapping[str, Value]) -> "Draft":
        """The text alone; where nobody can read it, the fields hold what they held."""
        try:
            base = _of_kind(self.written, self.kind).document
        except NotADocument as error:
            return replace(self, unread=error, filled=forms.values(self.base, self.table) | dict(posted))
        return replace(self, base=base, filled=forms.values(base, self.table))

    def _with_fields(self, posted: Mapping[str, Value]) -> "Draft":
        """The text, and over it what was changed in the fields."""
        try:
            reading = _of_kind(self.written, self.kind)
            opened = (
                reading.document if self.base_text == self.written else _of_kind(self.base_text, self.kind).document
            )
        except NotADocument as error:
            return replace(self, unread=error, filled=forms.values(self.base, self.table) | dict(posted))
        opened_values = forms.values(opened, self.table)
        changed = forms.changed(opened, self.table, opened_values | dict(posted))
        if changed and has_errors(reading.problems):
            first = reading.problems[0]
            place = reading.place(first.pointer)
            loss = NotADocument(f"{first.message} The form would lose one of them.", place.line, place.column)
            return replace(self, unread=loss, filled=opened_values | dict(posted))
        current = forms.values(reading.document, self.table)
        rewritten = {
            name: _anew(value) if current[name] != opened_values[name] else value for name, value in changed.items()
        }
        return replace(self, base=reading.document, filled=current | changed, laid_over=rewritten)

    def but(self, name: str, value: Value) -> "Draft":
        """With another value in a field, which is laid over the text."""
        values, overrides = {**self.filled, name: value}, {**self.laid_over, name: value}
        return replace(self, filled=values, laid_over=overrides)

    def after(self, fix: Fix, validated: Document) -> "Draft":
        """With a fix applied. It was made for the document as it was judged, with what the portal fills in: where the
        fix needs that, it comes along. Raises CannotApply."""
        try:
            document = apply(self.document, fix)
        except CannotApply:
            document = apply(validated, fix)
        return Draft.begun(self.kind, document, self.again)

    def renewed(self) -> "Draft":
        """The same, as a new wish."""
        return replace(self, request_key=to_text(new_id()))

    def settled(self) -> "Draft":
        """The same with the fields in the text, if the text can say all that they hold."""
        if self.unread or not self.laid_over:
            return self
        values = forms.values(self.document, self.table)
        same = all(_plain(values[name]) == _plain(value) for name, value in self.filled.items())
        if not same:
            return self
        return replace(self, base=self.document, written=self.text, base_text=self.text, filled=values, laid_over={})

    @property
    def table(self) -> tuple[Field, ...]:
        return TABLES[self.kind]

    @cached_property
    def document(self) -> Document:
        """What the form asks for now; what it was opened with where nobody can read the text."""
        return forms.written(self.base, self.table, self.laid_over)

    @cached_property
    def text(self) -> str:
        """What is judged and sent: as it was written, unless a field says otherwise."""
        return in_full(self.document) if self.laid_over else self.written

    @cached_property
    def beyond(self) -> list[str]:
        """Pointers to what is in the document only."""
        if self.unread:
            return []
        shown_pointers = [*self.shown, *([self.block.pointer] if self.block else [])]
        pointers = forms.beyond(self.document, self.table)
        return [
            pointer
            for pointer in pointers
            if not any(f"{pointer}/".startswith(f"{prefix}/") for prefix in shown_pointers)
        ]

    @cached_property
    def block(self) -> Part | None:
        """Of a definition that is not of one container: its own block, as the form shows it."""
        name = schema_fields.block_of(self.document) if self.kind is Kind.DEFINITION else ""
        return schema_fields.part_at(self.kind, f"/{name}", self.document) if name else None

    @cached_property
    def shown_parts(self) -> list[Part]:
        """What was asked for, as the form shows it; its block is shown anyway."""
        own = self.block.pointer if self.block else None
        parts = (
            schema_fields.part_at(self.kind, item, self.document) for item in dict.fromkeys(self.shown) if item != own
        )
        return [item for item in parts if item is not None]

    @cached_property
    def beyond_places(self) -> list[tuple[str, bool]]:
        """The first of them, each with whether AWS's schema knows it, so that the form could show it."""
        first = self.beyond[:MOST_BEYOND]
        return [(pointer, schema_fields.part_at(self.kind, pointer, self.document) is not None) for pointer in first]

    @cached_property
    def missing(self) -> list[Field]:
        """Fields that must not be empty, and are."""
        if self.unread:
            return []
        return [field for field in self.table if field.wanted and not str(self.filled[field.name]).strip()]

    @cached_property
    def own_problems(self) -> list[Problem]:
        """What only the form can know: what is still to fill in, or not to be understood, or there twice."""
        if self.unread:
            return []
        problems = [
            Problem(self._pointer(form_field), form_field.wanted, rule="form.wanted") for form_field in self.missing
        ]
        for form_field in self.table:
            text = self.filled[form_field.name]
            parser = _MEANT.get(form_field.kind)
            if parser and isinstance(text, str) and text.strip() and parser[0](text) is None:
                problems.append(Problem(self._pointer(form_field), parser[1], rule="form.not-understood"))
            if form_field.kind == "tags":
                problems += [
                    Problem(
                        self._pointer(form_field),
                        f"The tag {name} stands twice; keep one of them.",
                        rule="form.tag-twice",
                    )
                    for name in _twice(self.filled[form_field.name])
                ]
        return problems

    def problems(self, problems: Iterable[Problem]) -> list[Problem]:
        """The form's own, and those of the judge that say more than that something is still to fill in."""
        keys = tuple(f"{field.place.path[-1]} " for field in self.missing)
        own = {self._field_of(problem) for problem in self.own_problems} - {None}
        others = [
            problem
            for problem in problems
            if self._field_of(problem) not in own
            and not (problem.rule == "schema.missing-key" and problem.message.startswith(keys))
        ]
        return [*self.own_problems, *others]

    def _pointer(self, field: Field) -> str:
        """Where the field's value stands, or would stand."""
        return next(iter(field.place.owns(self.document)), join(*field.place.path))

    def _field_of(self, problem: Problem) -> Field | None:
        return self._index.field_at(problem.pointer)

    @cached_property
    def _index(self) -> FieldIndex:
        return FieldIndex(self.document, self.table)

    def at_fields(self, problems: Iterable[Problem]) -> tuple[dict[str, list[Problem]], list[Problem]]:
        """Problems by the names of their fields, errors first, and those that no field shows."""
        by_field: dict[str, list[Problem]] = {}
        rest: list[Problem] = []
        for problem in sorted(problems, key=lambda item: item.severity is not Severity.ERROR):
            field = self._field_of(problem)
            name = _OF_RULES.get((self.kind, problem.rule)) or (field.name if field else "")
            if name:
                by_field.setdefault(name, []).append(problem)
            else:
                rest.append(problem)
        return by_field, rest


def _sent(field: Field, post: QueryDict) -> Value:
    """What the page sent of a field. Rows and jobs send their name by itself too, to say that they were shown."""
    match field.kind:
        case "variables" | "tags":
            return tuple(_rows(field, post))
        case "jobs":
            return tuple(dict.fromkeys(value for value in post.getlist(field.name) if value))
        case "command":
            return _lines(post.get(field.name, ""))
        case _:
            return _lines(post.get(field.name, "")).strip()


def _rows(field: Field, post: QueryDict) -> Iterable[Row]:
    for key in post:
        match = _ROW.fullmatch(key)
        if not match or match["field"] != field.name:
            continue
        prefix = key.removesuffix("-name")
        name, value = _lines(post.get(key, "")), _lines(post.get(f"{prefix}-value", ""))
        if match["sort"] == "o":
            yield Row(name, value, int(match["number"]))
        elif value or (name and f"{prefix}-offered" not in post):
            yield Row(name, value)


def _lines(text: str) -> str:
    """Browsers send every line break as CR LF."""
    return text.replace("\r\n", "\n")


def _twice(rows: Any) -> list[str]:
    counts = Counter(row.name for row in rows if isinstance(row, Row) and (row.name or row.value))
    return sorted(name for name, count in counts.items() if count > 1)


def in_full(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _of_kind(text: str, kind: Kind) -> Reading:
    """Raises NotADocument when the text is none, or one of another kind."""
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise NotADocument(f"Line {line}: a NUL character (U+0000) stands here; take it away.", line)
    reading = read(text)
    if reading.kind is not kind:
        raise NotADocument(f"This is a {reading.kind}, and the form is that of {FORMS[kind]}.")
    return reading


def _anew(value: Value) -> Value:
    """Rows that the text has otherwise by now: none of them is one of its own any more."""
    if isinstance(value, str):
        return value
    return tuple(Row(row.name, row.value) for row in value if isinstance(row, Row)) or value


def _plain(value: Value) -> object:
    """A value without which entry of the document it is."""
    if isinstance(value, str):
        return value.strip()
    return [(row.name, row.value) if isinstance(row, Row) else row for row in value]
