"""Links of the time when the list had a parameter for each filter, read as a search."""

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import unquote

from django.http import QueryDict

from jobs.search import Search, Term
from jobs.states import STATUSES

MAX_VALUE_LENGTH = 1024  # a tag's key of 128 characters and value of 256, URL-encoded
MAX_TAGS = 10

KEPT = ("sort", "before", "after", "scope", "columns", "row")
KEY_OF_PARAMETER = {"queue": "queue", "person": "user", "definition": "def"}
PARAMETERS = ("status", "q", "queue", "person", "definition", "tag", "untagged", "from", "to", "month")


def has_old_parameters(params: QueryDict) -> bool:
    return any(name in params for name in PARAMETERS)


def translate(params: QueryDict) -> QueryDict:
    """Return the same request with its filters as a search. Drop invalid ones."""
    terms = [term for name in PARAMETERS for term in _terms(name, _values(params, name))]
    texts = (params.get("search", ""), str(Search(tuple(terms))))
    translation = QueryDict(mutable=True)
    translation["search"] = " ".join(filter(None, texts))
    for name in KEPT:
        if name in params:
            translation[name] = params.get(name, "")
    return translation


def tag_term(text: str) -> Term | None:
    """Read Project=ALPHA, where the key is URL-encoded; None without an equals sign."""
    key, equals_sign, value = text.partition("=")
    by_hand = key.endswith(" ")  # Project = ALPHA
    if not equals_sign:
        return None
    return Term(f"tag.{unquote(key.strip())}", (value.strip() if by_hand else value,))


def _values(params: QueryDict, name: str) -> list[str]:
    values = params.getlist(name)
    if name not in ("status", "tag", "untagged"):
        values = values[-1:]
    return [value[:MAX_VALUE_LENGTH].replace("\0", "") for value in values[-MAX_TAGS:] if value.strip()]


def _terms(name: str, values: list[str]) -> Iterator[Term]:
    if name == "status":
        names = [word for value in values for word in value.upper().split(",") if word in STATUSES]
        if names:
            yield Term("status", tuple(dict.fromkeys(names)))
        return
    for value in values:
        term = _term(name, value)
        if term:
            yield term


def _term(name: str, value: str) -> Term | None:
    match name:
        case "q":
            return Term("", (value.strip(),))
        case "tag":
            return tag_term(value)
        case "untagged":
            return Term("untagged", (value,))
        case "from" | "to":
            return _date_term(name, value)
        case "month":
            return Term("month", (value,))
    return Term(KEY_OF_PARAMETER[name], (value,))


def _date_term(name: str, value: str) -> Term | None:
    """Return the day after for `to`, which includes its day; `before` doesn't. The last day of all bounds nothing."""
    try:
        day = date.fromisoformat(value)
        if name == "from":
            return Term("after", (day.isoformat(),))
        return Term("before", ((day + timedelta(days=1)).isoformat(),))
    except (ValueError, OverflowError):
        return None
