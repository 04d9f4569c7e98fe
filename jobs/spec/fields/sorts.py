"""What a form holds of a field, and the sorts of plain values: how each is shown, and what is meant when typed.

For every sort, what is shown of a value is read as that value again. A value that a sort cannot show so, because
someone gave it another type, is shown as the JSON it is.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobs.spec.documents import is_whole_number
from jobs.spec.fields import units


@dataclass(frozen=True)
class Row:
    """A name and its value, and which entry of the document it is; a new one is none yet."""

    name: str
    value: str
    origin: int | None = None


Rows = tuple[Row, ...]
Names = tuple[str, ...]
Value = str | Rows | Names
"""A text; rows of names and values; or the ids that were chosen."""


@dataclass(frozen=True)
class Sort:
    """A sort of plain values. `show` may answer None for what is not of it; `mean` always answers something.

    Each has its like, by the same name, in static/src/builder/sorts.js.
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
    """Equality as JSON has it: 1 is neither true nor 1.0."""
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
"""A list that has one text, as platformCapabilities has."""
