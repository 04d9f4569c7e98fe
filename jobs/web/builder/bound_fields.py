"""The bound fields of a form: value, rows, options, hints and problems of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from jobs.spec import forms
from jobs.spec.forms import FieldRow, FieldValue, FormField
from jobs.web.builder.feedback import Said
from jobs.web.builder.form_state import Draft
from jobs.web.builder.options import USUAL_TAGS, Choice
from jobs.web.builder.problem_view import Finding

CONTAINER = "containerProperties"
"""What a definition of several containers, a pod or nodes doesn't have."""

MEMORY = ("512 MiB", "1 GiB", "2 GiB", "4 GiB", "8 GiB", "16 GiB", "32 GiB", "64 GiB", "128 GiB")
SPANS = ("10 min", "30 min", "1 h", "2 h", "4 h", "8 h", "12 h", "1 d")


@dataclass(frozen=True)
class Line:
    """A row of name and value. An `offered` row is a suggestion, which counts only with a value."""

    key: str
    name: str = ""
    value: str = ""
    offered: bool = False

    @property
    def several(self) -> bool:
        """Whether the value has line breaks, which only a text area keeps."""
        return "\n" in self.value or "\r" in self.value


@dataclass(frozen=True)
class Item:
    """One field on the page."""

    field: FormField
    value: FieldValue
    findings: tuple[Finding, ...] = ()
    hint: str = ""
    note: str = ""
    choices: tuple[Choice, ...] = ()
    suggestions: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    locked: bool = False

    @property
    def id(self) -> str:
        return f"f-{self.field.name}"

    @property
    def invalid(self) -> bool:
        return any(finding.is_error for finding in self.findings)

    @property
    def many(self) -> int:
        """Initial number of lines of the text area."""
        return min(8, str(self.value).count("\n") + 1)


def items(
    form: Draft,
    feedback: Said,
    *,
    hints: Mapping[str, str] | None = None,
    choices: Mapping[str, Iterable[Choice]] | None = None,
    suggestions: Mapping[str, Iterable[str]] | None = None,
    notes: Mapping[str, str] | None = None,
) -> dict[str, Item]:
    """Return every field of the form by name.

    `suggestions` may be taken, `choices` are all there are, `notes` say what the selected queue requires.
    """
    bound = {
        field.name: _item(field, form, feedback, hints or {}, choices or {})
        for field in form.table
        if not (form.block and field.lens.path[0] == CONTAINER)
    }
    for name, values in (suggestions or {}).items():
        if name in bound:
            bound[name] = replace(bound[name], suggestions=tuple(values))
    for name, note in (notes or {}).items():
        if name in bound:
            bound[name] = replace(bound[name], note=note)
    return bound


def _item(
    field: FormField, form: Draft, feedback: Said, hints: Mapping[str, str], choices: Mapping[str, Iterable[Choice]]
) -> Item:
    value = form.filled[field.name]
    suggestions = {"memory": MEMORY, "duration": SPANS}.get(field.kind, ())
    return Item(
        field=field,
        value=value,
        findings=tuple(feedback.at.get(field.name, ())),
        hint=hints.get(field.name, ""),
        choices=tuple(_with_own(choices[field.name], value)) if field.name in choices else (),
        suggestions=suggestions,
        lines=tuple(_lines(field, value)),
        locked=not field.lens.is_applicable(form.base),
    )


def _with_own(choices: Iterable[Choice], value: FieldValue) -> Iterable[Choice]:
    """Yield the choices, and the current value if it is none of them: opening a form must not change it."""
    options = list(choices)
    yield from options
    if isinstance(value, str) and value and value not in {choice.value for choice in options}:
        yield Choice(value, value, "as it is in the document, and none of these")


def _lines(field: FormField, value: FieldValue) -> Iterable[Line]:
    if field.kind not in ("variables", "tags"):
        return
    rows = [row for row in value if isinstance(row, FieldRow)]
    number = 0
    for row in rows:
        if row.origin is not None:
            yield Line(f"o{row.origin}", row.name, row.value)
        else:
            yield Line(f"n{number}", row.name, row.value)
            number += 1
    if field.kind == "tags":
        names = {row.name for row in rows}
        for key in USUAL_TAGS:
            if key not in names:
                yield Line(f"n{number}", key, "", offered=True)
                number += 1
    if len(rows) < forms.MAX_ROWS:
        yield Line(f"n{number}")
