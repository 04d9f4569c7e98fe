"""Text that a browser sent: line breaks as LF, and no NUL."""

from django.http import HttpRequest, QueryDict


def posted_text(request: HttpRequest, name: str) -> str:
    return drop_nul(normalize_newlines(request.POST.get(name, "")))


def posted_number(request: HttpRequest, name: str) -> int:
    """Return 0 for anything but a whole number of up to eight digits."""
    value = request.POST.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 9 else 0


def search_text(parameters: QueryDict, name: str, max_length: int) -> str:
    return drop_nul(parameters.get(name, "")).strip()[:max_length].strip()


def normalize_newlines(text: str) -> str:
    return text.replace("\r\n", "\n")


def drop_nul(text: str) -> str:
    """Drop what PostgreSQL can't store."""
    return text.replace("\0", "")
