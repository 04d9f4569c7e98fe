"""Cache headers: `no-store`, unless a response is the same for everyone."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

ResponseT = TypeVar("ResponseT", bound=HttpResponse)

NO_STORE = "no-store, private"
CLEAR_SITE_DATA = '"cache", "storage"'


def clear_site_data(request: HttpRequest, answer: ResponseT) -> ResponseT:
    answer["Clear-Site-Data"] = CLEAR_SITE_DATA
    messages.success(request, "You're signed out.", extra_tags="signed-out")
    return answer


class NoStoreMiddleware:
    """Views of public responses set `public` themselves."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if "public" not in answer.get("Cache-Control", ""):
            answer["Cache-Control"] = NO_STORE
        return answer
