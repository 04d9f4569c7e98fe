"""Who comes in: every page but the sign-in page begins here."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_htmx.middleware import HtmxDetails

from jobs import second_factor
from jobs.models import User

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request of someone we know."""

    user: User
    htmx: HtmxDetails


def signed_in(view: Callable[Concatenate[SignedInRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Let people through; send strangers to the sign-in page and back, staff without a second factor to theirs."""
    return _guarded(view, shown=True)


def known(view: Callable[Concatenate[SignedInRequest, P], HttpResponse]) -> Callable[..., HttpResponse]:
    """Also let through who has yet to set up or show the second factor: for the pages to do that."""
    return _guarded(view, shown=False)


def _guarded(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponse], *, shown: bool
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
        if shown and second_factor.lacking(request):
            if asked_by_script(request):
                return HttpResponse("Show your second factor first.", status=403, content_type="text/plain")
            return redirect(second_factor.way_on(request))
        return view(cast("SignedInRequest", request), *args, **kwargs)

    return guarded


def asked_by_script(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" or request.headers.get("X-Requested-With") == "fetch"
