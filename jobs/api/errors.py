"""Error responses as `application/problem+json` (RFC 9457)."""

from collections.abc import Iterator, Sequence
from functools import singledispatch

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from jobs.actions import IdempotencyConflictError, RecoveryError, ValidationFailedError
from jobs.api import serializers
from jobs.api.renderers import Row, answer
from jobs.api.schemas import Finding, Problem
from jobs.rate_limit import TooManyRequestsError
from jobs.reports.log_follow import InvalidCursorError
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.problems import Severity

log = structlog.get_logger(__name__)

NONE_SENT = "Send a token of your team as “Authorization: Bearer …”. A lead of the team makes one on its Tokens page."
NOT_VALID = (
    "This token is not known here: it was mistyped, has expired or was revoked, or its owner has left the team. "
    "A lead of the team can make a new one."
)
OURS = "The portal failed on this request. It is safe to send it again with the same Idempotency-Key."


class Trouble(Exception):  # noqa: N818 - an error response
    """An error response: status, title and detail."""

    def __init__(self, status: int, title: str, detail: str, problems: Sequence[Finding] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.problems = problems


def told(request: HttpRequest, error: Trouble) -> HttpResponse:
    findings = list(error.problems) or [Finding(pointer="", message=error.detail, severity=Severity.ERROR)]
    content = Problem(title=error.title, status=error.status, detail=error.detail, problems=findings)
    return answer(request, error.status, content, _rows(content))


def handle_all(api: NinjaAPI) -> None:
    """Install a handler for every exception that a view may raise."""

    def handle(request: HttpRequest, error: Exception) -> HttpResponse:
        response = told(request, trouble_of(error))
        if isinstance(error, AuthenticationError):
            has_token = "Authorization" in request.headers
            response = told(request, Trouble(401, "No valid token", NOT_VALID if has_token else NONE_SENT))
            response["WWW-Authenticate"] = 'Bearer realm="batch-portal"' + ', error="invalid_token"' * has_token
        if isinstance(error, RecoveryError | TooManyRequestsError):
            response["Retry-After"] = str(error.retry_after)
        return response

    for kind in trouble_of.registry:
        api.add_exception_handler(Exception if kind is object else kind, handle)  # type: ignore[arg-type]


@singledispatch
def trouble_of(error: Exception) -> Trouble:
    """Return the error response for an exception; 500 for an unexpected one."""
    log.error("api_failed", exc_info=error)
    return Trouble(500, "The portal failed", OURS)


@trouble_of.register
def _(error: Trouble) -> Trouble:
    return error


@trouble_of.register
def _(error: DocumentParseError) -> Trouble:
    return Trouble(422, "Not a document", error.message, [serializers.finding_of_no_document(error)])


@trouble_of.register
def _(error: ValidationFailedError) -> Trouble:
    findings = serializers.findings(error.verdict.problems, error.verdict.parse_result)
    return Trouble(422, "The document was refused", "Nothing was kept or sent.", findings)


@trouble_of.register
def _(error: IdempotencyConflictError) -> Trouble:
    return Trouble(422, "This Idempotency-Key was used before", str(error))


@trouble_of.register
def _(error: RecoveryError) -> Trouble:
    return Trouble(503, "The portal is recovering", str(error))


@trouble_of.register
def _(error: TooManyRequestsError) -> Trouble:
    return Trouble(429, "Too many requests", f"{error} Nothing was done.")


@trouble_of.register
def _(error: InvalidCursorError) -> Trouble:
    return Trouble(422, "No such place", str(error))


@trouble_of.register
def _(error: Http404) -> Trouble:
    return Trouble(404, "Not found", str(error) or "There is nothing here.")


@trouble_of.register
def _(error: PermissionDenied) -> Trouble:
    return Trouble(403, "Not allowed", str(error))


@trouble_of.register
def _(error: ValidationError) -> Trouble:
    findings = [
        Finding(pointer="", message=f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}", severity=Severity.ERROR)
        for item in error.errors
    ]
    return Trouble(422, "A parameter is wrong", "Nothing was done.", findings)


@trouble_of.register
def _(error: HttpError) -> Trouble:
    return Trouble(error.status_code, "Not possible", str(error))


def _rows(content: Problem) -> Iterator[Row]:
    yield "error", content.title
    yield from serializers.finding_rows(content.problems)
