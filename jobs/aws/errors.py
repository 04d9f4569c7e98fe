"""Four ways in which a call to AWS fails, by what can be done about it.

Which botocore error is which follows from where it is raised: before the bytes leave, nothing has happened; once
they have left, only an answer says what did. A 5xx may follow an acceptance, a read time-out hides one, and a
truncated 200 is handed on by botocore as a success without its fields.
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

from jobs.spec.redaction import redact_text

THROTTLES = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
# The portal's own way in is at fault: nothing in the request can mend it.
LOCKED_OUT = frozenset(
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


# What botocore's parsers trip over when a member is of another type than the service model says.
UNREADABLE = (AttributeError, IndexError, KeyError, RecursionError, ResponseParserError, TypeError, ValueError)


class AwsError(Exception):
    """A call that failed. `message` is AWS's sentence with secrets masked, `request_id` what its support asks for."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        message = redact_text(message)  # AWS repeats what it refuses
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id
        self.operation = ""
        """Which call failed, where it is another one than was made: AssumeRole on the way to it."""


class RequestRefusedError(AwsError):
    """AWS said no to this request: theirs to fix who asked. Nothing happened."""


class AccessTroubleError(AwsError):
    """AWS does not know the portal, or its credentials are gone: ours to fix. Nothing happened."""


class TryAgainError(AwsError):
    """Too fast, or nobody reached: the same call may go through later. Nothing happened."""


class TooFastError(TryAgainError):
    """AWS is there and wants fewer calls a second."""


class NobodyKnowsError(AwsError):
    """The call may have happened."""


class MalformedAnswerError(NobodyKnowsError):
    """The answer cannot be read: what was to change may have, and what was asked has to be asked again."""

    def __init__(self, message: str, *, code: str = "MalformedAnswer", request_id: str = "") -> None:
        super().__init__(message, code=code, request_id=request_id)


def is_outage(error: AwsError) -> bool:
    """Whether AWS was not reached or did not answer, so that the next call would probably fare no better."""
    has_response = isinstance(error, TooFastError | MalformedAnswerError)
    return isinstance(error, NobodyKnowsError | TryAgainError) and not has_response


class FenceError(Exception):
    """Raised by a guard before the bytes leave: too much time has passed to send them now."""


@contextmanager
def translated() -> Iterator[None]:
    """Whatever botocore raises inside leaves as one of the four kinds."""
    try:
        yield
    except AwsError:
        raise
    except Exception as error:
        raise translate(error) from error


def translate(error: Exception) -> AwsError:
    """The kind of a failure. What is not known for certain not to have happened may have."""
    if isinstance(error, ClientError):
        return _of_answer(error)
    if isinstance(error, ParamValidationError):
        return RequestRefusedError(str(error), code="ParamValidation")
    if isinstance(error, NoCredentialsError | PartialCredentialsError | CredentialRetrievalError):
        return AccessTroubleError(f"The portal has no credentials for AWS: {error}", code="NoCredentials")
    if isinstance(error, ConnectTimeoutError | EndpointConnectionError | FenceError):
        return TryAgainError(str(error) or "Not sent.", code=type(error).__name__)
    if isinstance(error, UNREADABLE):
        return MalformedAnswerError(f"AWS's answer cannot be read ({type(error).__name__}: {error}).")
    if isinstance(error, BotoCoreError):
        return NobodyKnowsError(str(error), code=type(error).__name__)
    return NobodyKnowsError(f"{type(error).__name__}: {error}", code=type(error).__name__)


def _of_answer(error: ClientError) -> AwsError:
    response: Any = error.response
    problem, meta = _object(response, "Error"), _object(response, "ResponseMetadata")
    status = meta.get("HTTPStatusCode")
    code = str(problem.get("Code") or "")
    message = str(problem.get("Message") or "") or str(error)
    request_id = str(meta.get("RequestId") or "")
    kind = _kind_of_answer(status if isinstance(status, int) else 0, code)
    return kind(message, code=code, request_id=request_id)


def _object(owner: Any, key: str) -> dict[str, Any]:
    value = owner.get(key) if isinstance(owner, dict) else None
    return value if isinstance(value, dict) else {}


def _kind_of_answer(status: int, code: str) -> type[AwsError]:
    if status == 429 or code in THROTTLES:
        return TooFastError
    if code in LOCKED_OUT:
        return AccessTroubleError
    return RequestRefusedError if 400 <= status < 500 else NobodyKnowsError
