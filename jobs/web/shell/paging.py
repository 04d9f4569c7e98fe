"""Cursors of pages in URLs that lead nowhere: someone kept a link, and what it led to is gone."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest

from jobs.models.pagination import InvalidPageCursorError

GONE_MESSAGE = "That page of the list no longer exists. Showing the first page."

T = TypeVar("T")


def page_at(request: HttpRequest, read: Callable[..., T], **cursor: str) -> T:
    """Return the page at the cursor, or the first one with a message if the cursor is invalid."""
    try:
        return read(**cursor)
    except InvalidPageCursorError:
        messages.info(request, GONE_MESSAGE)
        return read()
