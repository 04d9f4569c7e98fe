"""CSV responses, safe to open in a spreadsheet.

Cells that begin with one of `= + - @`, a tab or a line break would run as a formula: they get an apostrophe in front
(OWASP, CSV injection).
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from django.http import HttpResponse, StreamingHttpResponse

from jobs.plain_text import to_plain_text

FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_response(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Fetch rows while the download is sent."""
    response = StreamingHttpResponse(_csv_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast("HttpResponse", response)  # views may treat it as one


def format_cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case Decimal():
            return f"{value:f}"
    text = to_plain_text(str(value), keep="\t\r\n")
    return f"'{text}" if text.startswith(FORMULA_PREFIXES) else text


def join_tags(tags: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{key}={value}" for key, value in tags)


def _csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    yield write(header)
    for row in rows:
        yield write([format_cell(value) for value in row])
