"""What someone who has signed in must do before anything else, in this order."""

from django.http import HttpRequest
from django.urls import reverse

from jobs import second_factor

PASSWORD_PAGE = "account_change_password"  # noqa: S105 - the name of a page


def next_step(request: HttpRequest) -> str | None:
    """Return where a signed-in person has to go first, None if nowhere.

    They show the second factor they have, then replace a password that an administrator set, then set up a second
    factor if they need one. Asks the database about the second factor of those who need one, and of nobody else.
    """
    needs_code = second_factor.lacking(request)
    if needs_code and second_factor.set_up_by(request.user):
        return second_factor.way_on(request)
    if getattr(request.user, "must_change_password", False):
        return reverse(PASSWORD_PAGE)
    return second_factor.way_on(request) if needs_code else None
