"""Rate limits of pages."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jobs.rate_limit import RateLimit, TooManyRequestsError, spend
from jobs.web.shell.auth import is_script_request

# Views that validate, read or save a document. Requests that a script sends while someone types count as previews.
DOCUMENT_VIEWS = frozenset({
    "write", "open_form", "read_pasted", "job_form", "job_sweep", "workflow_form", "definition_form", "approval_edit",
    "draft_go_on", "submission_run_again", "job_indexes_again",
    "template_new", "template_version_new", "template_start",
    "launch_form_new", "launch_form_edit", "launch_form_run",
})  # fmt: skip
PREVIEW_VIEWS = frozenset({
    "judge", "job_preview", "workflow_preview", "definition_preview", "approval_judge", "run_again_preview",
    "further_fields", "further_part", "jobs_suggest",
})  # fmt: skip
# With parameters these search a history that may be long.
SEARCH_VIEWS = frozenset({
    "jobs", "jobs_csv", "costs", "costs_csv", "costs_of_all", "costs_csv_of_all", "cost_lines_csv",
    "audit", "audit_all", "catalog", "definitions", "job_waits", "log_search", "templates", "launch_forms",
})  # fmt: skip
SCRIPT_MESSAGE = "Too many requests. Checking resumes in a moment; your text is kept."


class RateLimitMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        budget = budget_for(request)
        if budget is None or not request.user.is_authenticated:
            return None
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        try:
            spend(budget, f"person:{request.user.pk}", length if budget is not RateLimit.SEARCHES else 0)
        except TooManyRequestsError as error:
            return too_many_requests(request, error)
        return None


def budget_for(request: HttpRequest) -> RateLimit | None:
    name = request.resolver_match.url_name if request.resolver_match else None
    if name in PREVIEW_VIEWS:
        return RateLimit.PREVIEWS
    if name in DOCUMENT_VIEWS and request.method == "POST":
        typing = is_script_request(request) or request.POST.get("do") == "keep"
        return RateLimit.PREVIEWS if typing else RateLimit.DOCUMENTS
    if name in SEARCH_VIEWS and request.GET:
        return RateLimit.PREVIEWS if is_script_request(request) else RateLimit.SEARCHES
    return None


def too_many_requests(request: HttpRequest, error: TooManyRequestsError) -> HttpResponse:
    """Return 429; a posted form comes back whole."""
    if is_script_request(request):
        answer = HttpResponse(SCRIPT_MESSAGE, status=429, content_type="text/plain")
    else:
        fields = [
            (name, value)
            for name, values in request.POST.lists()
            if name != "csrfmiddlewaretoken"
            for value in values
        ]
        context = {"seconds": error.retry_after, "fields": fields, "is_post": request.method == "POST"}
        answer = render(request, "too_many_requests.html", context, status=429)
    answer["Retry-After"] = str(error.retry_after)
    return answer
