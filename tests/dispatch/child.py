"""What tests have other processes do, on the database that the environment names. Nobody rings here."""

from datetime import timedelta

from django.core.management import call_command
from django.utils.timezone import now

from jobs.dispatch.delivery import MAX_THREADS, deliver_due
from jobs.models import Account, AccountStatus, Job
from jobs.sync.reconcile import reconcile
from tests import make


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
        past = now() - timedelta(hours=1)
        Job.objects.filter(lease_until__isnull=False).update(lease_until=past)
        Job.objects.update(sent_at=past, next_try_at=None)
        AccountStatus.objects.update(rate_window_end=None)
        for account in Account.objects.all():
            reconcile(account)
        Job.objects.update(next_try_at=None)
        deliver()
