"""The words the parts of the sandbox speak to each other in: a home, a call, a document."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

from jobs.sandbox.errors import Refused

Document = dict[str, Any]


def now_ms() -> int:
    """Batch and CloudWatch Logs both count milliseconds since 1970."""
    return int(time.time() * 1000)


def present(document: Document) -> Document:
    """The document without its None entries: AWS leaves out what it does not know."""
    return {key: value for key, value in document.items() if value is not None}


@dataclass(frozen=True)
class Home:
    """One account in one region. Nothing is ever seen across homes."""

    account: str
    region: str

    @property
    def key(self) -> str:
        return f"{self.account}/{self.region}"

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:batch:{self.region}:{self.account}:{kind}/{name}"

    @classmethod
    def from_key(cls, key: str) -> "Home":
        account, region = key.split("/")
        return cls(account, region)


@dataclass(frozen=True)
class Call:
    """A request that has been understood: who, where, what, and how many bytes it took to say it."""

    home: Home
    operation: str
    params: Document
    size: int
    request_id: str


def page_token(*position: int | str) -> str:
    """An opaque position for nextToken."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def page_position(token: str, length: int) -> list[Any]:
    """The position inside a token we handed out; anything else is refused."""
    try:
        position = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise Refused("nextToken is not valid") from None
    if not isinstance(position, list) or len(position) != length:
        raise Refused("nextToken is not valid")
    return position


def page_size(params: Document, *, maximum: int) -> int:
    """maxResults, where more than the most is the most (as AWS does) and less than one is refused."""
    requested = params.get("maxResults")
    if requested is None:
        return maximum
    if requested < 1:
        raise Refused("maxResults must be at least 1")
    return min(int(requested), maximum)
