"""An API for tests to inject faults, and to read what was really accepted.

    PUT /_sandbox/faults       a plan (see `faults`); `{}` ends all faults
    GET /_sandbox/faults       the requests that were hit
    GET /_sandbox/ledger       every acceptance; `?after=17` only later ones
    GET /_sandbox/calls        the number of calls of Batch, by operation
    PUT /_sandbox/forgotten    {"jobs": [...]}: Batch no longer knows them

A web page can't use it: PUT with JSON needs a preflight request, which is not answered.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from jobs.sandbox.context import Document
from jobs.sandbox.errors import ServiceError
from jobs.sandbox.fault_injector import FaultInjector
from jobs.sandbox.faults import FaultPlan, FaultPlanError
from jobs.sandbox.gateway import WireReply, WireRequest, error_reply, json_reply
from jobs.sandbox.ledger import Ledger
from jobs.sandbox.visibility_lag import VisibilityLag

PREFIX = "/_sandbox/"


class ControlApi:
    def __init__(
        self,
        fault_injector: FaultInjector,
        visibility_lag: VisibilityLag,
        ledger: Ledger,
        calls: Mapping[str, int],
        next_handler: Callable[[WireRequest], WireReply],
    ) -> None:
        self._fault_injector = fault_injector
        self._visibility_lag = visibility_lag
        self._ledger = ledger
        self._calls = calls
        self._next_handler = next_handler
        self._routes: dict[tuple[str, str], Callable[[WireRequest], Document]] = {
            ("PUT", "faults"): self._put_faults,
            ("GET", "faults"): self._get_faults,
            ("GET", "ledger"): self._get_ledger,
            ("GET", "calls"): lambda _: {"calls": dict(self._calls)},
            ("PUT", "forgotten"): self._put_forgotten,
        }

    def answer(self, request: WireRequest) -> WireReply:
        if not request.path.startswith(PREFIX):
            return self._next_handler(request)
        route = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        try:
            if route is None:
                raise ServiceError(
                    f"Nothing is at {request.method} {request.path}", code="NotFoundException", status=404
                )
            return json_reply(200, route(request))
        except ServiceError as error:
            return error_reply(error, "-")

    def _put_faults(self, request: WireRequest) -> Document:
        try:
            self._fault_injector.set_plan(FaultPlan.parse(_json(request)))
        except FaultPlanError as error:
            raise ServiceError(str(error), code="ValidationException") from error
        return {}

    def _get_faults(self, _: WireRequest) -> Document:
        entries = [
            {
                "operation": injected_fault.operation,
                "number": injected_fault.number,
                "does": injected_fault.fault.does,
            }
            for injected_fault in list(self._fault_injector.injected_faults)
        ]
        return {"struck": entries}

    def _get_ledger(self, request: WireRequest) -> Document:
        after = parse_qs(request.query).get("after", ["0"])[0]
        if not after.isdigit():
            raise ServiceError("after is a number", code="ValidationException")
        return {"accepted": self._ledger.read(after=int(after))}

    def _put_forgotten(self, request: WireRequest) -> Document:
        document = _json(request)
        ids = document.get("jobs") if isinstance(document, dict) else None
        if not isinstance(ids, list) or not all(isinstance(job_id, str) for job_id in ids):
            raise ServiceError("jobs is a list of ids", code="ValidationException")
        self._visibility_lag.forget(ids)
        return {}


def _json(request: WireRequest) -> Any:
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise ServiceError("The body is not JSON.", code="SerializationException") from error
