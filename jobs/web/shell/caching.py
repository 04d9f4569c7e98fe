"""What browsers and proxies may keep of an answer: nothing, unless it is the same for everyone."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

A = TypeVar("A", bound=HttpResponse)

NOTHING = "no-store, private"
EVERYTHING_OF_THIS_SITE = '"cache", "storage"'


def clear_site(request: HttpRequest, answer: A) -> A:
    """Have the browser drop pages, drafts and whatever else it keeps of this site: the person has signed out.

    The message is for the script of the next page as well, since browsers leave each tab its own storage. A session
    that ends by itself leaves all that, so that what was typed is there after signing in again.
    """
    answer["Clear-Site-Data"] = EVERYTHING_OF_THIS_SITE
    messages.success(request, "You are signed out.", extra_tags="signed-out")
    return answer


class NoStoreMiddleware:
    """Sets Cache-Control on every answer behind it: pages, fragments, the API, files, redirects and errors.

    A shared computer's Back button shows no page of whoever signed out, and no proxy keeps one. Only a view whose
    answer is the same for everyone may say so, with `public`. Static files are answered further out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if "public" not in answer.get("Cache-Control", ""):
            answer["Cache-Control"] = NOTHING
        return answer
