"""The last error lines of a log, and the form of a line by which failures of one kind are grouped."""

import re
from collections.abc import Iterable

from jobs.logs.search import is_error_line
from jobs.plain_text import to_plain_text

MAX_LINES = 5
MAX_LINE_LENGTH = 500
MAX_NORMALIZED_LENGTH = 200
PLACEHOLDER = "…"

_VARYING = re.compile(
    r"""(?x)
    \b\w{1,20}://[^\s"'<>,;]{1,500}                                        # URLs
    | \b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b             # UUIDs
    | \barn:[^\s"'<>,;]{1,500}
    | (?<![\w/.-])(?:~|\.{1,2})?/[^\s"'<>,;:()\[\]]{1,500}                 # paths
    | \b[A-Za-z]:\\[^\s"'<>,;()\[\]]{1,500}
    | \b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?
    | \b[a-z]{1,8}-[0-9a-f]{8,17}\b                                        # AWS ids: i-0123456789abcdef0
    | \b0[xX][0-9a-fA-F]{1,64}\b
    | \b(?=[a-fA-F]{0,64}[0-9])[0-9a-fA-F]{8,64}\b                         # digests
    | \d{1,64}(?:[.,:_]\d{1,64}){0,20}%?
    """
)
_REPEATED = re.compile(rf"{PLACEHOLDER}(?:[\s,x×*/-]{{0,4}}{PLACEHOLDER}){{1,100}}")
_BLANKS = re.compile(r"\s{2,100}")


def error_lines(lines: Iterable[str]) -> tuple[str, ...]:
    """Return up to MAX_LINES lines that end with the last one that looks like an error, else with the last.

    Lines that a program overwrote with carriage returns are as they were last shown; invisible characters are gone.
    """
    plain = [text for line in lines for part in line.split("\n") if (text := _plain(part))]
    errors = [number for number, text in enumerate(plain) if is_error_line(text)]
    end = errors[-1] + 1 if errors else len(plain)
    return tuple(_truncate(text) for text in plain[max(0, end - MAX_LINES) : end])


def normalize_line(line: str) -> str:
    """Replace what differs between two runs that failed alike: numbers, ids, paths, times and digests."""
    text = _VARYING.sub(PLACEHOLDER, to_plain_text(line[:MAX_LINE_LENGTH]))
    return _BLANKS.sub(" ", _REPEATED.sub(PLACEHOLDER, text)).strip()[:MAX_NORMALIZED_LENGTH]


def _plain(line: str) -> str:
    visible = line.rstrip("\r\n").rpartition("\r")[2]
    return to_plain_text(visible, keep="\t").replace("\t", "    ").rstrip()


def _truncate(text: str) -> str:
    return text if len(text) <= MAX_LINE_LENGTH else text[: MAX_LINE_LENGTH - 1] + PLACEHOLDER
