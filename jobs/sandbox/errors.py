"""Error responses with AWS's codes and messages."""


class ServiceError(Exception):
    def __init__(self, message: str, *, code: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    def text(self, request_id: str) -> str:  # noqa: ARG002 - some services put the id into the message
        return str(self)


class BatchClientError(ServiceError):
    """Batch's ClientException."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="ClientException")

    def text(self, request_id: str) -> str:
        return f"Error executing request, Exception : {self}, RequestId: {request_id}"


class BadRequestError(ServiceError):
    """A tag that the tagging service refuses."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="BadRequestException")


class InvalidParameterError(ServiceError):
    def __init__(self, message: str) -> None:
        super().__init__(message, code="InvalidParameterException")


class UnsupportedOperationError(ServiceError):
    """An operation that the sandbox does not implement."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"{operation} is not part of the sandbox.", code="UnknownOperationException", status=501)
