"""Fields of a launch form, in sections, as plain data."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from jobs.spec.documents import is_object, list_at, object_at, text_at
from jobs.spec.template_parameters import NO, NUMBER, YES, plain_text

MAX_FIELDS = 50
MAX_SECTIONS = 20
SEPARATOR = ","
"""Between the values of a field that takes several."""


class LaunchFieldType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    SEVERAL = "several"  # of its choices, joined by SEPARATOR
    YES_NO = "yes-no"
    DATE = "date"  # 2026-11-30
    PATH = "path"  # s3://bucket/key, or a path in the container
    SECRET = "secret"  # noqa: S105 - the name or ARN of one, never its value


class FieldMode(StrEnum):
    ASK = "ask"
    LOCKED = "locked"  # shown with its value, which can't be changed


class DefaultSource(StrEnum):
    FIXED = "fixed"
    PERSON = "person"
    TEAM = "team"
    DATE = "date"
    LAST_RUN = "last-run"


@dataclass(frozen=True)
class FieldCondition:
    """Whether another field, further up, has one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class DependentChoices:
    """Choices by the value of another field, further up."""

    field: str
    choices: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class LaunchField:
    """What a person is asked. Texts stand for values of any type, also for a number."""

    name: str
    label: str = ""
    help: str = ""
    type: LaunchFieldType = LaunchFieldType.TEXT
    mode: FieldMode = FieldMode.ASK
    required: bool = True
    default: str | None = None
    default_from: DefaultSource = DefaultSource.FIXED
    min: Decimal | None = None
    max: Decimal | None = None
    step: Decimal | None = None
    pattern: str = ""
    """With * for anything and ? for one character, as in tag rules."""
    sample: str = ""
    choices: tuple[str, ...] = ()
    choices_by: DependentChoices | None = None
    shown_when: FieldCondition | None = None

    @property
    def title(self) -> str:
        return self.label or self.name

    @property
    def is_locked(self) -> bool:
        return self.mode is FieldMode.LOCKED

    @property
    def is_number(self) -> bool:
        return self.type is LaunchFieldType.NUMBER

    @property
    def has_choices(self) -> bool:
        return self.type in (LaunchFieldType.CHOICE, LaunchFieldType.SEVERAL)

    @property
    def is_open(self) -> bool:
        """Whether its values can't be listed, and it has no fixed one."""
        is_listed = self.has_choices or self.type is LaunchFieldType.YES_NO
        return not is_listed and (self.default is None or self.default_from is not DefaultSource.FIXED)

    @property
    def controls(self) -> tuple[str, ...]:
        """Return the fields that it depends on."""
        names = [part.field for part in (self.shown_when, self.choices_by) if part]
        return tuple(dict.fromkeys(names))

    def all_choices(self) -> tuple[str, ...]:
        """Return every value that it could offer, whatever the others have."""
        if self.type is LaunchFieldType.YES_NO:
            return (YES, NO)
        if self.choices_by:
            return tuple(dict.fromkeys(text for texts in self.choices_by.choices.values() for text in texts))
        return self.choices

    def choices_with(self, texts: Mapping[str, str]) -> tuple[str, ...]:
        """Return what it offers while other fields have these values."""
        if self.type is LaunchFieldType.YES_NO or not self.choices_by:
            return self.all_choices()
        return self.choices_by.choices.get(texts.get(self.choices_by.field, ""), ())

    def as_json(self) -> dict[str, Any]:
        """Return what `parse_sections` reads; what a field doesn't have is left out."""
        by, when = self.choices_by, self.shown_when
        members = {
            "name": self.name,
            "label": self.label,
            "help": self.help,
            "type": self.type.value,
            "mode": self.mode.value if self.is_locked else None,
            "required": None if self.required else False,
            "default": self.default,
            "default_from": None if self.default_from is DefaultSource.FIXED else self.default_from.value,
            "min": _json_number(self.min),
            "max": _json_number(self.max),
            "step": _json_number(self.step),
            "pattern": self.pattern,
            "sample": self.sample,
            "choices": list(self.choices),
            "choices_by": by and {"field": by.field, "choices": {key: list(by.choices[key]) for key in by.choices}},
            "shown_when": when and {"field": when.field, "values": list(when.values)},
        }
        return {key: member for key, member in members.items() if member not in (None, "", []) or key == "name"}


@dataclass(frozen=True)
class FormSection:
    title: str
    fields: tuple[LaunchField, ...]

    def as_json(self) -> dict[str, Any]:
        return {"title": self.title, "fields": [field.as_json() for field in self.fields]}


def fields_of(sections: Iterable[FormSection]) -> tuple[LaunchField, ...]:
    return tuple(field for section in sections for field in section.fields)


def parse_sections(entries: object) -> tuple[FormSection, ...]:
    """Read what `as_json` writes. Whatever else is there is read as if it were missing."""
    return tuple(
        FormSection(
            text_at(entry, "title"),
            tuple(_parse_field(field) for field in list_at(entry, "fields") if is_object(field)),
        )
        for entry in (entries if isinstance(entries, list) else [])
        if is_object(entry)
    )


def _parse_field(entry: Mapping[str, Any]) -> LaunchField:
    condition, choices_by = object_at(entry, "shown_when"), object_at(entry, "choices_by")
    return LaunchField(
        name=text_at(entry, "name"),
        label=text_at(entry, "label"),
        help=text_at(entry, "help"),
        type=_member(LaunchFieldType, text_at(entry, "type"), LaunchFieldType.TEXT),
        mode=_member(FieldMode, text_at(entry, "mode"), FieldMode.ASK),
        required=entry.get("required") is not False,
        default=_default(entry.get("default")),
        default_from=_member(DefaultSource, text_at(entry, "default_from"), DefaultSource.FIXED),
        min=_number(entry.get("min")),
        max=_number(entry.get("max")),
        step=_number(entry.get("step")),
        pattern=text_at(entry, "pattern"),
        sample=text_at(entry, "sample"),
        choices=_texts(entry.get("choices")),
        choices_by=(
            DependentChoices(
                text_at(choices_by, "field"),
                {value: _texts(texts) for value, texts in object_at(choices_by, "choices").items()},
            )
            if choices_by
            else None
        ),
        shown_when=FieldCondition(text_at(condition, "field"), _texts(condition.get("values")))
        if condition
        else None,
    )


def _member(kind: type[StrEnum], text: str, fallback: Any) -> Any:
    return kind(text) if text in set(kind) else fallback


def _default(value: object) -> str | None:
    return SEPARATOR.join(_texts(value)) if isinstance(value, list) else plain_text(value)


def _number(value: object) -> Decimal | None:
    text = plain_text(value)
    return Decimal(text) if text is not None and NUMBER.fullmatch(text) else None


def _json_number(number: Decimal | None) -> int | float | None:
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)


def _texts(values: object) -> tuple[str, ...]:
    entries: Sequence[object] = values if isinstance(values, list) else []
    return tuple(text for entry in entries if (text := plain_text(entry)) is not None)
