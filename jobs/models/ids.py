"""Public ids: opaque, ordered by time, the same in a URL, in the API and inside a job's name in AWS.

An id is a UUID of version 7 (RFC 9562) in the database and 26 lower-case characters for people. The alphabet is
that of RFC 4648 "extended hex", because it keeps the order of time, in lower case, because AWS Batch finds names
without regard to case.
"""

import base64
import secrets
import time
import uuid
from datetime import UTC, datetime

TEXT_LENGTH = 26


def new_id() -> uuid.UUID:
    """A fresh id. Later ones sort after earlier ones, to the millisecond."""
    milliseconds = time.time_ns() // 1_000_000
    bits = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=bits)


def made_at(public_id: uuid.UUID) -> datetime:
    """When an id was made, to the millisecond."""
    return datetime.fromtimestamp((public_id.int >> 80) / 1000, UTC)


def to_text(public_id: uuid.UUID) -> str:
    """The id as people and AWS see it."""
    return base64.b32hexencode(public_id.bytes).decode().rstrip("=").lower()


def from_text(text: str) -> uuid.UUID:
    """The id behind its text. Raises ValueError for anything `to_text` would not have written."""
    if len(text) != TEXT_LENGTH:
        raise ValueError(f"An id has {TEXT_LENGTH} characters; this one has {len(text)}.")
    public_id = uuid.UUID(bytes=base64.b32hexdecode(text.upper() + "======"))
    if to_text(public_id) != text:
        raise ValueError("An id is written in lower case and has one spelling.")
    return public_id
