"""`manage.py events`: receives Batch events from SQS."""

import re
import signal
import threading
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections, connection
from django.utils.timezone import now

from jobs.aws import events
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.failpoints import hit_failpoint
from jobs.sync.events import EventConsumer
from jobs.task_queue import enqueue_on_commit

log = structlog.get_logger(__name__)

ERROR_PAUSE_SECONDS = 5.0
REGION_PATTERN = re.compile(r"https?://sqs\.([a-z0-9-]+)\.")


class Command(BaseCommand):
    help = "Receive AWS Batch events from EVENTS_QUEUE_URL. Optional: changes show up sooner than by polling alone."
    requires_system_checks = ["portal"]

    def handle(self, *args: Any, **options: Any) -> None:
        url = settings.EVENTS_QUEUE_URL
        if not url:
            raise CommandError(
                "EVENTS_QUEUE_URL is not set. Events are optional: the portal also works without them."
            )
        self.check(tags=["ground"], databases=["default"])
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        address, consumer = queue_address(url), EventConsumer()
        while not stop.is_set():
            receive_events(address, stop, consumer, events.WAIT_SECONDS)
            close_old_connections()


def queue_address(url: str) -> events.QueueAddress:
    match = REGION_PATTERN.match(url)
    region = settings.EVENTS_REGION or (match[1] if match else "")
    if not region:
        raise CommandError("EVENTS_QUEUE_URL contains no region. Set EVENTS_REGION.")
    return events.QueueAddress(url, region)


def receive_events(
    address: events.QueueAddress, stop: threading.Event, consumer: EventConsumer, wait_seconds: int
) -> None:
    """Delete messages only after their effect is committed."""
    try:
        client = client_for(address, "sqs", Purpose.SQS)
        messages = events.receive(client, address.url, 1 if consumer.unknown_ids else wait_seconds)
        for account in consumer.consume(message.body for message in messages) | consumer.retry_unknown():
            enqueue_on_commit("poll", account, queue="sync", dedupe_key=f"event-{now():%Y%m%d%H%M%S}")
        hit_failpoint("heard")
        events.delete(client, address.url, messages)
    except AwsError as error:
        log.warning("event_receive_failed", error=error.message)
        stop.wait(ERROR_PAUSE_SECONDS)
    except DatabaseError as error:
        log.warning("events_database_unavailable", error=str(error))
        connection.close()
        stop.wait(ERROR_PAUSE_SECONDS)
