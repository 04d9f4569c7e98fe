"""Requests for the front of a queue."""

from collections.abc import Mapping
from datetime import timedelta

from django.utils.timezone import now

from jobs.models import QueueSnapshot
from jobs.task_queue import enqueue_on_commit

# A live page refreshes every few seconds; all viewers of a queue share one call.
REQUEST_INTERVAL = timedelta(seconds=30)
# A permission that is missing stays missing for a while.
FAILURE_INTERVAL = timedelta(minutes=10)


def request_snapshots(accounts: Mapping[int, int], interval: timedelta = REQUEST_INTERVAL) -> None:
    """Enqueue a read of the front of each queue, unless one was requested within the interval.

    `accounts` has the key of each queue's account. Of simultaneous requests the first one enqueues.
    """
    if not accounts:
        return
    existing = set(QueueSnapshot.objects.filter(pk__in=accounts).values_list("pk", flat=True))
    missing = [QueueSnapshot(queue_id=queue) for queue in accounts.keys() - existing]
    if missing:
        QueueSnapshot.objects.bulk_create(missing, ignore_conflicts=True)
    current_time = now()
    due = QueueSnapshot.objects.requestable(current_time - interval, current_time - FAILURE_INTERVAL)
    for queue in due.filter(pk__in=accounts).values_list("pk", flat=True):
        if due.filter(pk=queue).update(requested_at=current_time):
            enqueue_on_commit("queue_snapshot", queue, queue="ask", account=accounts[queue])
