"""What is wrong with a document, where, and what to do; and JSON pointers to say where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from jobs.spec.redaction import redact_text

Fix = tuple[Mapping[str, Any], ...]
"""JSON Patch (RFC 6902) operations, in the order in which they are applied."""

LONGEST_QUOTE = 60
"""So many characters of somebody's value are shown in a message."""
LONGEST_SCANNED = 2_000
"""So many are looked at for secrets before."""


class Severity(StrEnum):
    ERROR = "error"  # nothing is submitted
    WARNING = "warning"  # it is submitted, and probably not what was meant


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands, a sentence for a person, and a mechanical fix if there is one."""

    pointer: str  # RFC 6901; "" is the whole document
    message: str
    severity: Severity = Severity.ERROR
    rule: str = ""  # a stable id such as "workflow.cycle"
    fix: Fix = ()  # on the same document

    def within(self, prefix: str) -> "Problem":
        """The same problem, told of a document that holds this one at `prefix`."""
        fix = tuple(
            {**operation, **{key: prefix + operation[key] for key in ("path", "from") if key in operation}}
            for operation in self.fix
        )
        return replace(self, pointer=prefix + self.pointer, fix=fix)


@dataclass(frozen=True)
class Change:
    """What reading did to the text or the document of its own accord."""

    pointer: str
    message: str
    by: str = ""  # whose rule filled it in: "team" or "portal"; empty for what reading did


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def join(*parts: str | int) -> str:
    """The JSON pointer through these keys and list positions: join("jobs", 0) is "/jobs/0"."""
    return "".join(f"/{escape(str(part))}" for part in parts)


def escape(part: str) -> str:
    """One key as it stands in a pointer (RFC 6901: ~0 is ~, ~1 is /)."""
    return part.replace("~", "~0").replace("/", "~1") if "~" in part or "/" in part else part


def split(pointer: str) -> list[str]:
    """The keys of a pointer. Raises ValueError when it is not one."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"A JSON pointer begins with /: {pointer[:LONGEST_QUOTE]}")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def resolve(document: Any, pointer: str) -> Any:
    """The value a pointer stands for. Raises LookupError when the document has none there."""
    value = document
    for part in split(pointer):
        if isinstance(value, dict):
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdecimal() and str(int(part[:9])) == part:
            value = value[int(part)]
        else:
            raise LookupError(pointer)
    return value


def shown(value: object) -> str:
    """A value as a person would name it, cut to a readable length: the text “abc”, the number 4, a list."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {cut(str(value))}"
        case str():
            return f"the text {quoted(value)}" if value else "an empty text"
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "an object" if value else "an empty object"
        case _:
            return "something that JSON does not know"


def quoted(text: str) -> str:
    return f"“{cut(text)}”"


def cut(text: str) -> str:
    """A text on one line, at most `LONGEST_QUOTE` characters of it; secrets are masked before."""
    text = redact_text(text[:LONGEST_SCANNED])
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return "".join(character if character.isprintable() else " " for character in short)


def listed(names: Iterable[str], *, conjunction: str = "and", limit: int = 8) -> str:
    """Names as in a sentence: a, b and c."""
    all_names = list(names)
    texts = [cut(name) for name in all_names[: limit + 1]]
    if len(all_names) > limit:
        return f"{', '.join(texts[:limit])} {conjunction} {len(all_names) - limit} more"
    return f" {conjunction} ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)
