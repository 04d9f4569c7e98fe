"""Whether the portal keeps what it promises, in figures for whoever operates it: `manage.py reconcile --report`."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from django.utils.timezone import now

from jobs.models import Account, Incarnation, Job, Oddity, OddityKind
from jobs.states import Delivery, State

LATEST = 10  # duplicates are told one by one: there should be none


def report() -> Iterator[str]:
    """One line a figure, account by account."""
    life = Incarnation.objects.first()
    if life and life.recovering_since:
        yield f"RECOVERY since {life.recovering_since:%Y-%m-%d %H:%M:%S} UTC: {life.why}"
    for account in Account.objects.filter(active=True):
        yield f"{account}"
        yield from (f"  {name + ':':<22}{says}" for name, says in _figures(account))


def _figures(account: Account) -> Iterator[tuple[str, str]]:
    jobs = Job.objects.filter(account=account).order_by()
    ready = jobs.deliverable().aggregate(count=Count("pk"), since=Min("accepted_at"))
    sending = jobs.filter(delivery=Delivery.SENDING).aggregate(count=Count("pk"), since=Min("sent_at"))
    active = jobs.active().aggregate(count=Count("pk"), since=Min("observed_at"))
    yield "undelivered", _since(ready, "the oldest for")
    yield "in SENDING", _since(sending, "the oldest for")
    yield "held", str(jobs.filter(delivery=Delivery.HELD).count())
    yield "lost", str(jobs.filter(state=State.LOST).count())
    for kind, count in _oddities(account).items():
        yield f"{kind}s ever", str(count)
    for odd in Oddity.objects.filter(account=account, kind=OddityKind.DUPLICATE).order_by("-pk")[:LATEST]:
        yield "a duplicate", f"{odd.batch_id}, {_ago(odd.at)}: {odd.note}"
    yield "last poll", f"{_ago(account.polled_at)}; {_since(active, 'active, the one seen longest ago')}"
    yield (
        "throttles ever",
        f"{account.throttles}" + (f", last {_ago(account.throttled_at)}" if account.throttles else ""),
    )
    skew = account.clock_skew_seconds
    yield "clock skew", "not measured yet" if skew is None else f"{skew:+.1f} s"
    for queue in account.queues.filter(vanished_at=None).order_by("name"):
        seen = jobs.active().filter(queue=queue).aggregate(count=Count("pk"), since=Min("observed_at"))
        says = _since(seen, "active, the one seen longest ago")
        yield f"queue {queue.name}", f"{says}; compared with AWS {_ago(queue.swept_at)}"


def _oddities(account: Account) -> dict[str, int]:
    counted = Oddity.objects.filter(account=account).order_by().values_list("kind").annotate(Count("pk"))
    return dict.fromkeys(OddityKind.values, 0) | dict(counted)


def _since(row: dict[str, object], words: str) -> str:
    count, since = row["count"], row["since"]
    return f"{count}, {words} {_span(since)}" if isinstance(since, datetime) else f"{count}"


def _ago(moment: datetime | None) -> str:
    return f"{_span(moment)} ago" if moment else "never"


def _span(since: datetime) -> str:
    return f"{(now() - since).total_seconds():.0f} s"
