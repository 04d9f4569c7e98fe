"""Problems of a document, with place and fix; and JSON pointers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from jobs.spec.redaction import redact_text

Fix = tuple[Mapping[str, Any], ...]
"""JSON Patch operations (RFC 6902), applied in order."""

MAX_QUOTE_LENGTH = 60
MAX_SCANNED_LENGTH = 2_000
"""Characters of a value that are scanned for secrets before it is quoted."""


class Severity(StrEnum):
    ERROR = "error"  # blocks submission
    WARNING = "warning"  # probably not what the author meant
    INFO = "info"  # good to know; nothing has to be done


@dataclass(frozen=True)
class Problem:
    pointer: str  # RFC 6901; "" is the whole document
    message: str
    severity: Severity = Severity.ERROR
    rule: str = ""  # a stable id such as "workflow.cycle"
    fix: Fix = ()  # operations on the same document

    def with_prefix(self, prefix: str) -> "Problem":
        fix = tuple(
            {**operation, **{key: prefix + operation[key] for key in ("path", "from") if key in operation}}
            for operation in self.fix
        )
        return replace(self, pointer=prefix + self.pointer, fix=fix)

    def without_prefix(self, prefix: str) -> "Problem":
        """Return the problem for the part at `prefix`. A fix that changes anything else is left out."""
        fix = tuple(
            {
                **operation,
                **{key: operation[key].removeprefix(prefix) for key in ("path", "from") if key in operation},
            }
            for operation in self.fix
        )
        is_inside = all(
            operation[key].startswith(f"{prefix}/")
            for operation in self.fix
            for key in ("path", "from")
            if key in operation
        )
        return replace(self, pointer=self.pointer.removeprefix(prefix), fix=fix if is_inside else ())

    def as_json(self) -> dict[str, Any]:
        return {
            "pointer": self.pointer,
            "severity": self.severity.value,
            "message": self.message,
            "rule": self.rule,
            "fix": [dict(operation) for operation in self.fix],
        }


@dataclass(frozen=True)
class LocatedProblem:
    """Line and column count from 1."""

    problem: Problem
    line: int
    column: int

    def as_json(self) -> dict[str, Any]:
        return {**self.problem.as_json(), "line": self.line, "column": self.column}


@dataclass(frozen=True)
class DocumentChange:
    pointer: str
    message: str
    rule_owner: str = ""  # "team" or "portal" for a default tag, empty for the parser

    def as_json(self) -> dict[str, str]:
        return {"pointer": self.pointer, "message": self.message}


def has_errors(problems: Iterable[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def join_pointer(*parts: str | int) -> str:
    return "".join(f"/{escape_pointer(str(part))}" for part in parts)


def escape_pointer(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1") if "~" in part or "/" in part else part


def split_pointer(pointer: str) -> list[str]:
    """Raise ValueError if it is malformed."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"A JSON pointer begins with /: {pointer[:MAX_QUOTE_LENGTH]}")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def resolve_pointer(document: Any, pointer: str) -> Any:
    """Raise LookupError."""
    value = document
    for part in split_pointer(pointer):
        if isinstance(value, dict):
            value = value[part]
        elif isinstance(value, list) and part.isascii() and part.isdecimal() and str(int(part[:9])) == part:
            value = value[int(part)]
        else:
            raise LookupError(pointer)
    return value


def describe(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {truncate(str(value))}"
        case str():
            return f"the string {quote(value)}" if value else "an empty string"
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "an object" if value else "an empty object"
        case _:
            return "a value that JSON does not support"


def quote(text: str) -> str:
    return f"“{truncate(text)}”"


def truncate(text: str) -> str:
    """Mask secrets, then cut to one line of `MAX_QUOTE_LENGTH`."""
    text = redact_text(text[:MAX_SCANNED_LENGTH])
    short = text if len(text) <= MAX_QUOTE_LENGTH else text[: MAX_QUOTE_LENGTH - 1] + "…"
    return "".join(character if character.isprintable() else " " for character in short)


def join_words(names: Iterable[str], *, conjunction: str = "and", limit: int = 8) -> str:
    all_names = list(names)
    texts = [truncate(name) for name in all_names[: limit + 1]]
    if len(all_names) > limit:
        return f"{', '.join(texts[:limit])} {conjunction} {len(all_names) - limit} more"
    return f" {conjunction} ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else "".join(texts)
