"""Conversion between what people write and what AWS takes.

What can't be parsed is None; the form keeps the text as typed, and validation reports it.
"""

import json
import re
import shlex
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

_SPAN = re.compile(r"(?P<count>\d{1,15}(?:\.\d{1,4})?)\s*(?P<unit>[a-z]+)", re.IGNORECASE)
_SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}
_MEMORY = re.compile(r"(?P<count>\d{1,15}(?:\.\d{1,4})?)\s*(?P<unit>m|mb|mib|g|gb|gib|t|tb|tib)?", re.IGNORECASE)
_MIB = {"m": 1, "g": 1024, "t": 1024 * 1024}
WHOLE_NUMBER = re.compile(r"0|[1-9]\d{0,14}")
"""Non-negative, without leading zeros, as AWS writes it."""


def format_seconds(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    parts, rest = [], seconds
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def parse_seconds(text: str) -> int | None:
    """Parse “2 h”, “1h 30m”, “90 minutes” or “5400”."""
    text = text.strip()
    if WHOLE_NUMBER.fullmatch(text):
        return int(text)
    spans = list(_SPAN.finditer(text))
    rest = _SPAN.sub("", text).replace("and", "").replace(",", "").strip()
    if not spans or rest or any(span["unit"].lower() not in _SECONDS for span in spans):
        return None
    total = sum(Decimal(span["count"]) * _SECONDS[span["unit"].lower()] for span in spans)
    return int(total) if total == int(total) else None


def format_mib(mib: int) -> str:
    return f"{mib // 1024} GiB" if mib and mib % 1024 == 0 else f"{mib} MiB"


def parse_mib(text: str) -> int | None:
    """Parse “16 GiB”, “1.5 G” or “512”. GB is read as GiB, because AWS counts in MiB."""
    match = _MEMORY.fullmatch(text.strip())
    if not match:
        return None
    total = Decimal(match["count"]) * _MIB[(match["unit"] or "m")[0].lower()]
    return int(total) if total == int(total) else None


def format_command(command: Sequence[Any]) -> str:
    """Format a line that a shell splits into the same words, else JSON."""
    if all(isinstance(word, str) and _typable(word) for word in command):
        return shlex.join(command)
    return json.dumps(list(command), ensure_ascii=False)


def parse_command(text: str) -> list[Any] | None:
    text = text.strip()
    if text.startswith("["):
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, list):
            return value
    try:
        return shlex.split(text)
    except ValueError:
        return None


def _typable(word: str) -> bool:
    return all(character.isprintable() or character in "\n\t" for character in word)
