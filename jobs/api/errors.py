"""Error responses as `application/problem+json` (RFC 9457)."""

from collections.abc import Sequence
from functools import singledispatch

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError

from jobs.actions import IdempotencyConflictError, RecoveryError, RunAgainError, ValidationFailedError
from jobs.api import serializers
from jobs.api.renderers import PortalApi
from jobs.api.schemas import ProblemDetailsOut, ProblemOut
from jobs.models.pagination import InvalidPageCursorError
from jobs.rate_limit import TooManyRequestsError
from jobs.reports.log_follow import InvalidCursorError
from jobs.search import SearchError
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.problems import Problem

log = structlog.get_logger(__name__)

NO_BEARER_MESSAGE = (
    "Send an API token as “Authorization: Bearer …”. Create one under Personal tokens in the user menu."
)
UNKNOWN_BEARER_MESSAGE = (
    "The token isn't valid: it was mistyped, has expired or was revoked, or its owner has left the team. "
    "Create a new one, or ask a team lead."
)
SERVER_ERROR_MESSAGE = "The request failed in the portal. It is safe to repeat it with the same Idempotency-Key."


REQUEST_RULE = "request.failed"
"""The rule of a problem that is not about a document."""


class ApiProblemError(Exception):
    def __init__(self, status: int, title: str, detail: str, problems: Sequence[ProblemOut] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.problems = problems


def error_response(api: PortalApi, request: HttpRequest, error: ApiProblemError) -> HttpResponse:
    findings = list(error.problems) or [_request_problem(error.detail)]
    content = ProblemDetailsOut(title=error.title, status=error.status, detail=error.detail, problems=findings)
    return api.respond(request, error.status, content)


def _request_problem(message: str) -> ProblemOut:
    return serializers.problem_out(Problem("", message, rule=REQUEST_RULE))


def install_handlers(api: PortalApi) -> None:
    def handle(request: HttpRequest, error: Exception) -> HttpResponse:
        response = error_response(api, request, to_api_error(error))
        if isinstance(error, AuthenticationError):
            has_token = "Authorization" in request.headers
            response = error_response(
                api,
                request,
                ApiProblemError(401, "No valid token", UNKNOWN_BEARER_MESSAGE if has_token else NO_BEARER_MESSAGE),
            )
            response["WWW-Authenticate"] = 'Bearer realm="batch-portal"' + ', error="invalid_token"' * has_token
        if isinstance(error, RecoveryError | TooManyRequestsError):
            response["Retry-After"] = str(error.retry_after)
        return response

    for kind in to_api_error.registry:
        api.add_exception_handler(Exception if kind is object else kind, handle)  # type: ignore[arg-type]


@singledispatch
def to_api_error(error: Exception) -> ApiProblemError:
    log.error("api_failed", exc_info=error)
    return ApiProblemError(500, "Internal server error", SERVER_ERROR_MESSAGE)


@to_api_error.register
def _(error: ApiProblemError) -> ApiProblemError:
    return error


@to_api_error.register
def _(error: DocumentParseError) -> ApiProblemError:
    return ApiProblemError(422, "Invalid document", error.message, [serializers.parse_error_out(error)])


@to_api_error.register
def _(error: ValidationFailedError) -> ApiProblemError:
    findings = serializers.problems_out(error.verdict.problems, error.verdict.parse_result)
    return ApiProblemError(422, "The document has errors", "Nothing was saved or submitted.", findings)


@to_api_error.register
def _(error: IdempotencyConflictError) -> ApiProblemError:
    return ApiProblemError(422, "Idempotency-Key already used", str(error))


@to_api_error.register
def _(error: RunAgainError) -> ApiProblemError:
    return ApiProblemError(422, "The steps can't run again", str(error))


@to_api_error.register
def _(error: RecoveryError) -> ApiProblemError:
    return ApiProblemError(503, "The portal is recovering", str(error))


@to_api_error.register
def _(error: TooManyRequestsError) -> ApiProblemError:
    return ApiProblemError(429, "Too many requests", f"{error} The request was not processed.")


@to_api_error.register
def _(error: InvalidCursorError) -> ApiProblemError:
    return ApiProblemError(422, "Invalid cursor", str(error))


@to_api_error.register
def _(_error: InvalidPageCursorError) -> ApiProblemError:
    return ApiProblemError(422, "Invalid cursor", "Start again without after.")


@to_api_error.register
def _(error: SearchError) -> ApiProblemError:
    return ApiProblemError(422, "Invalid search", str(error), serializers.search_problems_out(error))


@to_api_error.register
def _(error: Http404) -> ApiProblemError:
    return ApiProblemError(404, "Not found", str(error) or "This doesn't exist.")


@to_api_error.register
def _(error: PermissionDenied) -> ApiProblemError:
    return ApiProblemError(403, "Not allowed", str(error))


@to_api_error.register
def _(error: ValidationError) -> ApiProblemError:
    findings = [_request_problem(f"{'.'.join(map(str, item['loc'][1:]))}: {item['msg']}") for item in error.errors]
    return ApiProblemError(422, "Invalid parameter", "The request was not processed.", findings)


@to_api_error.register
def _(error: HttpError) -> ApiProblemError:
    return ApiProblemError(error.status_code, "Request failed", str(error))
