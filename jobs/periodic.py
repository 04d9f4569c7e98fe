"""Periodic tasks of the clock.

What must go on without Redis asks AWS here, not in workers: polls, and the search for jobs of unknown delivery.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from math import inf

import structlog
from django.db import DatabaseError
from django.utils.timezone import now

from jobs.account_calls import call_account, probe
from jobs.account_threads import AccountThreads, InlineAccountThreads
from jobs.actions.queue_snapshot import request_snapshots
from jobs.dispatch.claim import has_due_deliveries
from jobs.models import (
    Account,
    BulkAction,
    ContainerInstance,
    Job,
    JobFailure,
    Lease,
    LogCopy,
    OutgoingMail,
    Repricing,
    Revision,
    cost_rebuild,
)
from jobs.models.database_generation import finish_recovery, rotate
from jobs.models.database_writes import DatabaseWrites
from jobs.models.job_text_backlog import has_backlog
from jobs.models.wait_backlog import has_wait_backlog
from jobs.states import State
from jobs.sync.compare import compare_queues, has_due_queues
from jobs.sync.poll import poll
from jobs.sync.reconcile import has_due_jobs, reconcile
from jobs.task_queue import enqueue_on_commit

log = structlog.get_logger(__name__)

TICK_SECONDS, MIN_TICK_SECONDS = 1.0, 0.05
STATISTICS_INTERVAL = timedelta(hours=20)  # of the whole portal; each account's turn only asks
COST_EXPORT_INTERVAL = timedelta(hours=6)  # AWS delivers up to three times a day
COST_EXPLORER_INTERVAL = timedelta(days=1)  # also after an error: each request costs money
LONG_WAIT = timedelta(minutes=10)
SNAPSHOT_INTERVAL = timedelta(minutes=5)  # of the front of a queue in which a job waits for long
PRICES_INTERVAL, PRICES_RETRY_INTERVAL = timedelta(days=7), timedelta(days=1)
PASS_TIMEOUT_SECONDS = 25.0  # for all calls of a pass; each starts within its first 5 s
IDLE_SECONDS = 10.0  # no shorter than the interval of any task that looks for what someone wrote


@dataclass
class PeriodicTask:
    name: str
    interval_seconds: float
    run: Callable[[Account], float | None]
    """Return seconds if it is due again before its interval has passed."""
    next_due: dict[int, float] = field(default_factory=dict)

    def is_due(self, account: Account, seconds: float) -> bool:
        """Return whether it is due on a monotonic clock, and if so schedule the next."""
        if seconds < self.next_due.get(account.pk, 0):
            return False
        self.next_due[account.pk] = seconds + self.interval_seconds
        return True

    def hasten(self, account: Account, due: float) -> None:
        self.next_due[account.pk] = min(self.next_due[account.pk], due)


@dataclass
class PortalTask:
    """A task for the whole portal, not for an account."""

    name: str
    interval_seconds: float
    run: Callable[[], float | None]
    """Return seconds if it is due again before its interval has passed."""
    next_due: float = 0.0

    def run_if_due(self, seconds: float) -> None:
        if seconds >= self.next_due:
            due_in = self.run()
            self.next_due = seconds + (self.interval_seconds if due_in is None else due_in)


PeriodicTasks = tuple[PeriodicTask | PortalTask, ...]


class IdlePeriod:
    """Spares an idle portal the questions of each second.

    It is idle when nothing was written for `IDLE_SECONDS`, no job is active and nothing was expected. Then accounts
    are asked every `IDLE_SECONDS`, for what becomes due with time alone, and at once after the next write.
    """

    def __init__(self, writes: DatabaseWrites | None = None) -> None:
        self._writes = writes or DatabaseWrites()
        self._busy_until = self._next_pass = 0.0
        self._busy_from = inf

    def notice_writes(self, seconds: float) -> None:
        """Call it before the caller itself writes."""
        if self._writes.have_occurred():
            self._busy_until = seconds + IDLE_SECONDS

    def ignore_writes(self) -> None:
        """Call it after the caller itself wrote.

        Another's write of these milliseconds may be overlooked, and is then found at most `IDLE_SECONDS` later,
        as a task whose entry was lost.
        """
        self._writes.ignore()

    def expect(self, seconds: float) -> None:
        """Call it in a pass, for what becomes due then: the portal isn't idle in the `IDLE_SECONDS` after that."""
        self._busy_from = min(self._busy_from, seconds)

    def may_skip(self, seconds: float) -> bool:
        if seconds >= self._busy_from:
            self._busy_until = max(self._busy_until, self._busy_from + IDLE_SECONDS)
            self._busy_from = inf
        if seconds < self._busy_until:
            return False
        if seconds < self._next_pass:
            return True
        self._next_pass = seconds + IDLE_SECONDS
        self._busy_from = inf  # as was expected in the last pass; this one says it anew
        if Job.objects.active().exists():
            self._busy_until = self._next_pass
        elif due_at := Job.objects.next_delivery_at():
            self.expect(seconds + _seconds_until(due_at))
        return False


