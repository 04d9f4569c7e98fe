"""Answers that say no, in AWS's words."""


class ApiError(Exception):
    """A refusal the caller can read: an error code, an HTTP status and a sentence."""

    def __init__(self, message: str, *, code: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def text(self, request_id: str) -> str:  # noqa: ARG002 - some services put the id into the sentence
        return str(self)


class Refused(ApiError):  # noqa: N818 - an answer, not a fault
    """What Batch calls a ClientException: the request is wrong, and repeating it will not help."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="ClientException")

    def text(self, request_id: str) -> str:
        return f"Error executing request, Exception : {self}, RequestId: {request_id}"


class InvalidParameter(ApiError):  # noqa: N818 - an answer, not a fault
    """What CloudWatch Logs and STS call a request they cannot read."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="InvalidParameterException")


class Unsupported(ApiError):  # noqa: N818 - an answer, not a fault
    """An operation that AWS has and this sandbox has not: said plainly rather than pretended."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"{operation} is not part of the sandbox.", code="UnknownOperationException", status=501)
