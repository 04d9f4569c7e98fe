"""Public ids: opaque, ordered by time, the same in URLs, the API and job names in AWS.

UUID version 7 (RFC 9562), as 26 characters of RFC 4648 "extended hex", which sorts by time, in lower case: Batch
ignores case.
"""

import base64
import secrets
import time
import uuid
from datetime import UTC, datetime

TEXT_LENGTH = 26


def new_id() -> uuid.UUID:
    milliseconds = time.time_ns() // 1_000_000
    bits = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=bits)


def timestamp_of(public_id: uuid.UUID) -> datetime:
    return datetime.fromtimestamp((public_id.int >> 80) / 1000, UTC)


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
