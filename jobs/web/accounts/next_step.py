"""Steps that a signed-in user must complete first."""

from django.http import HttpRequest
from django.urls import reverse

from jobs import second_factor

PASSWORD_PAGE = "account_change_password"  # noqa: S105 - a URL name


def next_step(request: HttpRequest) -> str | None:
    needs_code = second_factor.is_missing(request)
    if needs_code and second_factor.is_enrolled(request.user):
        return second_factor.next_step_url(request)
    if getattr(request.user, "must_change_password", False):
        return reverse(PASSWORD_PAGE)
    return second_factor.next_step_url(request) if needs_code else None
