"""Polling of page parts.

If nothing changed the answer is 204: selection and focus stay, and a screen reader repeats nothing.
"""

from datetime import datetime, timedelta
from hashlib import blake2b

from django.http import HttpRequest
from django.utils.timezone import now

from jobs.models import Account

STALE_AFTER = timedelta(seconds=60)


def etag(*facts: object) -> str:
    """Hash what a page shows, without elapsed times, which the client updates."""
    return blake2b(repr(facts).encode(), digest_size=8).hexdigest()


def minute() -> int:
    """Return the present minute, for the etag of a page with figures that change with time alone."""
    return int(now().timestamp() // 60)


def is_partial(request: HttpRequest) -> bool:
    return request.GET.get("part") == "live"


def is_current(request: HttpRequest, current: str) -> bool:
    return request.GET.get("seen") == current


def is_stale(account: Account, with_aws_since: datetime | None) -> bool:
    """Return whether the page may be out of date.

    Without a job with AWS polls are rare: after a quiet time, the first answer is waited for.
    """
    if with_aws_since is None:
        return False
    return now() - max(account.status.polled_at or with_aws_since, with_aws_since) > STALE_AFTER
