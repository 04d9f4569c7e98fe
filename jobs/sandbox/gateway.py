"""The gateway from HTTP requests to replies."""

import json
import logging
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum
from functools import partial
from typing import Protocol

from jobs.sandbox.context import ApiCall, Document
from jobs.sandbox.errors import ServiceError, UnsupportedOperationError
from jobs.sandbox.model import ApiModel
from jobs.sandbox.signature import EXACT_CLOCK, SignatureClock, SignatureScope, parse_scope

logger = logging.getLogger(__name__)

Operation = Callable[[ApiCall], Document]


@dataclass(frozen=True)
class WireRequest:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class ReplyEnding(Enum):
    WHOLE = "whole"
    TRUNCATED = "truncated"  # half of the body, then the connection is closed
    SILENT = "silent"  # the connection is closed without a reply
    RESET = "reset"  # the connection is reset


@dataclass(frozen=True)
class WireReply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    ending: ReplyEnding = ReplyEnding.WHOLE


ProcessRequest = Callable[[], WireReply]
RenderError = Callable[[ServiceError], WireReply]
# The wrapper of a request: it gets a function for the operation and the renderer of its service's errors, and one
# that processes the request.
Middleware = Callable[[Callable[[], tuple[str, RenderError]], ProcessRequest], WireReply]


class Service(Protocol):
    def operation_name(self, request: WireRequest) -> str: ...

    def answer(self, request: WireRequest, scope: SignatureScope, request_id: str) -> WireReply: ...

    def render_error(self, error: ServiceError, request_id: str) -> WireReply: ...


class JsonService:
    def __init__(self, model: ApiModel, operations: Mapping[str, Operation]) -> None:
        self._model = model
        self._operations = operations
        self.call_counts: Counter[str] = Counter()

    def operation_name(self, request: WireRequest) -> str:
        return self._model.operation_name(request.method, request.path, request.headers)

    def answer(self, request: WireRequest, scope: SignatureScope, request_id: str) -> WireReply:
        operation, params = self._model.parse(
            request.method, request.path, request.query, request.headers, request.body
        )
        if operation not in self._operations:
            raise UnsupportedOperationError(operation)
        self.call_counts[operation] += 1
        call = ApiCall(scope.account_region, operation, params, len(request.body), request_id)
        return json_reply(200, self._operations[operation](call))

    def render_error(self, error: ServiceError, request_id: str) -> WireReply:
        return error_reply(error, request_id)


class Gateway:
    def __init__(
        self,
        services: Mapping[str, Service],
        middleware: Middleware,
        clock: Callable[[], SignatureClock] = lambda: EXACT_CLOCK,
    ) -> None:
        self._services = services
        self._middleware = middleware
        self._clock = clock

    def answer(self, request: WireRequest) -> WireReply:
        request_id = str(uuid.uuid4())
        identify, process = partial(self._identify, request, request_id), partial(self._process, request, request_id)
        reply = self._middleware(identify, process)
        reply.headers["x-amzn-RequestId"] = request_id
        reply.headers["Date"] = formatdate(self._clock().now().timestamp(), usegmt=True)
        return reply

    def _identify(self, request: WireRequest, request_id: str) -> tuple[str, RenderError]:
        service: Service | None = None
        operation = ""
        with suppress(ServiceError):
            service = self._services.get(parse_scope(request.headers, self._clock()).service)
            operation = service.operation_name(request) if service else ""
        return operation, partial(service.render_error if service else error_reply, request_id=request_id)

    def _process(self, request: WireRequest, request_id: str) -> WireReply:
        service: Service | None = None
        try:
            scope = parse_scope(request.headers, self._clock())
            service = self._services.get(scope.service)
            if service is None:
                raise UnsupportedOperationError(f"The service {scope.service}")
            return service.answer(request, scope, request_id)
        except ServiceError as error:
            return (service.render_error if service else error_reply)(error, request_id)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            failure = ServiceError("The sandbox failed; see its output.", code="ServerException", status=500)
            return error_reply(failure, request_id)


def json_reply(status: int, document: Document, **headers: str) -> WireReply:
    body = json.dumps(document).encode()
    return WireReply(status, body, {"Content-Type": "application/json", **headers})


def error_reply(error: ServiceError, request_id: str) -> WireReply:
    document = {"__type": error.code, "message": error.text(request_id)}
    return json_reply(error.status, document, **{"x-amzn-ErrorType": error.code})
