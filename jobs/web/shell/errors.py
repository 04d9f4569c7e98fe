"""What people read when something went wrong: what happened, and what to do now."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

PLAIN = "The portal failed on this page. Your jobs are not touched by it. Try again in a minute."


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, or 413 for a request above DATA_UPLOAD_MAX_MEMORY_SIZE, which Django calls a bad request too."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403, with the sentence that `access` gave as the reason."""
    return render(request, "403.html", {"reason": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: of an unknown address Django's exception holds patterns, which are nothing for people."""
    reason = exception.args[0] if exception and exception.args and isinstance(exception.args[0], str) else ""
    return render(request, "404.html", {"reason": reason}, status=404)


def too_many(request: HttpRequest) -> HttpResponse:
    """429: someone, or a script, tries passwords or codes."""
    answer = render(request, "429.html", status=429)
    answer["Retry-After"] = "60"
    return answer


def failed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django hands it
    """500: stands alone, because whatever failed may be what the frame needs."""
    try:
        return HttpResponse(loader.render_to_string("500.html"), status=500)
    except Exception:  # noqa: BLE001 - the last words must come out
        return HttpResponse(PLAIN, status=500, content_type="text/plain")
