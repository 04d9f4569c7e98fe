"""Types of form fields' values. Every type parses its own text back to the same value."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs.spec.documents import is_integer
from jobs.spec.forms import units


@dataclass(frozen=True)
class FieldRow:
    name: str
    value: str
    origin: int | None = None


FieldRows = tuple[FieldRow, ...]
Names = tuple[str, ...]
FieldValue = str | FieldRows | Names
"""A text; rows of names and values; or the chosen ids."""


@dataclass(frozen=True)
class ValueType:
    """`format` returns None for a value of another type; `parse` always returns something.

    Each has a counterpart in static/src/builder/units.js.
    """

    name: str
    format: Callable[[Any], str | None]
    parse: Callable[[str], Any]

    def to_text(self, value: Any) -> str:
        text = self.format(value)
        if text is not None and _same(self.parse(text), value):
            return text
        return json.dumps(value, ensure_ascii=False)


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON: 1 is neither true nor 1.0."""
    return json.dumps(one) == json.dumps(other)


def _format_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _parse_whole(text: str) -> int | str:
    return int(text) if units.WHOLE_NUMBER.fullmatch(text.strip()) else text


def _parse_seconds(text: str) -> int | str:
    seconds = units.parse_seconds(text)
    return text if seconds is None else seconds


def _parse_mib(text: str) -> str:
    mib = units.parse_mib(text)
    return text if mib is None else str(mib)


def _format_mib(value: Any) -> str | None:
    if isinstance(value, str) and units.WHOLE_NUMBER.fullmatch(value):
        return units.format_mib(int(value))
    return _format_text(value)


def _parse_command(text: str) -> list[Any] | str:
    command = units.parse_command(text)
    return text if command is None else command


def _format_command(value: Any) -> str | None:
    return units.format_command(value) if isinstance(value, list) else _format_text(value)


TEXT = ValueType("text", _format_text, lambda text: text)
WHOLE = ValueType("whole", lambda value: str(value) if is_integer(value) else _format_text(value), _parse_whole)
SECONDS = ValueType(
    "seconds",
    lambda value: units.format_seconds(value) if is_integer(value) and value >= 0 else _format_text(value),
    _parse_seconds,
)
MEMORY = ValueType("memory", _format_mib, _parse_mib)
COMMAND = ValueType("command", _format_command, _parse_command)
ONLY_ENTRY = ValueType(
    "only",
    lambda value: value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else None,
    lambda text: [text],
)
"""A list with one string, such as platformCapabilities."""
