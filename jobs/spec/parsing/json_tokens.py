"""Tokens of JSON text. Every pass is linear."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

STRING = r'"(?:[^"\\\r\n]++|\\[^\r\n])*+"?'  # an unclosed string ends with its line

_COMMENT_OR_STRING = re.compile(
    STRING + r"|(?P<line>(?://|\#)[^\r\n]*+)|(?P<block>/\*(?:[^*]++|\*(?!/))*+(?P<end>\*/)?)"
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_NOT_LINE_END = re.compile(r"[^\r\n]")
_BRACKET_OR_STRING = re.compile(STRING + r"|(?P<open>[\[{])|(?P<close>[\]}])")
_WORD_OR_STRING = re.compile(STRING + r'|(?P<word>[^\s,:\[\]{}"]++)')


@dataclass(frozen=True)
class TextPosition:
    """1-based."""

    line: int
    column: int


class LineIndex:
    def __init__(self, text: str) -> None:
        self._starts = [0, *(end.end() for end in _LINE_END.finditer(text))]

    def position(self, offset: int) -> TextPosition:
        line = bisect_right(self._starts, offset)
        return TextPosition(line, offset - self._starts[line - 1] + 1)


@dataclass(frozen=True)
class CommentScan:
    """Comments are blanked, so that all offsets stay valid."""

    text: str
    offsets: tuple[int, ...] = ()  # offsets of comments
    unclosed: int | None = None  # offset of an unclosed /*


def blank_comments(text: str) -> CommentScan:
    if "#" not in text and "//" not in text and "/*" not in text:
        return CommentScan(text)
    offsets: list[int] = []
    pieces: list[str] = []
    position = 0
    unclosed = None
    for match in _COMMENT_OR_STRING.finditer(text):
        if match["line"] is None and match["block"] is None:
            continue
        if match["block"] is not None and match["end"] is None:
            unclosed = match.start()
        offsets.append(match.start())
        pieces += text[position : match.start()], _NOT_LINE_END.sub(" ", match.group())
        position = match.end()
    return CommentScan("".join([*pieces, text[position:]]), tuple(offsets), unclosed)


def find_too_deep(text: str, limit: int) -> int | None:
    if text.count("[") + text.count("{") <= limit:
        return None
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(text):
        if match["open"]:
            depth += 1
            if depth > limit:
                return match.start()
        elif match["close"]:
            depth -= 1
    return None


def unclosed_brackets(text: str) -> list[int]:
    offsets: list[int] = []
    for match in _BRACKET_OR_STRING.finditer(text):
        if match["open"]:
            offsets.append(match.start())
        elif match["close"] and offsets:
            offsets.pop()
    return offsets


def bare_words(text: str) -> Iterator[tuple[int, str]]:
    for match in _WORD_OR_STRING.finditer(text):
        if match["word"] is not None:
            yield match.start(), match["word"]


def quoted_strings(text: str) -> Iterator[tuple[int, str]]:
    for match in _WORD_OR_STRING.finditer(text):
        if match["word"] is None:
            yield match.start(), match.group()
