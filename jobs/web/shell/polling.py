"""Polling of page parts that may change.

If nothing changed the answer is 204, which leaves the page alone: selection and focus stay, and a screen reader
repeats nothing.
"""

from datetime import datetime, timedelta
from hashlib import blake2b

from django.http import HttpRequest
from django.utils.timezone import now

from jobs.models import Account

STALE_AFTER = timedelta(seconds=60)


def etag(*facts: object) -> str:
    """Return a short hash of what a page shows. Leave elapsed times out; the client updates those."""
    return blake2b(repr(facts).encode(), digest_size=8).hexdigest()


def is_partial(request: HttpRequest) -> bool:
    return request.GET.get("part") == "live"


def is_current(request: HttpRequest, current: str) -> bool:
    return request.GET.get("seen") == current


def is_stale(account: Account, with_aws_since: datetime | None) -> bool:
    """Return whether AWS last answered so long ago that the page may be out of date.

    `with_aws_since`: since when some job shown is with AWS and has not ended, or None. Without one, polls are rare:
    after such a quiet time, the first answer is waited for before the page is called out of date.
    """
    if with_aws_since is None:
        return False
    return now() - max(account.status.polled_at or with_aws_since, with_aws_since) > STALE_AFTER
