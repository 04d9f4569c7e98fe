"""Health of the portal, and how far each account's jobs are behind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from jobs.models import Account, Discrepancy, DiscrepancyKind, Job, Lease, OutgoingMail
from jobs.models.database_generation import queues_to_compare, recovering_since
from jobs.reports.iam_policies import breaker_summary
from jobs.states import Delivery, State
from jobs.task_queue import PAUSE_SECONDS, workers

MAX_CLOCK_SILENCE = timedelta(seconds=20)
MAX_WORKER_SILENCE = timedelta(minutes=3)
MAX_POLL_AGE = timedelta(minutes=2)
MAX_DELIVERY_DELAY = timedelta(minutes=1)
MAX_SENDING_TIME = timedelta(minutes=15)
MAX_MAIL_DELAY = timedelta(minutes=2)
RECENT_PERIOD = timedelta(days=7)
MAX_OBSERVATION_AGE = timedelta(minutes=15)  # a job that waits long is polled every few minutes
RECENT_THROTTLE_PERIOD = timedelta(hours=1)
CLOCK_SKEW_WARNING_SECONDS = 30.0
_STUCK_ADVICE = (
    "It's unknown whether AWS accepted them. The portal searches AWS and resolves this automatically. If the count "
    "doesn't fall, check Connection and the clock."
)


@dataclass(frozen=True)
class HealthCheck:
    name: str
    tone: str  # good, warn or bad, as of statuses
    message: str
    since: datetime | None = None
    advice: str = ""
    since_label: str = "since"


@dataclass(frozen=True)
class AccountHealth:
    account: Account
    checks: list[HealthCheck]


@dataclass(frozen=True)
class Health:
    processes: list[HealthCheck]
    accounts: list[AccountHealth]

    @property
    def tone(self) -> str:
        tones = {sign.tone for sign in self.processes} | {
            sign.tone for account in self.accounts for sign in account.checks
        }
        return next((tone for tone in ("bad", "warn") if tone in tones), "good")


def collect_health() -> Health:
    figures = _job_figures()
    since = recovering_since()
    accounts = Account.objects.active().select_related("status")
    return Health(
        processes=[_check_clock(), *_check_workers(), *_check_mail()],
        accounts=[
            AccountHealth(
                account, list(_account_checks(account, {"recovering": since, **figures.get(account.pk, {})}))
            )
            for account in accounts
        ],
    )


def _job_figures() -> dict[int, dict[str, object]]:
    sent_active = Q(delivery=Delivery.SENT, ended_at=None)
    lost_jobs = Q(state=State.LOST, ended_at__gte=now() - RECENT_PERIOD)
    # Not as an OR: one index has the jobs that live, another those that are lost.
    live_keys = Job.objects.filter(ended_at=None).order_by().values("pk")
    unfinished = Job.objects.filter(pk__in=live_keys.union(Job.objects.filter(lost_jobs).order_by().values("pk")))
    ready = Q(delivery=Delivery.ACCEPTED, dependencies=None)
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
    discrepancies = Discrepancy.objects.order_by().values("account")
    figures_by_account = {row["account"]: dict(row) for row in figures}
    for row in discrepancies.annotate(
        duplicates=Count("pk", filter=Q(kind=DiscrepancyKind.DUPLICATE)),
        rebuilt=Count("pk", filter=Q(kind=DiscrepancyKind.ORPHAN)),
    ):
        figures_by_account.setdefault(row["account"], {}).update(row)
    last_news = Min(Coalesce("observed_at", "submitted_at", "accepted_at"))
    rows = Job.objects.active().order_by("queue__name").values_list("account", "queue__name")
    for account, name, count, since in rows.annotate(count=Count("pk"), since=last_news):
        queues = figures_by_account.setdefault(account, {}).setdefault("queues", [])
        if isinstance(queues, list):
            queues.append((name, count, since))
    return figures_by_account


def _check_clock() -> HealthCheck:
    lease = Lease.objects.filter(name="clock").first()
    if lease and lease.until > now() - MAX_CLOCK_SILENCE:
        return HealthCheck("Clock", "good", f"running ({lease.owner})")
    since = lease.until if lease else None
    return HealthCheck(
        "Clock",
        "bad",
        "not running",
        since,
        "Start manage.py clock. Without it, jobs can stay unsent and states out of date.",
    )


def _check_workers() -> Iterator[HealthCheck]:
    all_workers = workers()
    if all_workers is None:
        advice = (
            "Check the Redis server. No jobs or email are lost: the clock delivers them when Redis "
            f"responds. If Redis hangs, each process waits {PAUSE_SECONDS:.0f} seconds after a timeout."
        )
        yield HealthCheck("Redis", "bad", "not responding", None, advice)
        return
    alive = [
        worker for worker in all_workers if worker.last_seen_at and now() - worker.last_seen_at < MAX_WORKER_SILENCE
    ]
    if alive:
        busy = sum(worker.is_busy for worker in alive)
        last = max(worker.last_seen_at for worker in alive if worker.last_seen_at)
        yield HealthCheck("Workers", "good", f"{len(alive)} running, {busy} busy", last, since_label="last seen")
    else:
        yield HealthCheck("Workers", "bad", "none running", None, "Start manage.py worker.")


def _check_mail() -> Iterator[HealthCheck]:
    if not settings.SENDS_MAIL:
        return
    week_ago = now() - RECENT_PERIOD
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
        advice = "Check EMAIL_URL, MAIL_FROM and the mail server. Users can request another link."
        yield HealthCheck("Mail", "bad", message, last_failure.failed_at if last_failure else None, advice)
        return
    is_late = counts["oldest"] is not None and now() - counts["oldest"] > MAX_MAIL_DELAY
    problem = OutgoingMail.objects.waiting().exclude(problem="").values_list("problem", flat=True).last()
    message = f"{counts['waiting']} waiting" + (f". {problem}" if problem else "")
    advice = "The portal retries for some minutes. Check the workers and the mail server." if is_late else ""
    yield HealthCheck("Mail", "warn" if is_late else "good", message, counts["oldest"], advice, "oldest")


def _account_checks(account: Account, figures: Mapping[str, object]) -> Iterator[HealthCheck]:
    def number(name: str) -> int:
        return int(str(figures.get(name) or 0))

    def moment(name: str) -> datetime | None:
        value = figures.get(name)
        return value if isinstance(value, datetime) else None

    yield _check_poll(account, number("active"))
    oldest = moment("oldest")
    is_late = oldest is not None and now() - oldest > MAX_DELIVERY_DELAY
    yield HealthCheck(
        "Undelivered",
        "bad" if is_late else "good",
        f"{number('undelivered')} ready to send",
        oldest,
        "Check the workers, and the last AWS error below." if is_late else "",
        "oldest",
    )
    since = moment("sending_since")
    is_stuck = since is not None and now() - since > MAX_SENDING_TIME
    yield HealthCheck(
        "Sending",
        "warn" if is_stuck else "good",
        f"{number('sending')} being sent",
        since,
        _STUCK_ADVICE if is_stuck else "",
        "oldest",
    )
    held_count, lost_count = number("held"), number("lost")
    yield HealthCheck(
        "Held",
        "warn" if held_count else "good",
        f"{held_count} waiting for a team lead to release or withdraw" if held_count else "none",
    )
    message = (
        f"{lost_count} in the last 7 days: AWS no longer has them, and their final state wasn't seen"
        if lost_count
        else "none in the last 7 days"
    )
    yield HealthCheck("Lost", "warn" if lost_count else "good", message)
    yield from _check_queues(figures.get("queues"))
    if account.adopts_outside_jobs:
        yield HealthCheck("Jobs submitted outside the portal", "good", "added to the history of their teams")
    yield from _check_discrepancies(account, number("duplicates"), number("rebuilt"))
    recovering = moment("recovering")
    if recovering and queues_to_compare(account, recovering).exists():
        advice = "Nothing is sent until every queue is compared with AWS, because a backup may have been restored."
        yield HealthCheck("Recovery", "warn", "submissions are held", recovering, advice)
    yield from _check_breaker(account)
    if error := account.status.last_error or account.status.queue_snapshot_error:
        yield HealthCheck("AWS", "bad", error)


def _check_breaker(account: Account) -> Iterator[HealthCheck]:
    breaker = account.status.breaker
    if not breaker.is_open:
        return
    advice = (
        "Check the network, the endpoint and AWS's status page. Calls resume automatically. Other accounts aren't "
        "affected."
    )
    yield HealthCheck("Connection", "bad", breaker_summary(account), breaker.opened_at, advice)


def _check_queues(queues: object) -> Iterator[HealthCheck]:
    for name, count, since in queues if isinstance(queues, list) else ():
        is_late = now() - since > MAX_OBSERVATION_AGE
        message = f"{count} active job{'s' * (count != 1)}"
        advice = "Jobs are polled at least every few minutes. Check the clock." if is_late else ""
        yield HealthCheck(f"Queue {name}", "warn" if is_late else "good", message, since, advice, "oldest update")


def _check_discrepancies(account: Account, duplicates: int, rebuilt: int) -> Iterator[HealthCheck]:
    advice = (
        "Report this as a bug with the job IDs from manage.py reconcile --report. The portal terminates second jobs "
        "that are still active."
        if duplicates
        else ""
    )
    message = f"{duplicates} job{'s' * (duplicates != 1)} submitted twice in total" if duplicates else "none"
    yield HealthCheck("Duplicates", "bad" if duplicates else "good", message, None, advice)
    if rebuilt:
        yield HealthCheck("Imported jobs", "warn", f"{rebuilt} in total. AWS had them, the portal's database didn't.")
    is_recent = (
        account.status.throttled_at is not None and now() - account.status.throttled_at < RECENT_THROTTLE_PERIOD
    )
    message = f"{account.status.throttles} calls throttled by AWS in total"
    advice = "Lower the account's rate limit." if is_recent else ""
    yield HealthCheck(
        "Throttles", "warn" if is_recent else "good", message, account.status.throttled_at, advice, "last"
    )
    skew = account.status.clock_skew_seconds
    is_large = abs(skew or 0.0) > CLOCK_SKEW_WARNING_SECONDS
    advice = (
        "Correct this machine's clock. Above 60 seconds nothing is sent, because lost jobs couldn't be identified."
    )
    message = "not measured yet" if skew is None else f"AWS's clock differs by {skew:+.1f} seconds"
    yield HealthCheck("Clock skew", "bad" if is_large else "good", message, None, advice if is_large else "")


def _check_poll(account: Account, active: int) -> HealthCheck:
    is_late = active and (account.status.polled_at is None or now() - account.status.polled_at > MAX_POLL_AGE)
    message = f"{active} active job{'s' * (active != 1)}" if active else "no active jobs"
    advice = "Pages may be out of date. Check the clock, and the last AWS error." if is_late else ""
    return HealthCheck(
        "Job states from AWS", "bad" if is_late else "good", message, account.status.polled_at, advice, "last answer"
    )
