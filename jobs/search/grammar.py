"""The tokens of a search."""

import re

QUOTED = r'"(?:[^"\\]|\\.)*"'
UNCLOSED = r'"(?:[^"\\]|\\.)*$'
NEGATION = re.compile(r"-(?=[^\s-])")
KEY = re.compile(
    rf'(?P<name>[A-Za-z_]+)(?P<subkey>\.(?:{QUOTED}|[^\s":<>]*))?(?P<operator>:[<>]=?|:|<=|>=|<|>)', re.DOTALL
)
"""A key with its operator. Values follow, or a word of free text stands instead."""
VALUE = re.compile(rf'(?P<quoted>{QUOTED})|(?P<bare>[^\s",]+)', re.DOTALL)
WORD = re.compile(rf'(?P<quoted>{QUOTED})|(?P<bare>[^\s"]+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def unquote(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1]) if text.startswith('"') else text


def subkey_of(match: re.Match[str]) -> str:
    """Return the name behind the dot of a KEY; empty without one."""
    return unquote(match["subkey"][1:]) if match["subkey"] else ""
