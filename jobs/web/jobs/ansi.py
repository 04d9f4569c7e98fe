"""Terminal colours of log lines, as CSS classes."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from jobs.plain_text import CONTROL_SEQUENCE, to_plain_text

_COLORS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_STYLES = {1: "bold", 2: "faint", 3: "italic", 4: "underline"}
_STYLE_RESETS = {22: ("bold", "faint"), 23: ("italic",), 24: ("underline",)}
MAX_LINE_LENGTH = 20_000


class Run(NamedTuple):
    """Text of one style: `classes` is empty without one."""

    text: str
    classes: str


def to_html(text: str) -> SafeString:
    """Return one line, escaped, with its styles as spans."""
    return mark_safe("".join(_span(run) for run in runs(text)))  # noqa: S308 - text is escaped, classes are from our list


def runs(text: str, max_length: int = MAX_LINE_LENGTH) -> list[Run]:
    """Return one line as a screen would show it."""
    cut = text if len(text) <= max_length else text[:max_length] + " … (line truncated)"
    # A progress bar overwrites itself with carriage returns: only the last text was visible.
    last = cut.rstrip("\r\n").rsplit("\r", 1)[-1]
    result: list[Run] = []
    for run in _styled(last):
        if result and result[-1].classes == run.classes:
            result[-1] = Run(result[-1].text + run.text, run.classes)
        elif run.text:
            result.append(run)
    return result


def _styled(text: str) -> Iterator[Run]:
    styles: dict[str, str] = {}
    position = 0
    for sequence in CONTROL_SEQUENCE.finditer(text):
        yield _run(text[position : sequence.start()], styles)
        position = sequence.end()
        if sequence.group(1) is not None:
            styles = _apply_codes(sequence.group(1), styles)
    yield _run(text[position:], styles)


def _run(text: str, styles: dict[str, str]) -> Run:
    return Run(to_plain_text(text, keep="\t\r\n", filler=""), " ".join(styles.values()))


def _span(run: Run) -> str:
    return f'<span class="{run.classes}">{escape(run.text)}</span>' if run.classes else escape(run.text)


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
