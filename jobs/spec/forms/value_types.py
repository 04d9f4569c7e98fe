"""Values of form fields, and the types of plain values with their conversion to and from text.

Every type parses its own text back to the same value. A value that it can't show that way, because it has another
JSON type, is shown as JSON.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs.spec.documents import is_whole_number
from jobs.spec.forms import units


@dataclass(frozen=True)
class Row:
    """A name, a value, and the index of its entry in the document; None for a new row."""

    name: str
    value: str
    origin: int | None = None


Rows = tuple[Row, ...]
Names = tuple[str, ...]
Value = str | Rows | Names
"""A text; rows of names and values; or the chosen ids."""


@dataclass(frozen=True)
class Sort:
    """A type of plain values. `format` returns None for a value of another type; `parse` always returns something.

    Each has a counterpart of the same name in static/src/builder/units.js.
    """

    name: str
    show: Callable[[Any], str | None]
    mean: Callable[[str], Any]

    def shown(self, value: Any) -> str:
        text = self.show(value)
        if text is not None and _same(self.mean(text), value):
            return text
        return json.dumps(value, ensure_ascii=False)


def _same(one: Any, other: Any) -> bool:
    """Compare as JSON does: 1 is neither true nor 1.0."""
    return json.dumps(one) == json.dumps(other)


def _format_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _parse_whole(text: str) -> int | str:
    return int(text) if units.WHOLE.fullmatch(text.strip()) else text


def _parse_seconds(text: str) -> int | str:
    seconds = units.seconds_of(text)
    return text if seconds is None else seconds


def _parse_mib(text: str) -> str:
    mib = units.mib_of(text)
    return text if mib is None else str(mib)


def _format_mib(value: Any) -> str | None:
    if isinstance(value, str) and units.WHOLE.fullmatch(value):
        return units.mib_in_words(int(value))
    return _format_text(value)


def _parse_command(text: str) -> list[Any] | str:
    command = units.command_of(text)
    return text if command is None else command


def _format_command(value: Any) -> str | None:
    return units.command_in_words(value) if isinstance(value, list) else _format_text(value)


TEXT = Sort("text", _format_text, lambda text: text)
WHOLE = Sort("whole", lambda value: str(value) if is_whole_number(value) else _format_text(value), _parse_whole)
SECONDS = Sort(
    "seconds",
    lambda value: units.seconds_in_words(value) if is_whole_number(value) and value >= 0 else _format_text(value),
    _parse_seconds,
)
MEMORY = Sort("memory", _format_mib, _parse_mib)
COMMAND = Sort("command", _format_command, _parse_command)
ONLY_ENTRY = Sort(
    "only",
    lambda value: value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else None,
    lambda text: [text],
)
"""A list with one string, such as platformCapabilities."""
