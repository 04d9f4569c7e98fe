"""Liveness and readiness probes, answered before sessions, host checks and the request log."""

from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from jobs.reports import readiness

log = structlog.get_logger(__name__)
_last_failures: dict[str, str] = {}


@require_safe
def livez(_request: HttpRequest) -> HttpResponse:
    """Query no database, so that a slow one restarts nothing."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Return 200 or 503; the body has the checks."""
    checks = readiness.run_checks()
    failed = {name: problem for name, problem in checks.items() if problem != readiness.OK}
    if failed != _last_failures:
        log.warning("not_ready", **failed) if failed else log.info("became_ready")
        _last_failures.clear()
        _last_failures.update(failed)
    status = HTTPStatus.SERVICE_UNAVAILABLE if failed else HTTPStatus.OK
    answer = JsonResponse({"ready": not failed, "checks": checks}, status=status)
    answer._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - keeps Django from logging each 503 as an error
    return answer


PROBES = {"healthz": livez, "livez": livez, "readyz": readyz}
"""Views by path. `healthz` is the older name of `livez`."""


class ProbeMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info.removeprefix("/"))
        return probe(request) if probe else self.get_response(request)
