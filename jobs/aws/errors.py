"""The four kinds of failures of AWS calls: rejected, credentials, retryable, outcome unknown.

A 5xx may follow an acceptance, a read time-out may hide one, and botocore passes on a truncated 200 as a success.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from jobs.aws.deadline import DeadlineError
from jobs.spec.redaction import redact_text

THROTTLING_CODES = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
CREDENTIALS_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


# Errors of botocore's parsers for a member of another type than in the service model.
PARSE_ERRORS = (AttributeError, IndexError, KeyError, RecursionError, ResponseParserError, TypeError, ValueError)


class AwsError(Exception):
    """`message` is AWS's with secrets masked, `request_id` is for AWS support."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        message = redact_text(message)  # AWS quotes the rejected values
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.operation = ""
        """Of the call that failed, if another than was made: AssumeRole on the way to it."""


class RejectedError(AwsError):
    """Nothing happened; the request is at fault."""


class CredentialsError(AwsError):
    """Nothing happened; the portal's credentials are at fault."""


class RetryableError(AwsError):
    """Nothing happened: throttled, or not reached."""


class ThrottledError(RetryableError):
    """AWS wants fewer calls per second."""


class OutcomeUnknownError(AwsError):
    """The call may have taken effect."""


class MalformedResponseError(OutcomeUnknownError):
    """A change may have taken effect, a read has to be repeated."""

    def __init__(self, message: str, *, code: str = "MalformedAnswer", request_id: str = "") -> None:
        super().__init__(message, code=code, request_id=request_id)


def is_outage(error: AwsError) -> bool:
    has_response = isinstance(error, ThrottledError | MalformedResponseError)
    return isinstance(error, OutcomeUnknownError | RetryableError) and not has_response


class FenceError(Exception):
    """Too late to be sent; raised before bytes are sent."""


@contextmanager
def translate_errors() -> Iterator[None]:
    try:
        yield
    except AwsError:
        raise
    except Exception as error:
        raise classify_error(error) from error


def classify_error(error: Exception) -> AwsError:
    """Unless it is certain that nothing happened, return OutcomeUnknownError."""
    if isinstance(error, ClientError):
        return _from_client_error(error)
    if isinstance(error, ParamValidationError):
        return RejectedError(str(error), code="ParamValidation")
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return CredentialsError(f"The portal has no credentials for AWS: {error}", code="NoCredentials")
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError | FenceError):
        return RetryableError(str(error) or "Not sent.", code=type(error).__name__)
    if isinstance(error, PARSE_ERRORS):
        return MalformedResponseError(f"AWS's response is malformed ({type(error).__name__}: {error}).")
    if isinstance(error, BotoCoreError | DeadlineError):
        return OutcomeUnknownError(str(error), code=type(error).__name__)
    return OutcomeUnknownError(f"{type(error).__name__}: {error}", code=type(error).__name__)


def _from_client_error(error: ClientError) -> AwsError:
    response: Any = error.response
    problem, meta = _get_object(response, "Error"), _get_object(response, "ResponseMetadata")
    status = meta.get("HTTPStatusCode")
    code = str(problem.get("Code") or "")
    message = str(problem.get("Message") or "") or str(error)
    request_id = str(meta.get("RequestId") or "")
    kind = _client_error_class(status if isinstance(status, int) else 0, code)
    return kind(message, code=code, request_id=request_id)


def _get_object(owner: Any, key: str) -> dict[str, Any]:
    value = owner.get(key) if isinstance(owner, dict) else None
    return value if isinstance(value, dict) else {}


def _client_error_class(status: int, code: str) -> type[AwsError]:
    if status == 429 or code in THROTTLING_CODES:
        return ThrottledError
    if code in CREDENTIALS_CODES:
        return CredentialsError
    return RejectedError if 400 <= status < 500 else OutcomeUnknownError