def _seconds_until(time: datetime) -> float:
    return (time - now()).total_seconds()


def enqueue_deliveries(account: Account) -> None:
    if has_due_deliveries(account):
        enqueue_on_commit("deliver", account.pk, queue="deliver")


def enqueue_registrations(account: Account) -> None:
    if Revision.objects.pending_registration().filter(definition__account=account).exists():
        enqueue_on_commit("register", account.pk, queue="ask")


def enqueue_deregistrations(account: Account) -> None:
    if Revision.objects.pending_deregistration().filter(definition__account=account).exists():
        enqueue_on_commit("deregister", account.pk, queue="ask")


def enqueue_stops(account: Account) -> None:
    if Job.objects.filter(account=account).stop_pending().exists():
        enqueue_on_commit("stop", account.pk, queue="ask")


def seconds_until_poll(account: Account) -> float | None:
    """Return how soon the next job is due, 0 if it is; None if there is none or AWS throttles."""
    current_time = now()
    if account.status.backoff_until and account.status.backoff_until > current_time:
        return None
    times = (
        Job.objects.filter(account=account).active().order_by("next_poll_at").values_list("next_poll_at", flat=True)
    )
    seconds = [(poll_at - current_time).total_seconds() if poll_at else 0.0 for poll_at in times[:1]]
    return max(0.0, seconds[0]) if seconds else None


def enqueue_charges(account: Account) -> None:
    if Job.objects.filter(account=account).uncharged().exists():
        enqueue_on_commit("charge", account.pk, queue="sync")


def enqueue_container_instances(account: Account) -> None:
    if ContainerInstance.objects.filter(account=account).due(now()).exists():
        enqueue_on_commit("read_container_instances", account.pk, queue="sync")


def enqueue_prices(account: Account) -> None:
    status = account.status
    interval = PRICES_RETRY_INTERVAL if status.prices_error else PRICES_INTERVAL
    if account.refreshes_prices and (not status.prices_read_at or status.prices_read_at < now() - interval):
        enqueue_on_commit("refresh_prices", account.pk, queue="background")


def enqueue_failures(account: Account) -> None:
    if JobFailure.objects.filter(account=account).due(now()).exists():
        enqueue_on_commit("record_failures", account.pk, queue="background")


def enqueue_cost_imports(account: Account) -> None:
    read_at = account.status.costs_read_at
    if account.cost_export and (read_at is None or read_at < now() - COST_EXPORT_INTERVAL):
        enqueue_on_commit("import_costs", account.pk, queue="background")


def enqueue_cost_explorer(account: Account) -> None:
    read_at = account.status.cost_explorer_read_at
    if account.cost_explorer_requests and (read_at is None or read_at < now() - COST_EXPLORER_INTERVAL):
        enqueue_on_commit("read_cost_explorer", account.pk, queue="background")


def enqueue_queue_syncs(account: Account) -> None:
    enqueue_on_commit("sync_queues", account.pk, queue="sync")


def enqueue_queue_snapshots(account: Account) -> None:
    """Read the front of the queues in which a job has waited for long, without a viewer too."""
    since = now() - LONG_WAIT
    waiting = Job.objects.filter(account=account, state=State.RUNNABLE, submitted_at__lt=since).active()
    queues = waiting.order_by().values_list("queue", flat=True).distinct()
    request_snapshots(dict.fromkeys(queues, account.pk), SNAPSHOT_INTERVAL)


def enqueue_failed_children(account: Account) -> None:
    if Job.objects.filter(account=account).with_unread_failures().exists():
        enqueue_on_commit("failed_children", account.pk, queue="sync")


def enqueue_statistics(_account: Account) -> None:
    if Lease.acquire("statistics", secrets.token_hex(8), STATISTICS_INTERVAL):  # an owner that has it not yet
        enqueue_on_commit("update_statistics", queue="background")


def enqueue_index() -> None:
    if has_backlog():
        enqueue_on_commit("index_jobs", queue="background")


def enqueue_cost_totals() -> None:
    if cost_rebuild.has_backlog():
        enqueue_on_commit("fill_cost_totals", queue="background")


def enqueue_wait_times() -> None:
    if has_wait_backlog():
        enqueue_on_commit("fill_wait_times", queue="background")


def enqueue_bulk_actions() -> None:
    for pk in BulkAction.objects.due(now()).values_list("pk", flat=True):
        enqueue_on_commit("run_bulk_action", pk, queue="ask")


def enqueue_repricings() -> None:
    for pk in Repricing.objects.due(now()).values_list("pk", flat=True):
        enqueue_on_commit("run_repricing", pk, queue="background")


