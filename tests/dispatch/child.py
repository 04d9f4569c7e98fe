"""What tests have other processes do, on the database that the environment names. Nobody rings here."""

from django.core.management import call_command

from jobs.dispatch.delivery import THREADS, deliver_due
from jobs.models import Account
from tests import make


def prepare(url: str, jobs: str) -> None:
    """The tables, and an account at that address with so many jobs."""
    call_command("migrate", verbosity=0)
    submission = make.submission(where=make.account(endpoint_url=url, submits_per_second=1000))
    for _ in range(int(jobs)):
        make.job(submission)


def deliver() -> None:
    """As the task does, until nothing more can be sent."""
    while sum(deliver_due(account, threads=THREADS) for account in Account.objects.all()):
        pass
