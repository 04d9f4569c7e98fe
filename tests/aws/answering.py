"""An AWS without a network: each request is answered by a function, with whatever bytes a test is about."""

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from jobs.aws.session import Purpose, client_for
from jobs.models import Account

Respond = Callable[[AWSPreparedRequest], bytes]


class _Body(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


@contextlib.contextmanager
def answer_with(respond: Respond | bytes) -> Iterator[list[AWSPreparedRequest]]:
    """Answer every request of every client with 200 and these bytes. The requests that left."""
    requests: list[AWSPreparedRequest] = []

    def send(_: Any, request: AWSPreparedRequest) -> AWSResponse:
        requests.append(request)
        body = respond if isinstance(respond, bytes) else respond(request)
        headers = HeadersDict({"x-amzn-RequestId": "request-1", "Content-Type": "application/json"})
        return AWSResponse(request.url, 200, headers, _Body(body))  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.httpsession.URLLib3Session.send", send)
        yield requests


def client(service: str = "batch", purpose: Purpose = Purpose.READ) -> Any:
    # One external id, and so one client for all tests: to make one takes longer than a call.
    account = Account(access="sandbox", region="us-west-2", endpoint_url="http://127.0.0.1:9", external_id="")
    return client_for(account, service, purpose)


def json_body(request: AWSPreparedRequest) -> dict[str, Any]:
    sent = request.body
    parsed: dict[str, Any] = json.loads(sent.decode() if isinstance(sent, bytes | bytearray) else str(sent))
    return parsed


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def full_answer(service: str, operation: str) -> dict[str, Any]:
    """An answer with every member that the service model knows."""
    answer: dict[str, Any] = _value(_model(service).operation_model(operation).output_shape, ())
    answer.pop("nextToken", None)
    return answer


def _value(shape: Shape, above: tuple[str, ...]) -> Any:
    if shape.name in above:
        return None
    above = (*above, shape.name)
    if isinstance(shape, StructureShape):
        return {
            member.serialization.get("name", name): _value(member, above) for name, member in shape.members.items()
        }
    if isinstance(shape, ListShape):
        return [_value(shape.member, above)]
    if isinstance(shape, MapShape):
        return {"key": _value(shape.value, above)}
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else "text"
    if shape.type_name == "blob":
        return "dGV4dA=="
    return {
        "boolean": True,
        "integer": 3,
        "long": 1_700_000_000_000,
        "double": 1.5,
        "float": 1.5,
        "timestamp": 1_700_000_000,
    }[shape.type_name]


WRONG: tuple[Any, ...] = (
    None, True, 5, -1, 10**30, 1e308, "x", "", "\0", "\ud800", "y" * 5000, [], [5], ["x"], [None], {}, {"a": 5}, [[]],
    [{}], [{"jobId": 5}],
)  # fmt: skip
"""What may stand where a member should be of another type."""


def paths(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where each member and entry of an answer stands."""
    inner: Iterator[Any] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, member in inner:
        yield (*here, key)
        yield from paths(member, (*here, key))


def replace_value(answer: Any, path: tuple[str | int, ...], value: Any) -> bytes:
    """The answer with another value at a path, as JSON."""
    changed = json.loads(json.dumps(answer))
    owner = changed
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    return json.dumps(changed).encode()