def enqueue_mail() -> None:
    if OutgoingMail.objects.due().exists():
        enqueue_on_commit("send_due_mail", queue="ask")


def enqueue_eviction() -> None:
    if LogCopy.objects.exists():
        enqueue_on_commit("evict_log_copies", queue="background")


def periodic_tasks(lanes: AccountThreads | None = None) -> PeriodicTasks:
    lanes = lanes or InlineAccountThreads()

    def poll_due_jobs(account: Account) -> float | None:
        due_in = seconds_until_poll(account)
        if due_in == 0:
            lanes.start(account.pk, "polls", lambda: call_account(account, poll, seconds=PASS_TIMEOUT_SECONDS))
            return None
        return due_in

    def look_for_the_unknown(account: Account) -> None:
        if has_due_jobs(account):
            lanes.start(account.pk, "unknown", lambda: call_account(account, reconcile, seconds=PASS_TIMEOUT_SECONDS))

    def compare_with_aws(account: Account) -> None:
        if has_due_queues(account):
            lanes.start(
                account.pk, "comparison", lambda: call_account(account, compare_queues, seconds=PASS_TIMEOUT_SECONDS)
            )
        else:
            finish_recovery()

    return (
        PortalTask("database generation", 5, rotate),
        PortalTask("mail", 5, enqueue_mail),
        PortalTask("index", 30, enqueue_index),
        PortalTask("cost totals", 30, enqueue_cost_totals),
        PortalTask("wait times", 30, enqueue_wait_times),
        PortalTask("log copies", 600, enqueue_eviction),
        PortalTask("bulk actions", 15, enqueue_bulk_actions),
        PortalTask("cost corrections", 300, enqueue_repricings),
        PeriodicTask("deliveries", 2, enqueue_deliveries),
        PeriodicTask("registrations", 3, enqueue_registrations),
        PeriodicTask("deregistrations", 5, enqueue_deregistrations),
        PeriodicTask("stops", 2, enqueue_stops),
        PeriodicTask("polls", 1, poll_due_jobs),
        PeriodicTask("unknown", 2, look_for_the_unknown),
        PeriodicTask("failed children", 5, enqueue_failed_children),
        PeriodicTask("comparison", 10, compare_with_aws),
        PeriodicTask("charges", 3, enqueue_charges),
        PeriodicTask("container instances", 20, enqueue_container_instances),
        PeriodicTask("failures", 10, enqueue_failures),
        PeriodicTask("prices", 600, enqueue_prices),
        PeriodicTask("cost exports", 600, enqueue_cost_imports),
        PeriodicTask("cost explorer", 600, enqueue_cost_explorer),
        PeriodicTask("queues", 600, enqueue_queue_syncs),
        PeriodicTask("queue snapshots", 60, enqueue_queue_snapshots),
        PeriodicTask("statistics", 600, enqueue_statistics),
    )


def run_due_tasks(
    tasks: PeriodicTasks, seconds: float, lanes: AccountThreads | None = None, idle: IdlePeriod | None = None
) -> float:
    """Run what is due on a monotonic clock. One failure does not affect the others.

    Return in how many seconds to call this again.
    """
    lanes = lanes or InlineAccountThreads()
    wait = TICK_SECONDS
    for portal_task in tasks:
        if isinstance(portal_task, PortalTask):
            portal_task.run_if_due(seconds)
    if idle:
        idle.ignore_writes()
        if idle.may_skip(seconds):
            return wait
    account_tasks = [task for task in tasks if isinstance(task, PeriodicTask)]
    for account in Account.objects.active().select_related("status"):
        if account.status.breaker.is_open:
            due_in = _start_probe(account, lanes)
            if idle and due_in:
                idle.expect(seconds + due_in)
            continue
        for task in account_tasks:
            if task.is_due(account, seconds):
                due_in = _run_task(task, account)
                task.hasten(account, seconds + due_in)
                wait = min(wait, max(MIN_TICK_SECONDS, due_in))
    return wait


def _start_probe(account: Account, lanes: AccountThreads) -> float | None:
    """Start it if AWS may be called again; else return in how many seconds it may."""
    retry_at = account.status.breaker.retry_at
    if not account.status.breaker.may_probe(now()):
        return _seconds_until(retry_at) if retry_at else None
    lanes.start(account.pk, "probe", partial(probe, account))
    return None


def _run_task(task: PeriodicTask, account: Account) -> float:
    """Return in how many seconds it is due again, at most its interval."""
    try:
        due_in = task.run(account)
    except DatabaseError:
        raise  # the clock's own loop waits for the database to come back
    except Exception:
        log.exception("periodic_task_failed", duty=task.name, account=account.name)
        due_in = None
    return task.interval_seconds if due_in is None else min(due_in, task.interval_seconds)
