"""The bound fields of a form."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from jobs.reports.options import COMMON_TAGS, Choice
from jobs.spec import forms
from jobs.spec.forms import FieldRow, FieldValue, FormField
from jobs.spec.forms.applicability import fargate_memory, fargate_vcpus
from jobs.spec.problems import join_pointer
from jobs.web.builder.feedback import Feedback, ProblemView
from jobs.web.builder.form_state import BuilderForm

CONTAINER_KEY = "containerProperties"
"""What a definition of several containers, a pod or nodes doesn't have."""

SIZES_FIELD = "sizes_of"
"""What the sizes on the page depend on."""
SIZE_FIELDS = ("gpus", "share_identifier", "priority", "ephemeral_storage", "platform_version", "public_ip")
"""The fields beside vCPU and memory that leave where they have no meaning."""

MEMORY_SIZES = ("512 MiB", "1 GiB", "2 GiB", "4 GiB", "8 GiB", "16 GiB", "32 GiB", "64 GiB", "128 GiB")
DURATIONS = ("10 min", "30 min", "1 h", "2 h", "4 h", "8 h", "12 h", "1 d")


@dataclass(frozen=True)
class KeyValueRow:
    """An `is_suggestion` row counts only with a value."""

    key: str
    name: str = ""
    value: str = ""
    is_suggestion: bool = False

    @property
    def is_multiline(self) -> bool:
        return "\n" in self.value or "\r" in self.value


@dataclass(frozen=True)
class BoundField:
    field: FormField
    value: FieldValue
    problems: tuple[ProblemView, ...] = ()
    hint: str = ""
    note: str = ""
    choices: tuple[Choice, ...] = ()
    suggestions: tuple[str, ...] = ()
    rows: tuple[KeyValueRow, ...] = ()
    locked: bool = False
    is_required: bool = False
    """Whether this job needs a value: of a parameter without a default, of a required tag."""
    placeholder: str = ""
    empty_label: str = ""
    is_shown: bool = True
    """False for a field that has no meaning on this platform or queue, and no value."""

    @property
    def id(self) -> str:
        return f"f-{self.field.name}"

    @property
    def invalid(self) -> bool:
        return any(problem.is_error for problem in self.problems)

    @property
    def is_parameter(self) -> bool:
        return self.field.name.startswith(forms.PARAMETER_PREFIX)

    @property
    def is_tag(self) -> bool:
        return self.field.name.startswith(forms.TAG_PREFIX)

    @property
    def pointer(self) -> str:
        return join_pointer(*self.field.lens.path) if self.is_parameter else ""

    @property
    def text_rows(self) -> int:
        return min(8, str(self.value).count("\n") + 1)


def bound_fields(
    form: BuilderForm,
    feedback: Feedback,
    *,
    hints: Mapping[str, str] | None = None,
    choices: Mapping[str, Iterable[Choice]] | None = None,
    suggestions: Mapping[str, Iterable[str]] | None = None,
    notes: Mapping[str, str] | None = None,
    inapplicable: Collection[str] = (),
) -> dict[str, BoundField]:
    bound = {
        field.name: _bound_field(field, form, feedback, hints or {}, choices or {})
        for field in form.form_fields
        if not (form.block and field.lens.path[0] == CONTAINER_KEY)
    }
    for name, values in (suggestions or {}).items():
        if name in bound:
            bound[name] = replace(bound[name], suggestions=tuple(values))
    for name in inapplicable:
        if name in bound and not bound[name].value and not bound[name].locked:
            bound[name] = replace(bound[name], is_shown=False)
    for name, note in (notes or {}).items():
        if name in bound:
            bound[name] = replace(bound[name], note=note)
    return bound


def fargate_size_choices(vcpus: str) -> dict[str, list[Choice]]:
    return {
        "vcpus": [Choice(value, f"{value} vCPU") for value in fargate_vcpus()],
        "memory": [Choice(value, value) for value in fargate_memory(vcpus)],
    }


def sizes_key(fields: Mapping[str, BoundField]) -> str:
    """Return what the sizes depend on: only if it changes are they rendered again."""
    names = [name for name in SIZE_FIELDS if name in fields and fields[name].is_shown]
    offers = [choice.value for name in ("vcpus", "memory") if name in fields for choice in fields[name].choices[:1]]
    return ", ".join([*names, *offers])


def _bound_field(
    field: FormField,
    form: BuilderForm,
    feedback: Feedback,
    hints: Mapping[str, str],
    choices: Mapping[str, Iterable[Choice]],
) -> BoundField:
    value = form.values[field.name]
    suggestions = {"memory": MEMORY_SIZES, "duration": DURATIONS}.get(field.kind, ())
    return BoundField(
        field=field,
        value=value,
        problems=tuple(feedback.problems_by_field.get(field.name, ())),
        hint=hints.get(field.name, ""),
        choices=tuple(with_current_value(choices[field.name], value)) if field.name in choices else (),
        suggestions=suggestions,
        rows=tuple(_key_value_rows(field, value, form.tag_keys)),
        is_required=field.name.startswith(forms.PARAMETER_PREFIX) and field.name not in hints,
        locked=not field.lens.is_applicable(form.base),
    )


def with_current_value(choices: Iterable[Choice], value: FieldValue) -> Iterable[Choice]:
    """Add the current value: opening a form must not change it."""
    options = list(choices)
    yield from options
    if isinstance(value, str) and value and value not in {choice.value for choice in options}:
        yield Choice(value, value, "current value, not in this list")


def _key_value_rows(field: FormField, value: FieldValue, own_fields: Collection[str]) -> Iterable[KeyValueRow]:
    if field.kind not in ("variables", "tags"):
        return
    rows = [row for row in value if isinstance(row, FieldRow)]
    number = 0
    for row in rows:
        if row.origin is not None:
            yield KeyValueRow(f"o{row.origin}", row.name, row.value)
        else:
            yield KeyValueRow(f"n{number}", row.name, row.value)
            number += 1
    if field.kind == "tags":
        names = {row.name for row in rows} | set(own_fields)
        for key in COMMON_TAGS:
            if key not in names:
                yield KeyValueRow(f"n{number}", key, "", is_suggestion=True)
                number += 1
    if len(rows) < forms.MAX_ROWS:
        yield KeyValueRow(f"n{number}")
