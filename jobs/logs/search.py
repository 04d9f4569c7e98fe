"""Search in the lines of a log."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.plain_text import CONTROL_SEQUENCE

MAX_TEXT_LENGTH = 200

_ERROR_WORDS = re.compile(
    r"(?<!\bno )(?<!\b0 )(?:error|exception|fail(?:ed|ure)?)s?\b"  # ValueError too
    r"|\b(?:fatal|critical|panic|traceback|abort(?:ed)?|killed|segfault|segmentation fault|core dumped"
    r"|out of memory|oomkilled|permission denied|access ?denied|command not found|no such file or directory)\b"
)
"""Words of lines that report an error, in lower case."""
_ERROR_STEMS = (
    *("error", "exception", "fail", "fatal", "critical", "panic", "traceback", "abort", "killed", "segfault"),
    *("segmentation fault", "core dumped", "out of memory", "denied", "command not found", "no such file"),
)
"""One of them is in each text that matches: they are found in a tenth of the time."""

_C1_CONTROLS = re.compile("[\x80-\x9f]")


@dataclass(frozen=True)
class LineFilter:
    """Text is found in upper and lower case unless `is_exact`, and across colour codes."""

    text: str = ""
    errors_only: bool = False
    is_exact: bool = False

    def positions(self, texts: str) -> Iterator[int]:
        """Yield the positions of matching lines among lines joined by line breaks."""
        visible, text = visible_lines(texts), self.text
        if not self.is_exact:
            visible, text = visible.lower(), text.lower()
        position = line_start = 0
        for start in _line_starts(visible, [text] if text or not self.errors_only else _ERROR_STEMS):
            if self.errors_only and not _ERROR_WORDS.search(visible, start, _line_end(visible, start)):
                continue
            position += visible.count("\n", line_start, start)
            line_start = start
            yield position


def is_error_line(text: str) -> bool:
    return _ERROR_WORDS.search(visible_lines(text).lower()) is not None


def visible_lines(texts: str) -> str:
    """Remove control sequences, each within its line."""
    # Nearly all logs are ASCII, of which this takes a hundredth of the time of a regular expression.
    if "\x1b" not in texts and (texts.isascii() or not _C1_CONTROLS.search(texts)):
        return texts
    return "\n".join(CONTROL_SEQUENCE.sub("", line) for line in texts.split("\n"))


def _line_starts(texts: str, stems: Sequence[str]) -> list[int]:
    """Return where lines with one of the stems start, in order."""
    starts = set[int]()
    for stem in stems:
        at = texts.find(stem)
        while at >= 0:
            starts.add(texts.rfind("\n", 0, at) + 1)
            end = _line_end(texts, at)
            at = texts.find(stem, end + 1) if end < len(texts) else -1
    return sorted(starts)


def _line_end(texts: str, at: int) -> int:
    end = texts.find("\n", at)
    return len(texts) if end < 0 else end
