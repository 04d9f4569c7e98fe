"""Jobs that are held after a restore."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.timezone import now

from jobs.models import Account, Queue, User
from jobs.models.database_generation import recovering_since, recovery_deadline
from jobs.spec.problems import join_words

# The clock compares a queue within this time once it may; beyond it, AWS is slow.
EXPECTED_DELAY = timedelta(seconds=60)
MAX_QUEUES_NAMED = 3


@dataclass(frozen=True)
class RecoveryStatus:
    """If `until` is past, jobs are held until each queue was compared with AWS."""

    until: datetime
    queues: tuple[str, ...]

    @property
    def is_late(self) -> bool:
        return now() > self.until + EXPECTED_DELAY

    @property
    def queue_names(self) -> str:
        return join_words(self.queues, limit=MAX_QUEUES_NAMED)


def user_recovery(user: User) -> RecoveryStatus | None:
    started_at = recovering_since()
    return _recovery_of_queues(Queue.objects.visible_to(user), started_at) if started_at else None


def account_recovery(account: Account) -> RecoveryStatus | None:
    since = recovering_since()
    return _recovery_of_queues(Queue.objects.filter(account=account), since) if since else None


def _recovery_of_queues(queues: QuerySet[Queue], since: datetime) -> RecoveryStatus | None:
    candidates = queues.filter(account__active=True, removed_at=None).select_related("account")
    waiting = [
        queue
        for queue in candidates
        if queue.compared_at is None or queue.compared_at < recovery_deadline(queue.account, since)
    ]
    if not waiting:
        return None
    return RecoveryStatus(_expected_end(waiting, since), tuple(dict.fromkeys(queue.name for queue in waiting)))


def _expected_end(queues: Iterable[Queue], since: datetime) -> datetime:
    return max(recovery_deadline(queue.account, since) for queue in queues)
