"""Figures on the delivery guarantees: `manage.py reconcile --report`."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from django.utils.timezone import now

from jobs.models import Account, DatabaseGeneration, Discrepancy, DiscrepancyKind, Job
from jobs.states import Delivery, State

MAX_DUPLICATES_LISTED = 10  # duplicates are listed one by one: there should be none
_DISCREPANCY_LABELS = {
    DiscrepancyKind.DUPLICATE: "duplicates (total)",
    DiscrepancyKind.ORPHAN: "orphans (total)",
    DiscrepancyKind.UNWANTED: "withdrawn jobs found in AWS (total)",
    DiscrepancyKind.UNREADABLE: "jobs that couldn't be imported (total)",
}


def report_lines() -> Iterator[str]:
    generation = DatabaseGeneration.objects.first()
    if generation and generation.recovering_since:
        yield f"RECOVERY since {generation.recovering_since:%Y-%m-%d %H:%M:%S} UTC: {generation.reason}"
    for account in Account.objects.active().select_related("status"):
        yield f"{account}"
        yield from (f"  {name + ':':<42}{text}" for name, text in _figures(account))


def _figures(account: Account) -> Iterator[tuple[str, str]]:
    jobs = Job.objects.filter(account=account).order_by()
    ready = jobs.deliverable().aggregate(count=Count("pk"), since=Min("accepted_at"))
    sending = jobs.filter(delivery=Delivery.SENDING).aggregate(count=Count("pk"), since=Min("sent_at"))
    active = jobs.active().aggregate(count=Count("pk"), since=Min("observed_at"))
    yield "ready to send", _count_and_age(ready, "oldest")
    yield "sending", _count_and_age(sending, "oldest")
    yield "held", str(jobs.filter(delivery=Delivery.HELD).count())
    yield "lost", str(jobs.filter(state=State.LOST).count())
    counts = _discrepancy_counts(account)
    for kind, label in _DISCREPANCY_LABELS.items():
        yield label, str(counts.get(kind, 0))
    for discrepancy in Discrepancy.objects.filter(account=account, kind=DiscrepancyKind.DUPLICATE).order_by("-pk")[
        :MAX_DUPLICATES_LISTED
    ]:
        yield "duplicate", f"{discrepancy.batch_id}, {_age_text(discrepancy.at)}: {discrepancy.note}"
    yield (
        "last poll",
        f"{_age_text(account.status.polled_at)}; {_active_text(active)}",
    )
    yield (
        "throttled calls (total)",
        f"{account.status.throttles}"
        + (f", last {_age_text(account.status.throttled_at)}" if account.status.throttles else ""),
    )
    skew = account.status.clock_skew_seconds
    yield "clock skew", "not measured yet" if skew is None else f"{skew:+.1f} s"
    for queue in account.queues.filter(removed_at=None).order_by("name"):
        queue_active = jobs.active().filter(queue=queue).aggregate(count=Count("pk"), since=Min("observed_at"))
        yield f"queue {queue.name}", f"{_active_text(queue_active)}; compared with AWS {_age_text(queue.compared_at)}"


def _discrepancy_counts(account: Account) -> dict[str, int]:
    counts = Discrepancy.objects.filter(account=account).order_by().values_list("kind").annotate(Count("pk"))
    return dict(counts)


def _count_and_age(row: dict[str, object], label: str) -> str:
    count, since = row["count"], row["since"]
    return f"{count}, {label} {_seconds_since(since)}" if isinstance(since, datetime) else f"{count}"


def _active_text(row: dict[str, object]) -> str:
    text = _count_and_age(row, "active, oldest update")
    return f"{text} ago" if row["since"] else f"{text} active"


def _age_text(time: datetime | None) -> str:
    return f"{_seconds_since(time)} ago" if time else "never"


def _seconds_since(since: datetime) -> str:
    return f"{(now() - since).total_seconds():.0f} s"
