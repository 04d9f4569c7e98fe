"""What tests have other processes do, on the database that the environment names. Nobody rings here."""

import json
import sys
import time
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db.models import Q
from django.utils.timezone import now

from jobs import actions
from jobs.actions import RerunChanges
from jobs.dispatch.delivery import MAX_THREADS, deliver_due
from jobs.dispatch.terminate import terminate_due
from jobs.models import (
    Account,
    AccountStatus,
    BulkAction,
    BulkKind,
    Job,
    Lease,
    Queue,
    QueueGrant,
    RequestCount,
    User,
)
from jobs.states import Delivery
from jobs.sync.poll import poll
from jobs.sync.queues import sync_queues
from jobs.sync.reconcile import reconcile
from tests import make

WORK_SECONDS = 60.0


def migrate() -> None:
    """Make the tables."""
    call_command("migrate", verbosity=0)


def prepare(url: str, jobs: str) -> None:
    """Make an account at that address with so many jobs."""
    submission = make.submission(where=make.account(endpoint_url=url, submits_per_second=1000))
    for _ in range(int(jobs)):
        make.job(submission)


def deliver(threads: str = str(MAX_THREADS)) -> None:
    """As the task does, until nothing more can be sent."""
    while sum(deliver_due(account, threads=int(threads)) for account in Account.objects.all()):
        pass


def expire_all() -> None:
    """An hour later: every lease has lapsed, every quarantine is over; what is unknown is looked for, then sent."""
    for _ in range(3):
        let_an_hour_pass()
        for account in Account.objects.all():
            reconcile(account)
        Job.objects.update(next_try_at=None)
        deliver()


def let_an_hour_pass() -> None:
    past = now() - timedelta(hours=1)
    Job.objects.filter(lease_until__isnull=False).update(lease_until=past)
    Job.objects.filter(ended_at=None).update(sent_at=past, next_try_at=None, next_poll_at=None)
    AccountStatus.objects.update(rate_window_end=None)


def submit_workflow(url: str, document: dict[str, Any], on_refusal: str) -> None:
    """Make tables and an account at that address, and submit the workflow there."""
    migrate()
    member = make.member()
    account = make.account(endpoint_url=url, submits_per_second=1000)
    sync_queues(account)
    for queue in Queue.objects.all():
        QueueGrant.objects.create(team=member.team, queue=queue)
    for name in {job["jobDefinition"] for job in document["jobs"]}:
        make.revision(name, of=member.team, where=account)
    actions.submit(json.dumps(document), member, source="json", on_refusal=on_refusal)


def start_bulk_actions(stopped: str, repeated: str) -> None:
    """Confirm that all jobs of one definition are stopped, and all of another run again."""
    user = User.objects.get()
    for kind, name in ((BulkKind.STOP, stopped), (BulkKind.RERUN, repeated)):
        jobs = list(Job.objects.filter(definition__name=name).select_related("team").order_by("pk"))
        actions.start_bulk(user, kind, jobs, RerunChanges(), request_key=kind)


def run_bulk_actions() -> None:
    """Do what worker and clock do, until all have ended. No limit of requests per minute counts."""
    while BulkAction.objects.filter(ended_at=None).exists():
        Lease.objects.filter(name__startswith="bulk action").delete()
        RequestCount.objects.all().delete()
        for action in BulkAction.objects.filter(ended_at=None):
            actions.run_bulk_action(action.pk)


def work(threads: int, endless: str = "", seconds: float = WORK_SECONDS) -> None:
    """Do what worker and clock do, until every job has ended but those of the definition `endless`, which AWS has.

    No other lives, so what it leased is free.
    """
    deadline = time.monotonic() + seconds
    lasting = Q(definition__name=endless, delivery=Delivery.SENT)
    while Job.objects.filter(ended_at=None).exclude(lasting).exists():
        if time.monotonic() > deadline:
            sys.exit(3)
        let_an_hour_pass()
        account = Account.objects.select_related("status").get()
        reconcile(account)
        count = deliver_due(account, threads) + terminate_due(account)
        poll(account)
        time.sleep(0 if count else 0.02)
