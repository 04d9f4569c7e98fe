"""Authentication of pages; scripts get 401 and 403."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from jobs.models import User
from jobs.web.accounts.next_step import next_step

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


def login_required(view: Callable[Concatenate[SignedInRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Require a signed-in user with nothing left to do first."""
    return _guard(view, lets_through=lambda step: step is None)


def login_required_or_at(page: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Let users through whose next step is the named page."""

    def decorator(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return _guard(view, lets_through=lambda step: step in (None, reverse(page)))

    return decorator


def login_without_mfa(view: Callable[Concatenate[SignedInRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Allow users before the second factor."""
    return _guard(view, lets_through=None)


def _guard(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
    *,
    lets_through: Callable[[str | None], bool] | None,
) -> Callable[..., HttpResponse]:
    """Answer a script 401 or 403, or it would swap the login page into a fragment."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            if is_script_request(request):
                return HttpResponse("You're signed out.", status=401, content_type="text/plain")
            return redirect_to_login(request.get_full_path())
        step = next_step(request) if lets_through else None
        if lets_through and not lets_through(step):
            if is_script_request(request):
                message = "Finish signing in to continue."
                return HttpResponse(message, status=403, content_type="text/plain")
            return redirect(str(step))
        return view(cast("SignedInRequest", request), *args, **kwargs)

    return wrapper


def is_script_request(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" or request.headers.get("X-Requested-With") == "fetch"
