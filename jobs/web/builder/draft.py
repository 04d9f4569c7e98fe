"""What someone filled in: the document it began with, what the fields hold now, and what comes of both.

The page carries the document it began with, and the fields beside it. What a field holds counts only where it differs
from that document, so whatever the form does not show comes through untouched.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.http import QueryDict

from jobs.spec import fields
from jobs.spec.documents import Document, Kind
from jobs.spec.fields import Field, Row, Value, units
from jobs.spec.patch import CannotApply, apply
from jobs.spec.problems import Fix, Problem, Severity, join
from jobs.spec.reading import NotADocument, read

LONGEST_KEY = 64
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

TABLES: Mapping[Kind, tuple[Field, ...]] = {Kind.SUBMISSION: fields.JOB, Kind.DEFINITION: fields.DEFINITION}


@dataclass(frozen=True)
class Draft:
    """A form as it stands."""

    kind: Kind
    base: Document
    filled: Mapping[str, Value] = field(default_factory=dict)
    request_key: str = ""
    again: str = ""

    @classmethod
    def begun(cls, kind: Kind, base: Document, again: str = "") -> "Draft":
        return cls(kind, base, fields.values(base, TABLES[kind]), str(uuid.uuid4()), again)

    @classmethod
    def sent(cls, kind: Kind, post: QueryDict, blank: Document) -> "Draft":
        """Raises NotADocument when the document that the page carried is none of this kind."""
        text = post.get("document", "")
        base = blank
        if text.strip():
            reading = read(text)
            if reading.kind is not kind:
                raise NotADocument(f"This is a {reading.kind}, and the form is that of a {kind}.")
            base = reading.document
        table = TABLES[kind]
        filled = fields.values(base, table) | {each.name: _sent(each, post) for each in table if each.name in post}
        return cls(
            kind,
            base,
            filled,
            post.get("request_key", "")[:LONGEST_KEY] or str(uuid.uuid4()),
            post.get("again", "")[:LONGEST_KEY],
        )

    def after(self, fix: Fix, judged: Document) -> "Draft":
        """With a fix applied. It was made for the document as it was judged, with what the portal fills in: where the
        fix needs that, it comes along. Raises CannotApply."""
        try:
            document = apply(self.document, fix)
        except CannotApply:
            document = apply(judged, fix)
        return Draft.begun(self.kind, document, self.again)

    def renewed(self) -> "Draft":
        """The same, as a new wish."""
        return replace(self, request_key=str(uuid.uuid4()))

    @property
    def table(self) -> tuple[Field, ...]:
        return TABLES[self.kind]

    @cached_property
    def document(self) -> Document:
        """What the form asks for now."""
        return fields.written(self.base, self.table, fields.changed(self.base, self.table, self.filled))

    @cached_property
    def text(self) -> str:
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n"

    @property
    def base_text(self) -> str:
        return json.dumps(self.base, ensure_ascii=False)

    @cached_property
    def beyond(self) -> list[str]:
        """Pointers to what is in the document only."""
        return fields.beyond(self.document, self.table)

    @cached_property
    def missing(self) -> list[Field]:
        """Fields that must not be empty, and are."""
        return [each for each in self.table if each.wanted and not str(self.filled[each.name]).strip()]

    @cached_property
    def own_problems(self) -> list[Problem]:
        """What only the form can know: what is still to fill in, or not to be understood, or there twice."""
        found = [Problem(self._pointer(each), each.wanted, rule="form.wanted") for each in self.missing]
        for each in self.table:
            text = self.filled[each.name]
            meant = _MEANT.get(each.kind)
            if meant and isinstance(text, str) and text.strip() and meant[0](text) is None:
                found.append(Problem(self._pointer(each), meant[1], rule="form.not-understood"))
            if each.kind == "tags":
                found += [
                    Problem(
                        self._pointer(each), f"The tag {name} stands twice; keep one of them.", rule="form.tag-twice"
                    )
                    for name in _twice(self.filled[each.name])
                ]
        return found

    def problems(self, judged: Iterable[Problem]) -> list[Problem]:
        """The form's own, and those of the judge that say more than that something is still to fill in."""
        keys = tuple(f"{each.place.path[-1]} " for each in self.missing)
        own = {self._field_of(problem) for problem in self.own_problems} - {None}
        told = [
            problem
            for problem in judged
            if self._field_of(problem) not in own
            and not (problem.rule == "schema.missing-key" and problem.message.startswith(keys))
        ]
        return [*self.own_problems, *told]

    def _pointer(self, each: Field) -> str:
        """Where the field's value stands, or would stand."""
        return next(iter(each.place.owns(self.document)), join(*each.place.path))

    def _field_of(self, problem: Problem) -> Field | None:
        return fields.field_at(problem.pointer, self.document, self.table)

    def at_fields(self, problems: Iterable[Problem]) -> tuple[dict[str, list[Problem]], list[Problem]]:
        """Problems by the names of their fields, errors first, and those that no field shows."""
        by_field: dict[str, list[Problem]] = {}
        rest: list[Problem] = []
        for problem in sorted(problems, key=lambda each: each.severity is not Severity.ERROR):
            found = self._field_of(problem)
            name = _OF_RULES.get((self.kind, problem.rule)) or (found.name if found else "")
            if name:
                by_field.setdefault(name, []).append(problem)
            else:
                rest.append(problem)
        return by_field, rest


def _sent(each: Field, post: QueryDict) -> Value:
    """What the page sent of a field. Rows and jobs send their name by itself too, to say that they were shown."""
    match each.kind:
        case "variables" | "tags":
            return tuple(_rows(each, post))
        case "jobs":
            return tuple(dict.fromkeys(value for value in post.getlist(each.name) if value))
        case "command":
            return _lines(post.get(each.name, ""))
        case _:
            return _lines(post.get(each.name, "")).strip()


def _rows(each: Field, post: QueryDict) -> Iterable[Row]:
    for key in post:
        found = _ROW.fullmatch(key)
        if not found or found["field"] != each.name:
            continue
        prefix = key.removesuffix("-name")
        name, value = _lines(post.get(key, "")), _lines(post.get(f"{prefix}-value", ""))
        if found["sort"] == "o":
            yield Row(name, value, int(found["number"]))
        elif value or (name and f"{prefix}-offered" not in post):
            yield Row(name, value)


def _lines(text: str) -> str:
    """Browsers send every line break as CR LF."""
    return text.replace("\r\n", "\n")


def _twice(rows: Any) -> list[str]:
    names = [row.name for row in rows if isinstance(row, Row) and (row.name or row.value)]
    return sorted({name for name in names if names.count(name) > 1})
