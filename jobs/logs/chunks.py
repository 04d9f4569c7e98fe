"""Chunks of a copied log.

A chunk holds whole lines, compressed; texts and times apart, because a search reads texts only. The numbers of their
first lines are the index of a log.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence

from jobs.logs.lines import LogLine

MAX_LINES = 2000
MAX_CHARACTERS = 256 * 1024
"""A longer line has a chunk of its own."""

_NO_TIME = -1
_LEVEL = 3  # half the time of the default level, for a tenth more bytes


def pack(lines: Sequence[LogLine]) -> tuple[bytes, bytes]:
    """Return texts and times."""
    texts = "\n".join(line.text for line in lines).encode(errors="replace")
    times = struct.pack(f"<{len(lines)}q", *(_NO_TIME if line.at is None else line.at for line in lines))
    return zlib.compress(texts, _LEVEL), zlib.compress(times, _LEVEL)


def unpack(texts: bytes, times: bytes) -> list[LogLine]:
    raw_times = zlib.decompress(times)
    numbers = struct.unpack(f"<{len(raw_times) // 8}q", raw_times)
    lines = unpack_texts(texts).split("\n")
    return [
        LogLine(None if number == _NO_TIME else number, text) for number, text in zip(numbers, lines, strict=True)
    ]


def unpack_texts(texts: bytes) -> str:
    """Return the lines, joined by line breaks."""
    return zlib.decompress(texts).decode()


def split_into_chunks(lines: Sequence[LogLine]) -> Iterator[Sequence[LogLine]]:
    """All but the last are full."""
    start = characters = 0
    for index, line in enumerate(lines):
        is_full = index - start == MAX_LINES or characters + len(line.text) > MAX_CHARACTERS
        if is_full and index > start:
            yield lines[start:index]
            start, characters = index, 0
        characters += len(line.text)
    if start < len(lines):
        yield lines[start:]
