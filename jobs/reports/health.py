"""Health of the portal: its clock and workers, and how far each account's jobs are behind.

Every check has a message and advice for when it fails. Nothing here calls AWS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from jobs.models import Account, Job, Lease, Oddity, OddityKind, OutgoingMail
from jobs.models.database_generation import recovering_since, uncompared
from jobs.reports.iam_policies import calls_in_words
from jobs.states import ACTIVE_STATES, Delivery, State
from jobs.task_queue import REST_SECONDS, listeners

CLOCK_LATE = timedelta(seconds=20)
WORKER_LATE = timedelta(minutes=3)
POLL_LATE = timedelta(minutes=2)
DELIVERY_LATE = timedelta(minutes=1)
SENDING_LATE = timedelta(minutes=15)
MAIL_LATE = timedelta(minutes=2)
LATELY = timedelta(days=7)
NEWS_LATE = timedelta(minutes=15)  # a job that waits long is polled every few minutes
THROTTLED_LATELY = timedelta(hours=1)
SKEW_ODD = 30.0


@dataclass(frozen=True)
class Sign:
    """Result of one check."""

    name: str
    tone: str  # good, warn or bad, as of statuses
    says: str
    since: datetime | None = None
    advice: str = ""


@dataclass(frozen=True)
class AccountHealth:
    """An account and its checks."""

    account: Account
    signs: list[Sign]


@dataclass(frozen=True)
class Health:
    """All checks, worst first where it matters."""

    processes: list[Sign]
    accounts: list[AccountHealth]

    @property
    def tone(self) -> str:
        """The worst of all tones."""
        tones = {sign.tone for sign in self.processes} | {
            sign.tone for account in self.accounts for sign in account.signs
        }
        return next((tone for tone in ("bad", "warn") if tone in tones), "good")


def look() -> Health:
    """Return all checks, in a fixed number of queries."""
    figures = _facts()
    since = recovering_since()
    accounts = Account.objects.filter(active=True)
    return Health(
        processes=[_clock(), *_workers(), *_mail()],
        accounts=[
            AccountHealth(account, list(_signs(account, {"recovering": since, **figures.get(account.pk, {})})))
            for account in accounts
        ],
    )


def _facts() -> dict[int, dict[str, object]]:
    """Return counts of active jobs for each account; ended jobs are not read."""
    sent_active = Q(delivery=Delivery.SENT, ended_at=None)
    lost_jobs = Q(state=State.LOST, ended_at__gte=now() - LATELY)
    unsent = Q(delivery__in=[Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD])
    unfinished = Job.objects.filter(unsent | lost_jobs | Q(delivery=Delivery.SENT, state__in=ACTIVE_STATES))
    ready = Q(delivery=Delivery.ACCEPTED, waits_for=None)
    figures = (
        unfinished.order_by()
        .values("account")
        .annotate(
            undelivered=Count("pk", filter=ready, distinct=True),
            oldest=Min("accepted_at", filter=ready),
            sending=Count("pk", filter=Q(delivery=Delivery.SENDING), distinct=True),
            sending_since=Min("sent_at", filter=Q(delivery=Delivery.SENDING)),
            held=Count("pk", filter=Q(delivery=Delivery.HELD), distinct=True),
            lost=Count("pk", filter=lost_jobs, distinct=True),
            active=Count("pk", filter=sent_active, distinct=True),
        )
    )
    discrepancies = Oddity.objects.order_by().values("account")
    figures_by_account = {row["account"]: dict(row) for row in figures}
    for row in discrepancies.annotate(
        duplicates=Count("pk", filter=Q(kind=OddityKind.DUPLICATE)),
        rebuilt=Count("pk", filter=Q(kind=OddityKind.ORPHAN)),
    ):
        figures_by_account.setdefault(row["account"], {}).update(row)
    last_news = Min(Coalesce("observed_at", "submitted_at", "accepted_at"))
    rows = Job.objects.active().order_by("queue__name").values_list("account", "queue__name")
    for account, name, count, since in rows.annotate(count=Count("pk"), since=last_news):
        queues = figures_by_account.setdefault(account, {}).setdefault("queues", [])
        if isinstance(queues, list):
            queues.append((name, count, since))
    return figures_by_account


def _clock() -> Sign:
    lease = Lease.objects.filter(name="clock").first()
    if lease and lease.until > now() - CLOCK_LATE:
        return Sign("Clock", "good", f"works ({lease.owner})")
    since = lease.until if lease else None
    return Sign("Clock", "bad", "does not work", since, "Start it: manage.py clock. Without it lost rings stay lost.")


def _workers() -> Iterator[Sign]:
    all_workers = listeners()
    if all_workers is None:
        advice = (
            "Check the Redis server. Nothing is lost: jobs and mail are kept, and the clock sends them on when Redis "
            f"answers. If Redis hangs, each process leaves it alone for {REST_SECONDS:.0f} seconds after a time-out."
        )
        yield Sign("Redis", "bad", "does not answer", None, advice)
        return
    alive = [worker for worker in all_workers if worker.seen_at and now() - worker.seen_at < WORKER_LATE]
    if alive:
        busy = sum(worker.busy for worker in alive)
        last = max(worker.seen_at for worker in alive if worker.seen_at)
        yield Sign("Workers", "good", f"{len(alive)} alive, {busy} busy", last)
    else:
        yield Sign("Workers", "bad", "none is alive", None, "Start one: manage.py worker.")


def _mail() -> Iterator[Sign]:
    """Check outgoing mail, if the portal sends any."""
    if not settings.SENDS_MAIL:
        return
    week_ago = now() - LATELY
    counts = OutgoingMail.objects.aggregate(
        waiting=Count("pk", filter=Q(failed_at=None)),
        oldest=Min("created_at", filter=Q(failed_at=None)),
        failed=Count("pk", filter=Q(failed_at__gt=week_ago)),
    )
    if counts["failed"]:
        last_failure = OutgoingMail.objects.failed_after(week_ago).order_by("failed_at").last()
        message = (
            f"{counts['failed']} couldn't be sent in the last 7 days. {last_failure.problem if last_failure else ''}"
        )
        advice = "Check EMAIL_URL, MAIL_FROM and the mail server. The people can ask for another link."
        yield Sign("Mail", "bad", message, last_failure.failed_at if last_failure else None, advice)
        return
    is_late = counts["oldest"] is not None and now() - counts["oldest"] > MAIL_LATE
    problem = OutgoingMail.objects.waiting().exclude(problem="").values_list("problem", flat=True).last()
    message = f"{counts['waiting']} to be sent" + (f". {problem}" if problem else "")
    advice = "It is tried again for some minutes. Check the workers and the mail server." if is_late else ""
    yield Sign("Mail", "warn" if is_late else "good", message, counts["oldest"], advice)


def _signs(account: Account, figures: Mapping[str, object]) -> Iterator[Sign]:
    def number(name: str) -> int:
        return int(str(figures.get(name) or 0))

    def moment(name: str) -> datetime | None:
        value = figures.get(name)
        return value if isinstance(value, datetime) else None

    yield _poll(account, number("active"))
    oldest = moment("oldest")
    is_late = oldest is not None and now() - oldest > DELIVERY_LATE
    yield Sign(
        "Undelivered",
        "bad" if is_late else "good",
        f"{number('undelivered')} ready to be sent",
        oldest,
        "Look at the workers, and at what AWS last said below." if is_late else "",
    )
    since = moment("sending_since")
    is_stuck = since is not None and now() - since > SENDING_LATE
    yield Sign(
        "Sending",
        "warn" if is_stuck else "good",
        f"{number('sending')} on the way, their answer not known yet",
        since,
        "They are looked for by their marker and settle when AWS answers ListJobs." if is_stuck else "",
    )
    held_count, lost_count = number("held"), number("lost")
    yield Sign(
        "Held",
        "warn" if held_count else "good",
        f"{held_count} wait for a person to decide" if held_count else "none",
    )
    message = (
        f"{lost_count} forgotten by AWS in the last 7 days before their end was seen"
        if lost_count
        else "none in 7 days"
    )
    yield Sign("Lost", "warn" if lost_count else "good", message)
    yield from _followed(figures.get("queues"))
    yield from _oddities(account, number("duplicates"), number("rebuilt"))
    recovering = moment("recovering")
    if recovering and uncompared(account, recovering).exists():
        advice = "Nothing is sent until every queue was compared with AWS: a backup may have been restored."
        yield Sign("Recovery", "warn", "submissions are held back", recovering, advice)
    yield from _answers(account)
    if account.trouble or account.reading_trouble:
        yield Sign("AWS", "bad", account.trouble or account.reading_trouble)


def _answers(account: Account) -> Iterator[Sign]:
    """Check whether AWS answers, once it did not."""
    breaker = account.breaker
    if not breaker.is_open:
        return
    advice = "Check the network, the endpoint and AWS's status page. Work resumes by itself; other accounts go on."
    yield Sign("Connection", "bad", calls_in_words(account), breaker.opened_at, advice)


def _followed(queues: object) -> Iterator[Sign]:
    """Check, for each queue with active jobs, the age of the oldest observation."""
    for name, count, since in queues if isinstance(queues, list) else ():
        is_late = now() - since > NEWS_LATE
        message = f"{count} active, the one heard of longest ago"
        advice = "Jobs are asked about every few minutes at the latest: see the workers." if is_late else ""
        yield Sign(f"Queue {name}", "warn" if is_late else "good", message, since, advice)


def _oddities(account: Account, duplicates: int, rebuilt: int) -> Iterator[Sign]:
    advice = "They were ended. manage.py reconcile --report says which; it should never happen." if duplicates else ""
    message = f"{duplicates} jobs were twice in AWS, ever" if duplicates else "none, ever"
    yield Sign("Duplicates", "bad" if duplicates else "good", message, None, advice)
    if rebuilt:
        yield Sign("Rebuilt", "warn", f"{rebuilt} jobs in AWS had no row and were found by their tags, ever")
    is_recent = account.throttled_at is not None and now() - account.throttled_at < THROTTLED_LATELY
    message = f"{account.throttles} calls were too fast for AWS, ever"
    advice = "Lower the account's rate, or look less often." if is_recent else ""
    yield Sign("Throttles", "warn" if is_recent else "good", message, account.throttled_at, advice)
    skew = account.clock_skew_seconds
    is_large = abs(skew or 0.0) > SKEW_ODD
    advice = "See to this machine's time. Above 60 seconds nothing is sent: what is lost could not be told apart."
    message = "not measured yet" if skew is None else f"AWS's clock is {skew:+.1f} seconds from ours"
    yield Sign("Clock skew", "bad" if is_large else "good", message, None, advice if is_large else "")


def _poll(account: Account, active: int) -> Sign:
    is_late = active and (account.polled_at is None or now() - account.polled_at > POLL_LATE)
    message = f"{active} active jobs are followed" if active else "nothing to follow"
    advice = "The portal shows what it last knew. See the workers, and what AWS last said." if is_late else ""
    return Sign("Last poll", "bad" if is_late else "good", message, account.polled_at, advice)
