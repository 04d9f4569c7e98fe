"""Public ids: opaque, ordered by time, the same in URLs, the API and job names in AWS.

UUID version 7 (RFC 9562), as 26 characters of RFC 4648 "extended hex", which sorts by time, in lower case: Batch
ignores case.
"""

import base64
import secrets
import threading
import time
import uuid
from datetime import UTC, datetime
from functools import cache, lru_cache

from django.urls import reverse

TEXT_LENGTH = 26


_RANDOM_BITS = 74
_lock = threading.Lock()
_newest = 0
"""The last id without its fixed bits."""


def new_id() -> uuid.UUID:
    """Return an id that sorts after all that this process made before, also within a millisecond (RFC 9562, 6.2).

    So the ids of a workflow's jobs have the order of its steps.
    """
    global _newest  # noqa: PLW0603 - one order for all threads
    with _lock:
        value = time.time_ns() // 1_000_000 << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        if value >> _RANDOM_BITS <= _newest >> _RANDOM_BITS:
            value = _newest + 1 + secrets.randbits(32)
        _newest = value
    milliseconds, high, low = value >> _RANDOM_BITS, value >> 62 & 0xFFF, value & (1 << 62) - 1
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def timestamp_of(public_id: uuid.UUID) -> datetime:
    return datetime.fromtimestamp((public_id.int >> 80) / 1000, UTC)


@lru_cache(maxsize=4096)  # a page asks for the id of a row several times
def to_text(public_id: uuid.UUID) -> str:
    return base64.b32hexencode(public_id.bytes).decode().rstrip("=").lower()


def from_text(text: str) -> uuid.UUID:
    """Raise ValueError for anything `to_text` would not return."""
    if len(text) != TEXT_LENGTH:
        raise ValueError(f"An id has {TEXT_LENGTH} characters; this one has {len(text)}.")
    public_id = uuid.UUID(bytes=base64.b32hexdecode(text.upper() + "======"))
    if to_text(public_id) != text:
        raise ValueError("An id is written in lower case and has one spelling.")
    return public_id


def address_of(view: str, public_id: uuid.UUID) -> str:
    """Return what `reverse` does for a view that takes one id, quicker: a list has two hundred addresses."""
    return _address_of_zero(view).replace(_ZERO, to_text(public_id))


_ZERO = "0" * TEXT_LENGTH


@cache
def _address_of_zero(view: str) -> str:
    return reverse(view, args=[_ZERO])
