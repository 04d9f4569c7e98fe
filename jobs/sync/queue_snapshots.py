"""Reader of the front of a queue."""

import structlog
from django.utils.timezone import now

from jobs.aws import queues
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.models import Queue, QueueSnapshot

log = structlog.get_logger(__name__)


def read_snapshot(queue: Queue) -> None:
    """Keep the last places if AWS can't be asked. Raise like the call, after saving its message."""
    try:
        client = client_for(queue.account, "batch", Purpose.READ)
        job_ids = queues.front_of_queue(client, queue.arn or queue.name)
    except AwsError as error:
        log.warning("queue_snapshot_failed", queue=queue.name, error=error.message)
        QueueSnapshot.objects.filter(pk=queue.pk).update(error=error.message or type(error).__name__)
        raise
    QueueSnapshot.objects.filter(pk=queue.pk).update(job_ids=job_ids, read_at=now(), error="")
