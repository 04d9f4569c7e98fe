"""Parts of pages that look again while something may change.

A live part names, in the URL it asks, the mark of what it shows. Nothing new is answered with 204, which leaves the
page alone: no lost selection, no moved focus, nothing for a screen reader to say again.
"""

from datetime import timedelta
from hashlib import blake2b

from django.http import HttpRequest
from django.utils.timezone import now

from jobs.models import Account

BEHIND = timedelta(seconds=60)


def mark(*facts: object) -> str:
    """A short word for what a page shows. Facts that count seconds have no place in it: the page counts itself."""
    return blake2b(repr(facts).encode(), digest_size=8).hexdigest()


def asked(request: HttpRequest) -> bool:
    """Whether only the live part is wanted."""
    return request.GET.get("part") == "live"


def seen(request: HttpRequest, current: str) -> bool:
    return request.GET.get("seen") == current


def behind(account: Account, *, with_aws: bool) -> bool:
    """Whether the portal has not heard from AWS for so long that what it shows may be old.

    `with_aws`: AWS has a job of what is shown that has not ended. Without any, it may not have been asked for long.
    """
    return with_aws and (account.polled_at is None or now() - account.polled_at > BEHIND)
