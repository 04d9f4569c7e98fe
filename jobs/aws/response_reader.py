"""Reader of AWS responses with missing or mistyped members.

botocore passes on a truncated 200 as a success, and checks no types. Required members raise MalformedResponseError.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

from jobs.aws.errors import MalformedResponseError, translate_errors

MAX_INTEGER = 2**31 - 1  # the largest value of an integer column
MAX_DEPTH = 64  # levels of a response that are kept

_UNSTORABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
"""NUL and lone surrogates, which JSON can contain and PostgreSQL rejects."""


def call(operation: Callable[..., Any], **request: Any) -> "ResponseReader":
    with translate_errors():
        raw = operation(**request)
    if not isinstance(raw, dict):
        raise MalformedResponseError("AWS's response is not an object.")
    return ResponseReader(raw)


def paginate(operation: Callable[..., Any], **request: Any) -> Iterator["ResponseReader"]:
    """Raise also if the pages never end."""
    tokens: set[str] = set()
    token = ""
    while True:
        answer = call(operation, **request, **({"nextToken": token} if token else {}))
        yield answer
        token = answer.next_token()
        if not token:
            return
        if token in tokens:
            raise MalformedResponseError("AWS returned the same page twice.", request_id=answer.request_id)
        tokens.add(token)


def check_list_members(operation_model: Any, response_dict: Mapping[str, Any], **_: object) -> None:
    """Raise MalformedResponseError for no list in a list's place."""
    if operation_model.output_shape is None or response_dict["status_code"] >= 300:
        return
    try:
        body = json.loads(response_dict["body"])
    except (TypeError, ValueError, RecursionError):
        return  # a stream, XML or truncated: it has no members
    if not isinstance(body, dict):
        return
    for name, shape in operation_model.output_shape.members.items():
        value = body.get(shape.serialization.get("name", name))
        if shape.type_name == "list" and not isinstance(value, list | None):
            raise MalformedResponseError(f"AWS returned a malformed {name}: a list is expected.")


class ResponseReader:
    __slots__ = ("raw",)

    def __init__(self, raw: object) -> None:
        self.raw: dict[str, Any] = raw if isinstance(raw, dict) else {}

    def __contains__(self, key: str) -> bool:
        return self.raw.get(key) is not None

    # -- Optional members
    def text(self, key: str, *, max_length: int = 0) -> str:
        """Return a storable text; empty if longer than `max_length` (0: no limit)."""
        value = self.raw.get(key)
        if not isinstance(value, str) or (max_length and len(value) > max_length):
            return ""
        return value.translate(_UNSTORABLE)

    def number(self, key: str) -> int | None:
        value = self.raw.get(key)
        return value if _is_integer(value) and abs(value) <= MAX_INTEGER else None

    def decimal(self, key: str, default: float) -> float:
        value = self.raw.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return default
        return float(value) if abs(value) <= MAX_INTEGER else default  # false for infinity and NaN

    def flag(self, key: str) -> bool:
        return self.raw.get(key) is True

    def timestamp(self, key: str) -> datetime | None:
        """Read milliseconds since 1970; 0 means "not yet"."""
        value = self.raw.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        try:
            return datetime.fromtimestamp(value / 1000, UTC) if value > 0 else None
        except (OverflowError, ValueError, OSError):
            return None

    def nested(self, key: str) -> "ResponseReader":
        return ResponseReader(self.raw.get(key))

    def entries(self, key: str) -> list["ResponseReader"]:
        return [ResponseReader(entry) for entry in self._list(key) if isinstance(entry, dict)]

    def texts(self, key: str) -> list[str]:
        return [entry.translate(_UNSTORABLE) for entry in self._list(key) if isinstance(entry, str)]

    def text_map(self, key: str) -> dict[str, str]:
        return {
            str(name): value for name, value in storable_json(self.nested(key).raw).items() if isinstance(value, str)
        }

    def number_map(self, key: str) -> dict[str, int]:
        inner = self.nested(key)
        numbers = {name: inner.number(name) for name in inner.raw}
        return {str(storable_json(name)): number for name, number in numbers.items() if number is not None}

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = storable_json(self.raw)
        return document

    # -- Required members
    def required_text(self, key: str, *, max_length: int) -> str:
        value = self.raw.get(key)
        if not isinstance(value, str) or not 0 < len(value) <= max_length or not value.isprintable():
            raise self._malformed(key, "text")
        return value

    def required_number(self, key: str) -> int:
        value = self.number(key)
        if value is None or value < 0:
            raise self._malformed(key, "whole number")
        return value

    def required_entries(self, key: str) -> list["ResponseReader"]:
        value = self.raw.get(key)
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self._malformed(key, "list of objects")
        return [ResponseReader(entry) for entry in value]

    def next_token(self) -> str:
        value = self.raw.get("nextToken") or ""
        if not isinstance(value, str):
            raise self._malformed("nextToken", "text")
        return value

    @property
    def request_id(self) -> str:
        return self.nested("ResponseMetadata").text("RequestId")

    def _list(self, key: str) -> list[Any]:
        value = self.raw.get(key)
        return value if isinstance(value, list) else []

    def _malformed(self, key: str, expected: str) -> MalformedResponseError:
        article = "a malformed" if key in self.raw else "no"
        message = f"AWS returned {article} {key}: a {expected} is expected."
        return MalformedResponseError(message, request_id=self.request_id)


def storable_json(value: Any, levels: int = MAX_DEPTH) -> Any:
    """Drop NUL, lone surrogates and infinity, which databases reject."""
    if isinstance(value, str):
        return value.translate(_UNSTORABLE)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if levels == 0:
        return None
    if isinstance(value, dict):
        return {str(key).translate(_UNSTORABLE): storable_json(member, levels - 1) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(entry, levels - 1) for entry in value]
    return str(value)


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
