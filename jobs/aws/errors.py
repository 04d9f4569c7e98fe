"""Four ways in which a call to AWS fails, by what can be done about it.

Which botocore error is which follows from where it is raised: before the bytes leave, nothing has happened; once
they have left, only an answer says what did. A 5xx may follow an acceptance, a read time-out hides one, and a
truncated 200 is handed on by botocore as a success without its fields.
"""

from collections.abc import Iterator
from contextlib import contextmanager

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


class AwsError(Exception):
    """A call that failed. `message` is AWS's own sentence, `request_id` what its support asks for."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.request_id = request_id


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
    if isinstance(error, BotoCoreError):
        return NobodyKnowsError(str(error), code=type(error).__name__)
    return NobodyKnowsError(f"{type(error).__name__}: {error}", code=type(error).__name__)


def _of_answer(error: ClientError) -> AwsError:
    told = error.response.get("Error", {})
    meta = error.response.get("ResponseMetadata", {})
    status = int(meta.get("HTTPStatusCode", 0))
    code = str(told.get("Code", ""))
    message = str(told.get("Message", "")) or str(error)
    request_id = str(meta.get("RequestId", ""))
    kind: type[AwsError] = NobodyKnowsError
    if status == 429 or code in THROTTLES:
        kind = TooFastError
    elif code in LOCKED_OUT:
        kind = AccessTroubleError
    elif 400 <= status < 500:
        kind = RequestRefusedError
    return kind(message, code=code, request_id=request_id)
