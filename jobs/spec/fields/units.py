"""Values as people write them in a form, and as AWS has them: time spans, sizes of memory, commands.

Each pair goes both ways without loss: what `…_in_words` writes, `…_of` reads as the same value. What a person wrote
and nobody understands is None here; the form then keeps it as it was typed, and the judge says what is wrong with it.
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
WHOLE = re.compile(r"0|[1-9]\d{0,14}")
"""A whole number as AWS would write it: without a sign, and without zeros in front."""


def seconds_in_words(seconds: int) -> str:
    """2 h, 1 h 30 min, 45 s: exact, whatever the number is."""
    if seconds < 60:
        return f"{seconds} s"
    parts, rest = [], seconds
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def seconds_of(text: str) -> int | None:
    """The seconds of “2 h”, “1h 30m”, “90 minutes” or “5400”."""
    text = text.strip()
    if WHOLE.fullmatch(text):
        return int(text)
    spans = list(_SPAN.finditer(text))
    rest = _SPAN.sub("", text).replace("and", "").replace(",", "").strip()
    if not spans or rest or any(span["unit"].lower() not in _SECONDS for span in spans):
        return None
    total = sum(Decimal(span["count"]) * _SECONDS[span["unit"].lower()] for span in spans)
    return int(total) if total == int(total) else None


def mib_in_words(mib: int) -> str:
    """16 GiB, or 1536 MiB where it is no whole number of GiB."""
    return f"{mib // 1024} GiB" if mib and mib % 1024 == 0 else f"{mib} MiB"


def mib_of(text: str) -> int | None:
    """The MiB of “16 GiB”, “1.5 G” or “512”. People who write GB mean GiB here, because AWS counts in MiB."""
    match = _MEMORY.fullmatch(text.strip())
    if not match:
        return None
    total = Decimal(match["count"]) * _MIB[(match["unit"] or "m")[0].lower()]
    return int(total) if total == int(total) else None


def command_in_words(command: Sequence[Any]) -> str:
    """A command as one line that a shell would split into the same words; as JSON where no line can say it."""
    if all(isinstance(word, str) and _typable(word) for word in command):
        return shlex.join(command)
    return json.dumps(list(command), ensure_ascii=False)


def command_of(text: str) -> list[Any] | None:
    """The words of a command line, or of a JSON list. None where a quote has no end."""
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
    """Whether a text area gives a word back as it is."""
    return all(character.isprintable() or character in "\n\t" for character in word)
