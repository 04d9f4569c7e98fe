"""Page cursors in URLs whose row was deleted."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest

from jobs.models.pagination import InvalidPageCursorError

GONE_MESSAGE = "That page of the list no longer exists. Showing the first page."

T = TypeVar("T")


def page_at(request: HttpRequest, read: Callable[..., T], **cursor: str) -> T:
    """Fall back to the first page, with a message."""
    try:
        return read(**cursor)
    except InvalidPageCursorError:
        messages.info(request, GONE_MESSAGE)
        return read()
