"""Values of a form: those of its fields, and problems of those that a request has."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

from jobs.spec.launch_forms.fields import SEPARATOR, DefaultSource, LaunchField, LaunchFieldType
from jobs.spec.problems import Problem, join_pointer, join_words, quote
from jobs.spec.template_parameters import (
    MAX_VALUE_LENGTH,
    NO,
    NUMBER,
    YES,
    ParameterValue,
    has_control_character,
    plain_text,
)

_PATH = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/.*)?|/.*")
_SECRET = re.compile(r"arn:aws[a-z-]*:(?:secretsmanager|ssm):[a-z0-9-]+:[0-9]{12}:.+|[A-Za-z0-9/_+=.@-]+")


@dataclass(frozen=True)
class LaunchContext:
    """What defaults are from: who starts the form, for which team, when, and the values of the last run."""

    person: str = ""
    team: str = ""
    today: date | None = None
    last: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormValues:
    """A value for each field. An empty one takes its places out of the document."""

    values: Mapping[str, ParameterValue]
    visible: frozenset[str]
    """The fields that are asked for, or locked, with these values."""
    problems: tuple[Problem, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        return {name: value.text for name, value in self.values.items()}

    @property
    def empty_names(self) -> frozenset[str]:
        return frozenset(name for name, value in self.values.items() if not value.text)


def read_values(fields: Sequence[LaunchField], entries: Mapping[str, object], context: LaunchContext) -> FormValues:
    """Return the value of each field, its own where none is given, and problems at `/values/name`.

    The value of a locked field is its own. So is that of a field that isn't shown, which may be empty.
    """
    texts: dict[str, str] = {}
    visible: set[str] = set()
    problems = []
    for item in fields:
        if is_shown(item, texts, visible):
            visible.add(item.name)
        text, message = _read_value(item, entries.get(item.name), texts, context, visible)
        texts[item.name] = text
        if message:
            problems.append(Problem(join_pointer("values", item.name), message, rule="form.value"))
    problems += _unknown_names(fields, entries)
    values = {item.name: ParameterValue(texts[item.name], item.is_number) for item in fields}
    return FormValues(values, frozenset(visible), tuple(problems))


def is_shown(item: LaunchField, texts: Mapping[str, str], visible: set[str]) -> bool:
    """Return whether the fields further up, with their values, make it one that is shown."""
    condition = item.shown_when
    if condition is None:
        return True
    return condition.field in visible and texts.get(condition.field) in condition.values


def own_value(item: LaunchField, texts: Mapping[str, str], context: LaunchContext) -> str:
    """Return what a field begins with. One whose choices depend on another begins with the first of these."""
    choices = item.choices_with(texts)
    match item.default_from:
        case DefaultSource.PERSON:
            text = context.person
        case DefaultSource.TEAM:
            text = context.team
        case DefaultSource.DATE:
            text = context.today.isoformat() if context.today else ""
        case DefaultSource.LAST_RUN:
            text = context.last.get(item.name, "")
            text = item.default or "" if value_problem(item, text, choices) else text
        case _:
            text = item.default or ""
    if item.choices_by and item.type is LaunchFieldType.CHOICE and text not in choices:
        return choices[0] if choices and (item.required or item.is_locked) else ""
    return text


def _read_value(
    item: LaunchField, entry: object, texts: Mapping[str, str], context: LaunchContext, visible: set[str]
) -> tuple[str, str]:
    """Return the value with what is wrong with it. No message quotes a value: it may be a secret."""
    own = own_value(item, texts, context)
    choices = item.choices_with(texts)
    is_asked = item.name in visible and not item.is_locked
    text = own if entry is None else _entry_text(item, entry)
    if not is_asked and text != own:
        reason = "is locked" if item.name in visible else "isn't part of the form with these values"
        return own, f"{item.title} {reason}. Leave it out: you can't change it."
    if text is None:
        return own, f"{item.title} must be a string, a number, true or false."
    if item.name not in visible:
        return own if not own or not value_problem(item, own, choices) else "", ""
    return text, value_problem(item, text, choices)


def _entry_text(item: LaunchField, entry: object) -> str | None:
    if item.type is LaunchFieldType.SEVERAL and isinstance(entry, list):
        texts = [plain_text(value) for value in entry]
        return None if None in texts else SEPARATOR.join(text for text in texts if text)
    return plain_text(entry)


def _unknown_names(fields: Sequence[LaunchField], entries: Mapping[str, object]) -> list[Problem]:
    names = [item.name for item in fields]
    own_names = join_words(names) or "none"
    return [
        Problem(
            join_pointer("values", name),
            f"The form has no field {quote(name)}. Its fields: {own_names}.",
            rule="form.unknown-field",
        )
        for name in entries
        if name not in names
    ]


def value_problem(item: LaunchField, text: str, choices: Sequence[str]) -> str:
    """Return what is wrong with the value of a field that is shown, or an empty text."""
    if not text:
        return f"Enter a value for {item.title}." if item.required else ""
    if len(text) > MAX_VALUE_LENGTH:
        return f"{item.title} has {len(text):,} characters; the limit is {MAX_VALUE_LENGTH:,}."
    if has_control_character(text):
        return f"{item.title} contains a control character. Remove it."
    return _type_problem(item, text, choices) or _pattern_problem(item, text)


def _type_problem(item: LaunchField, text: str, choices: Sequence[str]) -> str:
    match item.type:
        case LaunchFieldType.NUMBER:
            return _number_problem(item, text)
        case LaunchFieldType.CHOICE if text not in choices:
            return f"{item.title} must be {_listed(choices)}."
        case LaunchFieldType.SEVERAL if not set(text.split(SEPARATOR)) <= set(choices):
            return f"{item.title} can have {_listed(choices)}, separated by commas."
        case LaunchFieldType.SEVERAL if len(set(parts := text.split(SEPARATOR))) < len(parts):
            return f"{item.title} has a value twice. Remove one."
        case LaunchFieldType.YES_NO if text not in (YES, NO):
            return f"{item.title} must be {YES} or {NO}."
        case LaunchFieldType.DATE if not _is_date(text):
            return f"{item.title} must be a date, such as 2026-11-30."
        case LaunchFieldType.PATH if not _PATH.fullmatch(text):
            return f"{item.title} must be a path, such as s3://bucket/key or /data/input.csv."
        case LaunchFieldType.SECRET if not _SECRET.fullmatch(text):
            return f"{item.title} must be the name or ARN of a secret or parameter in AWS, not its value."
        case _:
            return ""


def _listed(choices: Sequence[str]) -> str:
    return join_words(choices, conjunction="or") or "empty: there are no choices with these values"


def _number_problem(item: LaunchField, text: str) -> str:
    if not NUMBER.fullmatch(text):
        return f"{item.title} must be a number, such as 16 or 0.5."
    number = Decimal(text)
    is_below, is_above = item.min is not None and number < item.min, item.max is not None and number > item.max
    if is_below or is_above:
        return f"{item.title} must be {bounds_text(item)}."
    if item.step and (number - (item.min or 0)) % item.step:
        start = f", counted from {plain_number(item.min)}" if item.min else ""
        return f"{item.title} goes in steps of {plain_number(item.step)}{start}."
    return ""


def bounds_text(item: LaunchField) -> str:
    """Return the bounds of a number in words; empty if it has none."""
    match item.min, item.max:
        case None, None:
            return ""
        case low, None if low is not None:
            return f"{plain_number(low)} or more"
        case None, high if high is not None:
            return f"{plain_number(high)} or less"
        case low, high:
            return f"{plain_number(low or Decimal())} to {plain_number(high or Decimal())}"


def plain_number(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _pattern_problem(item: LaunchField, text: str) -> str:
    if not item.pattern or fnmatchcase(text, item.pattern):
        return ""
    sample = f", such as {item.sample}" if item.sample else ""
    return f"{item.title} must have the form {item.pattern}{sample}."


def sample_values(fields: Sequence[LaunchField], *, optional: bool = True) -> FormValues:
    """Return the form's own values, and something plausible where there is none; in optional fields only if asked."""
    samples = {
        LaunchFieldType.YES_NO: NO,
        LaunchFieldType.DATE: "2026-01-01",
        LaunchFieldType.PATH: "/sample",
        LaunchFieldType.SECRET: "sample",
    }
    context = LaunchContext("sample", "sample", date(2026, 1, 1))
    entries: dict[str, object] = {}
    texts: dict[str, str] = {}
    for number, item in enumerate(fields):
        choices = item.choices_with(texts)
        if not item.is_locked and (item.required or optional):
            own = own_value(item, texts, context)
            if not own or value_problem(item, own, choices):
                number_text = plain_number(item.min if item.min is not None else Decimal(1))
                plausible = number_text if item.is_number else samples.get(item.type, item.name)
                entries[item.name] = item.sample or (choices[0] if choices else plausible)
        texts = read_values(fields[: number + 1], entries, context).texts
    result = read_values(fields, entries, context)
    entries = {name: entry for name, entry in entries.items() if name in result.visible}
    return read_values(fields, entries, context)
