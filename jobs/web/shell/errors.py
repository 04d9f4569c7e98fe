"""Error pages."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

PLAIN_TEXT_MESSAGE = "Something went wrong. Your jobs in AWS Batch aren't affected. Try again in a minute."


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return 413 above DATA_UPLOAD_MAX_MEMORY_SIZE, which Django reports as a bad request."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = exception.args[0] if exception and exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "404.html", {"reason": reason}, status=404)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    answer = render(request, "429.html", status=429)
    answer["Retry-After"] = "60"
    return answer


def server_error(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django passes it
    """Return 500 without the frame, which may be what failed."""
    try:
        return HttpResponse(loader.render_to_string("500.html"), status=500)
    except Exception:  # noqa: BLE001 - the error page must not fail
        return HttpResponse(PLAIN_TEXT_MESSAGE, status=500, content_type="text/plain")
