"""The fields of a draft as the template shows them: value, rows, choices, what the definition says, what is wrong."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from jobs.spec import forms
from jobs.spec.forms import Field, Row, Value
from jobs.web.builder.feedback import Said
from jobs.web.builder.form_state import Draft
from jobs.web.builder.options import USUAL_TAGS, Choice
from jobs.web.builder.problem_view import Finding

CONTAINER = "containerProperties"
"""What a definition of several containers, a pod or several machines has not."""

MEMORY = ("512 MiB", "1 GiB", "2 GiB", "4 GiB", "8 GiB", "16 GiB", "32 GiB", "64 GiB", "128 GiB")
SPANS = ("10 min", "30 min", "1 h", "2 h", "4 h", "8 h", "12 h", "1 d")


@dataclass(frozen=True)
class Line:
    """A row of names and values. `offered` ones are proposals, which say nothing while they have no value."""

    key: str
    name: str = ""
    value: str = ""
    offered: bool = False

    @property
    def several(self) -> bool:
        """Whether the value has several lines, which only a text area keeps."""
        return "\n" in self.value or "\r" in self.value


@dataclass(frozen=True)
class Item:
    """One field on the page."""

    field: Field
    value: Value
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
        """How many lines a text area begins with."""
        return min(8, str(self.value).count("\n") + 1)


def items(
    draft: Draft,
    said: Said,
    *,
    hints: Mapping[str, str] | None = None,
    choices: Mapping[str, Iterable[Choice]] | None = None,
    offered: Mapping[str, Iterable[str]] | None = None,
    notes: Mapping[str, str] | None = None,
) -> dict[str, Item]:
    """Every field that the form of the draft has, by its name.

    What is `offered` may be taken, `choices` are all there are, and `notes` say what the chosen queue means for a
    field.
    """
    found = {
        each.name: _item(each, draft, said, hints or {}, choices or {})
        for each in draft.table
        if not (draft.block and each.place.path[0] == CONTAINER)
    }
    for name, values in (offered or {}).items():
        if name in found:
            found[name] = replace(found[name], suggestions=tuple(values))
    for name, note in (notes or {}).items():
        if name in found:
            found[name] = replace(found[name], note=note)
    return found


def _item(
    each: Field, draft: Draft, said: Said, hints: Mapping[str, str], choices: Mapping[str, Iterable[Choice]]
) -> Item:
    value = draft.filled[each.name]
    suggestions = {"memory": MEMORY, "duration": SPANS}.get(each.kind, ())
    return Item(
        field=each,
        value=value,
        findings=tuple(said.at.get(each.name, ())),
        hint=hints.get(each.name, ""),
        choices=tuple(_with_own(choices[each.name], value)) if each.name in choices else (),
        suggestions=suggestions,
        lines=tuple(_lines(each, value)),
        locked=not each.place.fits(draft.base),
    )


def _with_own(choices: Iterable[Choice], value: Value) -> Iterable[Choice]:
    """The choices, and what the document has if it is none of them: opening a form must not change it."""
    known = list(choices)
    yield from known
    if isinstance(value, str) and value and value not in {choice.value for choice in known}:
        yield Choice(value, value, "as it is in the document, and none of these")


def _lines(each: Field, value: Value) -> Iterable[Line]:
    if each.kind not in ("variables", "tags"):
        return
    rows = [row for row in value if isinstance(row, Row)]
    number = 0
    for row in rows:
        if row.origin is not None:
            yield Line(f"o{row.origin}", row.name, row.value)
        else:
            yield Line(f"n{number}", row.name, row.value)
            number += 1
    if each.kind == "tags":
        there = {row.name for row in rows}
        for key in USUAL_TAGS:
            if key not in there:
                yield Line(f"n{number}", key, "", offered=True)
                number += 1
    if len(rows) < forms.MOST_ROWS:
        yield Line(f"n{number}")
