"""CSV for people who go on in a spreadsheet: streamed, with ISO times, and with cells that stay text.

A spreadsheet takes a cell that begins with one of `= + - @`, a tab or a line break for a formula and would run it;
names and tags come from people, so such a cell gets an apostrophe before it (OWASP, CSV injection). Of characters
that can't be seen only tabs and line breaks stay.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from django.http import HttpResponse, StreamingHttpResponse

from jobs.plain_text import plain_text

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Echo:
    """Hands each line back as soon as it is written."""

    def write(self, line: str) -> str:
        return line


def sheet(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """A download of that file name. Rows are asked for while it is sent."""
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast("HttpResponse", response)  # as far as views are concerned it is one


def cell(value: object) -> str:
    """A value as it stands in the file."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds")
        case Decimal():
            return f"{value:f}"
    text = plain_text(str(value), keep="\t\r\n")
    return f"'{text}" if text.startswith(DANGEROUS) else text


def tags_in_one(tags: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{key}={value}" for key, value in tags)


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow
    yield write(header)
    for row in rows:
        yield write([cell(value) for value in row])
