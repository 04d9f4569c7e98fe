"""Terminal colours of log lines, as CSS classes."""

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from jobs.plain_text import CONTROL_SEQUENCE, to_plain_text

_COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_STYLES = {1: "bold", 2: "faint", 3: "italic", 4: "underline"}
_STYLE_RESETS = {22: ("bold", "faint"), 23: ("italic",), 24: ("underline",)}
MAX_LINE_LENGTH = 20_000


def to_html(text: str) -> SafeString:
    """Return one line, escaped, with its styles as spans."""
    cut = text if len(text) <= MAX_LINE_LENGTH else text[:MAX_LINE_LENGTH] + " … (line truncated)"
    # A progress bar overwrites itself with carriage returns: only the last text was visible.
    last = cut.rstrip("\r\n").rsplit("\r", 1)[-1]
    return mark_safe("".join(_spans(last)))  # noqa: S308 - every piece of text is escaped, classes are from our list


def _spans(text: str) -> Iterator[str]:
    styles: dict[str, str] = {}
    position = 0
    for sequence in CONTROL_SEQUENCE.finditer(text):
        yield _span(text[position : sequence.start()], styles)
        position = sequence.end()
        if sequence.group(1) is not None:
            styles = _apply_codes(sequence.group(1), styles)
    yield _span(text[position:], styles)


def _span(text: str, styles: dict[str, str]) -> str:
    clean = escape(to_plain_text(text, keep="\t\r\n", filler=""))
    return f'<span class="{" ".join(styles.values())}">{clean}</span>' if clean and styles else clean


def _apply_codes(codes: str, styles: dict[str, str]) -> dict[str, str]:
    """Skip 256 colours and true colour with their arguments."""
    numbers = [int(code) if code.isdecimal() and len(code) < 4 else 0 for code in re.split("[;:]", codes or "0")]
    styles = dict(styles)
    at = 0
    while at < len(numbers):
        number = numbers[at]
        at += 1
        if number == 0:
            styles = {}
        elif number in (38, 48):
            at += 4 if numbers[at : at + 1] == [2] else 2
        elif number in _STYLES:
            styles[_STYLES[number]] = f"ansi-{_STYLES[number]}"
        elif number in _STYLE_RESETS:
            for style in _STYLE_RESETS[number]:
                styles.pop(style, None)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            styles["colour"] = f"ansi-{_COLORS[number % 10]}"
        elif number == 39:
            styles.pop("colour", None)
    return styles
