"""Lines of a log."""

from typing import NamedTuple


class LogLine(NamedTuple):
    """`at` is in milliseconds since 1970; None on further lines of an event (`awslogs-multiline-pattern`)."""

    at: int | None
    text: str


def split_event(at: int, message: str) -> list[LogLine]:
    first, *further = message.removesuffix("\n").split("\n")
    return [LogLine(at, first), *(LogLine(None, text) for text in further)]
