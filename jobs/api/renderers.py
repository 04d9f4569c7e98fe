"""Rendering of a response: JSON, or lines of `text_format` if preferred."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.renderers import BaseRenderer
from ninja.responses import Status
from pydantic_core import to_json

from jobs.api.text_format import to_text

JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain"


class JsonRenderer(BaseRenderer):
    """Compact JSON with times as pydantic writes them; ninja's own cuts them to milliseconds."""

    media_type = JSON

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:  # noqa: ARG002 - ninja's
        return to_json(data, inf_nan_mode="null")


class PortalApi(NinjaAPI):
    def create_response(self, request: HttpRequest, data: Any, **options: Any) -> HttpResponse:
        response = super().create_response(request, data, **options)
        response["Content-Type"] = JSON if response.status_code < 400 else PROBLEM
        return response

    def respond(self, request: HttpRequest, status: int, content: Schema) -> HttpResponse:
        if wants_text(request):
            return text_response(status, content)
        return self.create_response(request, content.model_dump(), status=status)


def text_on_request(operation: Callable[..., Any]) -> Callable[..., Any]:
    """Return text if preferred. Ninja's renderers get plain values, without the schema's class."""

    @wraps(operation)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        result = operation(request, *args, **kwargs)
        status, content = (result.status_code, result.value) if isinstance(result, Status) else (200, result)
        if isinstance(content, Schema) and wants_text(request):
            return text_response(status, content)
        return result

    return wrapper


def text_response(status: int, content: Schema) -> HttpResponse:
    return HttpResponse(to_text(content), status=status, content_type=f"{TEXT}; charset=utf-8")


def wants_text(request: HttpRequest) -> bool:
    return request.get_preferred_type([JSON, PROBLEM, TEXT]) == TEXT
