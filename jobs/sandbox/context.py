"""Shared types of the sandbox."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

from jobs.sandbox.errors import BatchClientError

Document = dict[str, Any]


def now_ms() -> int:
    return int(time.time() * 1000)


def drop_none(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}


@dataclass(frozen=True)
class AccountRegion:
    account: str
    region: str

    @property
    def key(self) -> str:
        return f"{self.account}/{self.region}"

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:batch:{self.region}:{self.account}:{kind}/{name}"

    @classmethod
    def from_key(cls, key: str) -> "AccountRegion":
        account, region = key.split("/")
        return cls(account, region)


@dataclass(frozen=True)
class ApiCall:
    account_region: AccountRegion
    operation: str
    params: Document
    size: int
    request_id: str


def encode_page_token(*position: int | str) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def decode_page_token(token: str, length: int) -> list[Any]:
    try:
        position = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise BatchClientError("nextToken is not valid") from None
    if not isinstance(position, list) or len(position) != length:
        raise BatchClientError("nextToken is not valid")
    return position


def page_size(params: Document, *, maximum: int) -> int:
    requested = params.get("maxResults")
    if requested is None:
        return maximum
    if requested < 1:
        raise BatchClientError("maxResults must be at least 1")
    return min(int(requested), maximum)
