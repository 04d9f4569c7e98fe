"""Who comes in: every page but the sign-in page begins here."""

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
    """A request of someone we know."""

    user: User
    htmx: HtmxDetails


def signed_in(view: Callable[Concatenate[SignedInRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Let people through; send strangers to the sign-in page and back, and others to what they have to do first."""
    return _guarded(view, lets_through=lambda step: step is None)


def signed_in_or_at(page: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Also let through whoever has to go to the page of that name first: for that page."""

    def guarding(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return _guarded(view, lets_through=lambda step: step in (None, reverse(page)))

    return guarding


def known(view: Callable[Concatenate[SignedInRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Also let through who has yet to set up or show the second factor: for the pages to do that."""
    return _guarded(view, lets_through=None)


def _guarded(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse],
    *,
    lets_through: Callable[[str | None], bool] | None,
) -> Callable[..., HttpResponse]:
    """A script that polls would take the sign-in page for its answer and put it into the middle of another.

    So it gets a bare 401, and the page says that the person is signed out while what they wrote stays where it is.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            if asked_by_script(request):
                return HttpResponse("You are signed out.", status=401, content_type="text/plain")
            return redirect_to_login(request.get_full_path())
        step = next_step(request) if lets_through else None
        if lets_through and not lets_through(step):
            if asked_by_script(request):
                message = "Go on signing in: the portal asks for something first."
                return HttpResponse(message, status=403, content_type="text/plain")
            return redirect(str(step))
        return view(cast("SignedInRequest", request), *args, **kwargs)

    return guarded


def asked_by_script(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" or request.headers.get("X-Requested-With") == "fetch"
