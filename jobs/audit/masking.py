"""What may be kept for good: secrets are hidden at any depth, and only then is cut what is too long."""

import json
import re
from typing import Any

from jobs.spec.secrets import what_secret

MASK = "••••"
LONGEST_TEXT = 1_000
MOST_ENTRIES = 100
DEEPEST = 40
LOOKED_AT = 10_000
"""So many characters of a text are looked at; far fewer are kept."""

_SECRET_KEY = re.compile(
    r"pass(?:word|wd|phrase)|pwd|secret|token|credential|cookie|authorization"
    r"|(?:api|access|private|encryption|signing|account)[ _-]?key",
    re.IGNORECASE,
)
_REFERENCES = frozenset({"secrets", "secretOptions"})
"""Keys under which Batch lists where secrets are, and none of them."""
_VARIABLES = frozenset({"environment", "env"})
_OURS = re.compile(r"bpt_[A-Za-z0-9_-]{8,}")
_ASSIGNED = re.compile(
    rf"(?<![\w:/-])[\w-]{{0,40}}(?:{_SECRET_KEY.pattern})[\w-]{{0,40}}[\"']?\s*[=:]\s*[^\s$<*]", re.IGNORECASE
)
_FLAG = re.compile(rf"-{{1,2}}[\w-]*(?:{_SECRET_KEY.pattern})[\w-]*(?P<value>=.*)?", re.IGNORECASE | re.DOTALL)


def kept(value: Any) -> Any:
    """What is kept of a value for ever."""
    return shortened(masked(value))


def masked(value: Any, depth: int = 0) -> Any:
    """A copy without what is a secret by its name or its look, and without the values of environments."""
    if depth > DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {_text(str(key)): _member(str(key), each, value, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return _listed(list(value), depth)
    return _text(value, depth) if isinstance(value, str) else value


def shortened(value: Any) -> Any:
    """The same with long texts and lists cut, and a word on how much is missing."""
    if isinstance(value, dict):
        rows = list(value.items())
        short = {key[:LONGEST_TEXT]: shortened(each) for key, each in rows[:MOST_ENTRIES]}
        return short if len(rows) <= MOST_ENTRIES else {**short, "…": f"and {len(rows) - MOST_ENTRIES} more"}
    if isinstance(value, list):
        kept_rows = [shortened(each) for each in value[:MOST_ENTRIES]]
        return kept_rows if len(value) <= MOST_ENTRIES else [*kept_rows, f"… and {len(value) - MOST_ENTRIES} more"]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"
    return value


def _member(key: str, value: Any, within: dict[Any, Any], depth: int) -> Any:
    if key in _VARIABLES:
        return _variables(value, depth)
    if key == "value" and isinstance(within.get("name"), str) and _is_secret(within["name"], value):
        return MASK
    if key not in _REFERENCES and _is_secret(key, value):
        return MASK
    return masked(value, depth)


def _variables(value: Any, depth: int) -> Any:
    """Of an environment, the names."""
    if isinstance(value, dict):
        return {_text(str(name)): MASK for name in value}
    if not isinstance(value, list):
        return MASK
    return [
        {**masked(each, depth), "value": MASK} if isinstance(each, dict) and "value" in each else masked(each, depth)
        for each in value
    ]


def _is_secret(name: str, value: Any) -> bool:
    if isinstance(value, bool) or value in (None, "", [], {}):
        return False
    return bool(_SECRET_KEY.search(name) or (isinstance(value, str) and what_secret(name, value)))


def _listed(values: list[Any], depth: int) -> list[Any]:
    """A command line: what stands after a flag that names a secret is one."""
    rows = []
    after_flag = False
    for each in values:
        flag = _FLAG.fullmatch(each) if isinstance(each, str) else None
        if flag and flag["value"]:
            rows.append(each[: flag.start("value") + 1] + MASK)
        else:
            rows.append(MASK if after_flag and not flag else masked(each, depth + 1))
        after_flag = bool(flag and not flag["value"])
    return rows


def _text(value: str, depth: int = 0) -> str:
    if value[:1] in ("{", "["):
        try:
            return json.dumps(masked(json.loads(value), depth + 1), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    if what_secret("", value) or _OURS.search(value) or _ASSIGNED.search(value[:LOOKED_AT]):
        return MASK
    return value
