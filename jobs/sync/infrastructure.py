"""Mirrors the queues of an account. What AWS no longer names is marked as gone and kept: history points to it."""

from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils.timezone import now

from jobs.aws import infrastructure
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, Queue


@dataclass(frozen=True)
class QueueChanges:
    """How the mirror differed from AWS."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    vanished: tuple[str, ...]


MIRRORED = ("arn", "state", "status", "status_reason", "priority", "platform")


def sync_queues(account: Account) -> QueueChanges:
    """Read the account's queues from AWS into the mirror. Raises one of `jobs.aws.errors`; then nothing changes."""
    seen = infrastructure.queues(client_for(account, "batch", Purpose.READ))
    moment = now()
    with transaction.atomic():
        known = {queue.name: queue for queue in account.queues.select_for_update()}
        new, changed = [], []
        for told in seen:
            fields = {**asdict(told), "seen_at": moment, "vanished_at": None}
            queue = known.pop(told.name, None)
            if queue is None:
                Queue.objects.create(account=account, **fields)
                new.append(told.name)
                continue
            if queue.vanished_at or any(getattr(queue, name) != fields[name] for name in MIRRORED):
                changed.append(told.name)
            Queue.objects.filter(pk=queue.pk).update(**fields)
        vanished = [queue.name for queue in known.values() if queue.vanished_at is None]
        account.queues.filter(name__in=vanished).update(vanished_at=moment)
        Account.objects.filter(pk=account.pk).update(synced_at=moment)
    return QueueChanges(tuple(new), tuple(changed), tuple(vanished))
