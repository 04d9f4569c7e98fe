"""Periodic tasks of the clock.

Deliveries and polls are enqueued for workers; the search for jobs of unknown delivery runs in this process, because
it must go on without Redis. A lease in the database keeps one clock active. The clock never waits for AWS: calls run
in threads of their own, with a time limit. An account that does not answer is only probed now and then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import structlog
from django.db import DatabaseError
from django.utils.timezone import now

from jobs.account_calls import call_account, probe
from jobs.account_threads import Lanes, SameThread
from jobs.models import Account, Job, OutgoingMail, Revision
from jobs.models.database_generation import leave_recovery, renew
from jobs.sync.compare import compare_queues, has_due_queues
from jobs.sync.reconcile import has_due_jobs, reconcile
from jobs.task_queue import ring

log = structlog.get_logger(__name__)

PASS_SECONDS = 25.0  # for all calls of a pass; each starts within its first 5 s


@dataclass
class Duty:
    """A task that runs for each account at an interval."""

    name: str
    every: float
    act: Callable[[Account, str], None]
    due: dict[int, float] = field(default_factory=dict)

    def is_due(self, account: Account, seconds: float) -> bool:
        """Return whether the task is due at that time of a monotonic clock, and if so schedule the next."""
        if seconds < self.due.get(account.pk, 0):
            return False
        self.due[account.pk] = seconds + self.every
        return True


def ring_for_deliveries(account: Account, tick: str) -> None:
    jobs = Job.objects.filter(account=account)
    if jobs.deliverable().exists() or jobs.bereft().exists():
        ring("deliver", account.pk, bell="deliver", once=tick)


def ring_for_registrations(account: Account, tick: str) -> None:
    if Revision.objects.unregistered().filter(definition__account=account).exists():
        ring("register", account.pk, bell="ask", once=tick)


def ring_for_deregistrations(account: Account, tick: str) -> None:
    if Revision.objects.to_deregister().filter(definition__account=account).exists():
        ring("deregister", account.pk, bell="ask", once=tick)


def ring_for_stops(account: Account, tick: str) -> None:
    if Job.objects.filter(account=account).unstopped().exists():
        ring("stop", account.pk, bell="ask", once=tick)


def ring_for_polls(account: Account, tick: str) -> None:
    is_backing_off = account.quiet_until and account.quiet_until > now()
    if not is_backing_off and Job.objects.filter(account=account).due_for_a_look().exists():
        ring("poll", account.pk, bell="sync", once=tick)


def ring_for_charges(account: Account, tick: str) -> None:
    if Job.objects.filter(account=account, ended_at__isnull=False, charged_at=None).exists():
        ring("charge", account.pk, bell="sync", once=tick)


def ring_for_queues(account: Account, tick: str) -> None:
    ring("sync_queues", account.pk, bell="sync", once=tick)


def ring_for_failed_children(account: Account, tick: str) -> None:
    if Job.objects.filter(account=account).with_failures_to_read().exists():
        ring("failed_children", account.pk, bell="sync", once=tick)


def ring_for_mail(tick: str) -> None:
    if OutgoingMail.objects.due().exists():
        ring("send_due_mail", bell="ask", once=tick[:-1])  # once in ten seconds: a leased mail is due again later


def duties(lanes: Lanes | None = None) -> tuple[Duty, ...]:
    """Return new periodic tasks, with this process's own times. Without threads, all run in this one."""
    lanes = lanes or SameThread()

    def look_for_the_unknown(account: Account, _tick: str) -> None:
        if has_due_jobs(account):
            lanes.start(account.pk, "unknown", lambda: call_account(account, reconcile, seconds=PASS_SECONDS))

    def compare_with_aws(account: Account, _tick: str) -> None:
        if has_due_queues(account):
            lanes.start(account.pk, "comparison", lambda: call_account(account, compare_queues, seconds=PASS_SECONDS))
        else:
            leave_recovery()

    return (
        Duty("deliveries", 2, ring_for_deliveries),
        Duty("registrations", 3, ring_for_registrations),
        Duty("deregistrations", 5, ring_for_deregistrations),
        Duty("stops", 2, ring_for_stops),
        Duty("polls", 1, ring_for_polls),
        Duty("unknown", 2, look_for_the_unknown),
        Duty("failed children", 5, ring_for_failed_children),
        Duty("comparison", 10, compare_with_aws),
        Duty("charges", 3, ring_for_charges),
        Duty("queues", 600, ring_for_queues),
    )


def tick(tasks: tuple[Duty, ...], seconds: float, lanes: Lanes | None = None) -> None:
    """Run the tasks that are due at that time of a monotonic clock. One failure does not affect the others."""
    lanes = lanes or SameThread()
    time_text = f"{now():%Y%m%d%H%M%S}"
    renew()
    ring_for_mail(time_text)
    for account in Account.objects.filter(active=True):
        if account.breaker.is_open:
            if account.breaker.may_probe(now()):
                lanes.start(account.pk, "probe", partial(probe, account))
            continue
        for task in tasks:
            if not task.is_due(account, seconds):
                continue
            try:
                task.act(account, time_text)
            except DatabaseError:
                raise  # the clock's own loop waits for the database to come back
            except Exception:
                log.exception("periodic_task_failed", duty=task.name, account=account.name)
