"""The URLs of the API, whose errors are in its format too."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

from jobs.api import approvals, caller, costs, definitions, jobs, launch_forms, queues, submissions, templates
from jobs.api.auth import Bearer
from jobs.api.errors import ApiProblemError, error_response, install_handlers
from jobs.api.renderers import JsonRenderer, PortalApi, text_on_request

api = PortalApi(
    title="Batch Portal",
    version="1",
    description="Jobs, submissions, logs, job definitions, workflow templates, launch forms, queues, approvals "
    "and costs of one team. "
    "Authenticate with an API token.",
    urls_namespace="api",
    auth=Bearer(),
    renderer=JsonRenderer(),
    docs_url=None,  # its page needs scripts from a CDN, which the content security policy forbids
    openapi_url=None,  # served below, with the same headers as the rest
)
api.add_decorator(text_on_request)
api.add_router("", definitions.router)
api.add_router("", submissions.router)
api.add_router("", jobs.router)
api.add_router("", costs.router)
api.add_router("", templates.router)
api.add_router("", launch_forms.router)
api.add_router("", queues.router)
api.add_router("", approvals.router)
api.add_router("", caller.router)
install_handlers(api)

View = Callable[..., HttpResponse]


@api.get("/openapi.json", auth=None, include_in_schema=False)
def openapi(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - ninja recognizes a request by its name
    """Return no more than `docs/api.md` has: it is public."""
    return _openapi_schema()


@cache
def _openapi_schema() -> dict[str, Any]:
    """Build the document once: requests without a token must stay cheap."""
    return api.get_openapi_schema()


@csrf_exempt
def not_found(request: HttpRequest) -> HttpResponse:
    return error_response(api, request, ApiProblemError(404, "Not found", f"The API has no endpoint {request.path}."))


def with_api_headers(view: View) -> View:
    """Give a 405 the form of the other errors."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code == 405:
            allowed = response["Allow"]
            response = error_response(api, request, ApiProblemError(405, "Method not allowed", f"Use {allowed}."))
            response["Allow"] = allowed
        response["X-Content-Type-Options"] = "nosniff"
        response["Vary"] = "Accept, Authorization"
        return response

    return wrapper


def _wrap_pattern(pattern: Any) -> URLPattern:
    # Ninja's root view answers with Django's 404 page.
    view = not_found if pattern.name == "api-root" else pattern.callback
    return URLPattern(pattern.pattern, with_api_headers(view), pattern.default_args, pattern.name)


_patterns, _app, _namespace = api.urls
urlpatterns = [
    path("v1/", ([_wrap_pattern(pattern) for pattern in _patterns], _app, _namespace)),
    re_path("", with_api_headers(not_found)),
]
