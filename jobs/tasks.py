"""RQ's doors: an id comes in, one call goes out. A task may run twice, late or never; the clock makes up for it."""

from contextlib import suppress

from jobs import mail as outgoing_mail
from jobs.aws.errors import AwsError
from jobs.dispatch.delivery import AT_ONCE, THREADS, deliver_due
from jobs.dispatch.registration import deregister_due, register_due
from jobs.dispatch.stopping import stop_due
from jobs.models import Account, Job
from jobs.pricing.charging import charge_due
from jobs.ring import ring
from jobs.sync import children as array_children
from jobs.sync import connection, infrastructure
from jobs.sync import poll as polling


def deliver(account: int) -> None:
    tried = deliver_due(Account.objects.get(pk=account), threads=THREADS)
    if tried:
        ring("poll", account, bell="deliver")  # its turn is before the next delivery's, and news come soon
    if tried >= AT_ONCE:
        ring("deliver", account, bell="deliver")  # there may be more


def register(account: int) -> None:
    register_due(Account.objects.get(pk=account))


def deregister(account: int) -> None:
    deregister_due(Account.objects.get(pk=account))


def stop(account: int) -> None:
    stop_due(Account.objects.get(pk=account))


def poll(account: int) -> None:
    polling.poll(Account.objects.get(pk=account))


def children(job: int) -> None:
    with suppress(AwsError):  # whoever looks goes on looking
        array_children.read_children(Job.objects.select_related("account").get(pk=job))


def failed_children(account: int) -> None:
    array_children.read_failed_due(Account.objects.get(pk=account))


def charge(account: int) -> None:
    charge_due(Account.objects.get(pk=account))


def sync_queues(account: int) -> None:
    with suppress(AwsError):  # it is noted on the account
        infrastructure.sync_queues(Account.objects.get(pk=account))


def read_queues(account: int) -> None:
    with suppress(AwsError):
        infrastructure.read_queues(Account.objects.get(pk=account))


def try_connection(account: int) -> None:
    connection.try_connection(Account.objects.get(pk=account))


def send_mail(mail: int) -> None:
    outgoing_mail.send(mail)


def send_due_mail() -> None:
    outgoing_mail.send_due()
