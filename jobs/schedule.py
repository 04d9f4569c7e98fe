"""Which work the clock sees to, and how often.

Deliveries and polls are rung for, so that workers do them; the search for jobs of unknown delivery is done right
here, because it must go on without Redis. One clock works at a time, by a lease in the database.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError
from django.utils.timezone import now

from jobs.models import Account, Job, OutgoingMail, Revision
from jobs.models.incarnation import renew
from jobs.ring import ring
from jobs.sync.reconcile import reconcile
from jobs.sync.sweep import sweep

log = structlog.get_logger(__name__)


@dataclass
class Duty:
    """Something that is done for each account every so many seconds."""

    name: str
    every: float
    act: Callable[[Account, str], None]
    due: dict[int, float] = field(default_factory=dict)


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
    quiet = account.quiet_until and account.quiet_until > now()
    if not quiet and Job.objects.filter(account=account).due_for_a_look().exists():
        ring("poll", account.pk, bell="sync", once=tick)


def ring_for_charges(account: Account, tick: str) -> None:
    if Job.objects.filter(account=account, ended_at__isnull=False, charged_at=None).exists():
        ring("charge", account.pk, bell="sync", once=tick)


def ring_for_queues(account: Account, tick: str) -> None:
    ring("sync_queues", account.pk, bell="sync", once=tick)


def look_for_the_unknown(account: Account, _tick: str) -> None:
    reconcile(account)


def ring_for_failed_children(account: Account, tick: str) -> None:
    if Job.objects.filter(account=account).with_failures_to_read().exists():
        ring("failed_children", account.pk, bell="sync", once=tick)


def compare_with_aws(account: Account, _tick: str) -> None:
    sweep(account)


def ring_for_mail(tick: str) -> None:
    if OutgoingMail.objects.due().exists():
        ring("send_due_mail", bell="ask", once=tick[:-1])  # once in ten seconds: what is in hand is due again later


def duties() -> tuple[Duty, ...]:
    """The clock's duties, fresh: each process counts its own seconds."""
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


def tick(work: tuple[Duty, ...], seconds: float) -> None:
    """Do what is due at this moment of a steady clock. One duty's failure leaves the others alone."""
    stamp = f"{now():%Y%m%d%H%M%S}"
    renew()
    ring_for_mail(stamp)
    for account in Account.objects.filter(active=True):
        for duty in work:
            if seconds < duty.due.get(account.pk, 0):
                continue
            duty.due[account.pk] = seconds + duty.every
            try:
                duty.act(account, stamp)
            except DatabaseError:
                raise  # the clock's own loop waits for the database to come back
            except Exception:
                log.exception("duty_failed", duty=duty.name, account=account.name)
