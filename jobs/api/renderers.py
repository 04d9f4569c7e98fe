"""Renderers of a response: JSON, or tab-separated lines that a POSIX shell can read.

A line begins with the word for what it holds. No value holds a tab, a line break or another control character, and
only the last of a line may be empty (elsewhere `-` stands for nothing), because a shell's `read` treats several tabs
as one.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from jobs.plain_text import to_plain_text

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain"

TextRow = tuple[object, ...]


def render(request: HttpRequest, status: int, content: Schema, rows: Iterable[TextRow]) -> HttpResponse:
    """Return `content` as JSON, or the rows as text if the request prefers that."""
    if wants_text(request):
        return render_text(status, rows)
    kind = JSON if status < 400 else PROBLEM
    return HttpResponse(content.model_dump_json(), status=status, content_type=kind)


def wants_text(request: HttpRequest) -> bool:
    return request.get_preferred_type([JSON, PROBLEM, TEXT]) == TEXT


def render_text(status: int, rows: Iterable[TextRow]) -> HttpResponse:
    lines = "".join(
        "\t".join([*(format_value(value) or "-" for value in row[:-1]), format_value(row[-1])]) + "\n" for row in rows
    )
    return HttpResponse(lines, status=status, content_type=f"{TEXT}; charset=utf-8")


def format_value(value: object) -> str:
    """Return a value as one field of a line, without control characters, which terminals obey."""
    match value:
        case None:
            return "-"
        case bool():
            return "1" if value else "0"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return to_plain_text(str(value))
