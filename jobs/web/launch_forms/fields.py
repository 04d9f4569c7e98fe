"""Fields of a form as pages show them, and the values that a browser sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import QueryDict

from jobs.spec.launch_forms.fields import (
    SEPARATOR,
    DefaultSource,
    FormSection,
    LaunchField,
    LaunchFieldType,
    fields_of,
)
from jobs.spec.launch_forms.values import FormValues, LaunchContext, bounds_text, plain_number, read_values
from jobs.spec.template_parameters import MAX_VALUE_LENGTH, NO, YES
from jobs.web.builder.feedback import ProblemView
from jobs.web.builder.value_feedback import PREFIX, one_of_each_rule
from jobs.web.shell.text_input import drop_nul

YES_NO_LABELS = {YES: "Yes", NO: "No"}


@dataclass(frozen=True)
class FieldView:
    """A field with its value."""

    field: LaunchField
    text: str
    choice_texts: tuple[str, ...] = ()
    is_shown: bool = True
    locked_by: str = ""
    source: str = ""
    """Where a value that the page begins with is from: link or last."""
    problems: tuple[ProblemView, ...] = ()
    dependents: tuple[str, ...] = ()
    """Fields that are shown, or have other choices, by its value."""

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.field.name}"

    @property
    def slot(self) -> str:
        return f"slot-{self.field.name}"

    @property
    def is_invalid(self) -> bool:
        return any(problem.is_error for problem in self.problems)

    @property
    def is_select(self) -> bool:
        return self.field.type in (LaunchFieldType.CHOICE, LaunchFieldType.YES_NO)

    @property
    def choices(self) -> Sequence[tuple[str, str, bool]]:
        """Return values with their labels, and whether they are chosen."""
        selected = self.text.split(SEPARATOR) if self.field.type is LaunchFieldType.SEVERAL else [self.text]
        is_yes_no = self.field.type is LaunchFieldType.YES_NO
        return [
            (value, YES_NO_LABELS[value] if is_yes_no else value, value in selected) for value in self.choice_texts
        ]

    @property
    def shown_text(self) -> str:
        """Return the value of a locked field."""
        if self.field.type is LaunchFieldType.YES_NO:
            return YES_NO_LABELS.get(self.text, self.text)
        return self.text.replace(SEPARATOR, ", ") if self.field.type is LaunchFieldType.SEVERAL else self.text

    @property
    def help(self) -> str:
        """Return the help with the bounds of a number or the sample of a pattern."""
        field = self.field
        bounds = bounds_text(field) if field.is_number else ""
        steps = _step_text(field.step) if field.step else ""
        sample = f"for example {field.sample}" if field.sample else ""
        limits = ", ".join(text for text in (bounds, steps, sample) if text)
        return " · ".join(text for text in (field.help, limits[:1].upper() + limits[1:]) if text)

    @property
    def oob(self) -> str:
        """Return the places that a change of it changes, for htmx."""
        return ",".join(f"#slot-{name}" for name in self.dependents)


def _step_text(step: Decimal) -> str:
    return "whole numbers" if step == 1 else f"in steps of {plain_number(step)}"


@dataclass(frozen=True)
class SectionView:
    title: str
    fields: tuple[FieldView, ...]


def section_views(
    sections: Sequence[FormSection],
    values: FormValues,
    *,
    texts: Mapping[str, str],
    locks: Mapping[str, str],
    sources: Mapping[str, str],
    problems: Mapping[str, Sequence[ProblemView]],
) -> list[SectionView]:
    """Return what to show. `texts`: what was entered, even if it is wrong."""
    dependents: dict[str, list[str]] = {}
    for field in fields_of(sections):
        for name in field.controls:
            dependents.setdefault(name, []).append(field.name)
    all_fields = fields_of(sections)
    return [
        SectionView(
            section.title,
            tuple(
                FieldView(
                    field,
                    values.values[field.name].text if field.is_locked else texts[field.name],
                    field.choices_with(values.texts),
                    field.name in values.visible,
                    locks.get(field.name, ""),
                    sources.get(field.name, ""),
                    one_of_each_rule(problems.get(f"{PREFIX}{field.name}", ())),
                    _all_dependents(field.name, dependents, len(all_fields)),
                )
                for field in section.fields
            ),
        )
        for section in sections
    ]


def _all_dependents(name: str, dependents: Mapping[str, Sequence[str]], count: int) -> tuple[str, ...]:
    """Return also what depends on a dependent field."""
    names: dict[str, None] = {}
    remaining = list(dependents.get(name, ()))
    while remaining and len(names) <= count:
        dependent = remaining.pop(0)
        if dependent not in names:
            names[dependent] = None
            remaining += dependents.get(dependent, ())
    return tuple(names)


def posted_entries(fields: Sequence[LaunchField], post: QueryDict) -> dict[str, object]:
    """Return what was sent, also for fields that don't exist or can't be changed: the form refuses these."""
    kinds = {field.name: field.type for field in fields}
    entries: dict[str, object] = {}
    for key in post:
        if not key.startswith(PREFIX):
            continue
        name = key.removeprefix(PREFIX)
        if kinds.get(name) is LaunchFieldType.SEVERAL:
            entries[name] = _clip(SEPARATOR.join(text for text in post.getlist(key) if text))
        else:
            entries[name] = _clip(str(post[key]))
    return entries


def linked_entries(
    fields: Sequence[LaunchField], query: QueryDict, context: LaunchContext, preset: Mapping[str, str]
) -> dict[str, object]:
    """Return the values of a preset, or of a link instead, for fields that are shown and not locked."""
    entries: dict[str, object] = dict(preset)
    for field in fields:
        if field.name not in query or field.is_locked:
            continue
        entries[field.name] = _clip(SEPARATOR.join(query.getlist(field.name)))
    visible = read_values(fields, entries, context).visible
    return {name: entry for name, entry in entries.items() if name in visible}


def fitting_entries(
    fields: Sequence[LaunchField], entries: Mapping[str, object], context: LaunchContext
) -> dict[str, object]:
    """Leave out what other values have taken from the page meanwhile: fields, and choices of fields."""
    result = dict(entries)
    for field in fields:
        if not field.controls or field.name not in result:
            continue
        values = read_values(fields, result, context)
        is_gone = field.has_choices and result[field.name] not in field.choices_with(values.texts)
        if field.name not in values.visible or is_gone:
            del result[field.name]
    return result


def _clip(text: str) -> str:
    return drop_nul(text)[: MAX_VALUE_LENGTH + 1]


def value_sources(
    fields: Sequence[LaunchField],
    entries: Mapping[str, object],
    context: LaunchContext,
    texts: Mapping[str, str],
    preset: Mapping[str, str],
) -> dict[str, str]:
    sources = {}
    for field in fields:
        if entries.get(field.name):
            sources[field.name] = "preset" if entries[field.name] == preset.get(field.name) else "link"
        elif field.default_from is DefaultSource.LAST_RUN and context.last.get(field.name) == texts[field.name]:
            sources[field.name] = "last" if texts[field.name] and texts[field.name] != field.default else ""
    return sources
