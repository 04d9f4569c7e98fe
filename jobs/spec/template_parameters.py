"""Parameters of a workflow template, and their values.

`${param.name}` in a string of the document stands for a value. `${jobName}` refers to a step: the name of a job has
no dot, so the two are never the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.spec.documents import Path, is_object, list_at, text_at
from jobs.spec.problems import Problem, join_pointer, join_words, quote

REFERENCE = re.compile(r"\$\{param\.([^{}]*)\}")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")
MAX_PARAMETERS = 50
MAX_LABEL_LENGTH = 100
MAX_HELP_LENGTH = 300
MAX_CHOICES = 100
MAX_VALUE_LENGTH = 4_000
_UNFIT_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class ParameterType(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes-no"


YES, NO = "true", "false"
"""The values of a yes/no parameter, as AWS Batch and most programs write them."""


@dataclass(frozen=True)
class Parameter:
    """What a person is asked. A default is a text, also that of a number."""

    name: str
    label: str = ""
    help: str = ""
    type: ParameterType = ParameterType.TEXT
    default: str | None = None
    required: bool = True
    choices: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return self.label or self.name

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "help": self.help,
            "type": self.type.value,
            "default": self.default,
            "required": self.required,
            **({"choices": list(self.choices)} if self.type is ParameterType.CHOICE else {}),
        }


@dataclass(frozen=True)
class ParameterValue:
    """A value as it was written, which a reference that is a whole string replaces by a number."""

    text: str
    is_number: bool = False

    @property
    def whole(self) -> str | int | float:
        if not self.is_number:
            return self.text
        return float(self.text) if "." in self.text else int(self.text)


def parse_parameters(entries: object) -> tuple[Parameter, ...]:
    """Read what `as_json` writes. Whatever else is there is read as if it were missing."""
    parameters = []
    for entry in entries if isinstance(entries, list) else []:
        if not is_object(entry):
            continue
        kind = text_at(entry, "type") or ParameterType.TEXT
        parameters.append(
            Parameter(
                text_at(entry, "name"),
                text_at(entry, "label"),
                text_at(entry, "help"),
                ParameterType(kind) if kind in set(ParameterType) else ParameterType.TEXT,
                plain_text(entry.get("default")),
                entry.get("required") is not False,
                tuple(text for choice in list_at(entry, "choices") if (text := plain_text(choice)) is not None),
            )
        )
    return tuple(parameters)


def plain_text(value: object) -> str | None:
    """Return a scalar of JSON as text; None for anything else."""
    match value:
        case bool():
            return YES if value else NO
        case str():
            return value
        case int():
            return str(value)
        case float():
            return f"{value:.15g}"
        case _:
            return None


def check_parameters(parameters: Sequence[Parameter]) -> Iterator[Problem]:
    """Yield what is wrong with the parameters themselves, at `/parameters/0/name` and the like."""
    if len(parameters) > MAX_PARAMETERS:
        message = f"A template can have {MAX_PARAMETERS} parameters; this one has {len(parameters):,}."
        yield Problem("/parameters", message, rule="template.too-many-parameters")
        return
    names: set[str] = set()
    for number, parameter in enumerate(parameters):
        for key, message in _parameter_problems(parameter, names):
            yield Problem(join_pointer("parameters", number, key), message, rule="template.parameter")
        names.add(parameter.name)


def _parameter_problems(parameter: Parameter, names: set[str]) -> Iterator[tuple[str, str]]:
    if not NAME.fullmatch(parameter.name):
        yield "name", "A parameter's name has up to 64 letters, digits, - and _, and begins with a letter."
    elif parameter.name in names:
        yield "name", f"Two parameters are named {quote(parameter.name)}. Rename one."
    for key, text, limit in (
        ("label", parameter.label, MAX_LABEL_LENGTH),
        ("help", parameter.help, MAX_HELP_LENGTH),
    ):
        if len(text) > limit or has_control_character(text):
            yield key, f"Use at most {limit} characters, without control characters."
    if parameter.type is ParameterType.CHOICE:
        yield from _choice_problems(parameter)
    yield from _default_problems(parameter)


def _default_problems(parameter: Parameter) -> Iterator[tuple[str, str]]:
    if parameter.default is None:
        if not parameter.required and parameter.type is not ParameterType.TEXT:
            yield "default", "Enter a default, or make the parameter required."
    elif REFERENCE.search(parameter.default):
        yield "default", "A default can't contain a parameter."
    elif problem := value_problem(parameter, parameter.default):
        yield "default", problem


def _choice_problems(parameter: Parameter) -> Iterator[tuple[str, str]]:
    if not parameter.choices:
        yield "choices", "Enter at least one choice."
    elif len(parameter.choices) > MAX_CHOICES:
        yield "choices", f"Enter at most {MAX_CHOICES} choices."
    elif len(set(parameter.choices)) < len(parameter.choices):
        yield "choices", "Each choice can occur only once."
    elif any(
        not choice or len(choice) > MAX_VALUE_LENGTH or REFERENCE.search(choice) for choice in parameter.choices
    ):
        yield "choices", f"A choice has 1 to {MAX_VALUE_LENGTH:,} characters and contains no parameter."


def has_control_character(text: str) -> bool:
    return _UNFIT_CHARACTER.search(text) is not None


def value_problem(parameter: Parameter, text: str) -> str:
    """Return what is wrong with a value, or an empty text. No message quotes the value: it may be a secret."""
    if not text:
        is_needed = parameter.required or parameter.type is not ParameterType.TEXT
        return f"Enter a value for {parameter.title}." if is_needed else ""
    if len(text) > MAX_VALUE_LENGTH:
        return f"{parameter.title} has {len(text):,} characters; the limit is {MAX_VALUE_LENGTH:,}."
    if has_control_character(text):
        return f"{parameter.title} contains a control character. Remove it."
    match parameter.type:
        case ParameterType.NUMBER if not NUMBER.fullmatch(text):
            return f"{parameter.title} must be a number, such as 16 or 0.5."
        case ParameterType.CHOICE if text not in parameter.choices:
            return f"{parameter.title} must be {join_words(parameter.choices, conjunction='or')}."
        case ParameterType.YES_NO if text not in (YES, NO):
            return f"{parameter.title} must be {YES} or {NO}."
        case _:
            return ""


def read_values(
    parameters: Sequence[Parameter], entries: Mapping[str, object]
) -> tuple[dict[str, ParameterValue], list[Problem]]:
    """Return the value of each parameter, its default where none is given, and problems at `/values/name`."""
    values: dict[str, ParameterValue] = {}
    problems = []
    for parameter in parameters:
        entry = entries.get(parameter.name)
        text = parameter.default if entry is None else plain_text(entry)
        pointer = join_pointer("values", parameter.name)
        if entry is not None and text is None:
            message = f"{parameter.title} must be a string, a number, true or false."
        else:
            message = value_problem(parameter, text or "")
        if message:
            problems.append(Problem(pointer, message, rule="template.value"))
        values[parameter.name] = ParameterValue(text or "", parameter.type is ParameterType.NUMBER)
    names = {parameter.name for parameter in parameters}
    for name in entries:
        if name not in names:
            own_names = join_words(sorted(names)) or "none"
            message = f"The template has no parameter {quote(name)}. Its parameters: {own_names}."
            problems.append(Problem(join_pointer("values", name), message, rule="template.unknown-parameter"))
    return values, problems


def sample_values(parameters: Sequence[Parameter]) -> dict[str, ParameterValue]:
    """Return the defaults, and something plausible where there is none."""
    samples = {
        ParameterType.NUMBER: "1",
        ParameterType.YES_NO: NO,
    }
    values = {}
    for parameter in parameters:
        text = parameter.default
        if text is None or value_problem(parameter, text):
            is_choice = parameter.type is ParameterType.CHOICE and parameter.choices
            text = parameter.choices[0] if is_choice else samples.get(parameter.type, parameter.name)
        values[parameter.name] = ParameterValue(text, parameter.type is ParameterType.NUMBER)
    return values


def iter_references(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the strings that have a reference, with their places."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from iter_references(member, (*path, key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from iter_references(entry, (*path, number))
    elif isinstance(value, str) and "${param." in value and REFERENCE.search(value):
        yield path, value
