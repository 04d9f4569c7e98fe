"""`manage.py events`: receives Batch events from SQS and polls the accounts of their jobs."""

import re
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections, connection

from jobs.account_calls import call_account
from jobs.aws import events
from jobs.aws.errors import AwsError
from jobs.aws.session import Purpose, client_for
from jobs.failpoints import hit_failpoint
from jobs.models import Account
from jobs.sync.events import EventConsumer
from jobs.sync.poll import poll

log = structlog.get_logger(__name__)

ERROR_PAUSE_SECONDS = 5.0
# Between two polls of an account, events of many jobs gather for one call.
POLL_INTERVAL_SECONDS = 0.6
POLL_TIMEOUT_SECONDS = 50.0
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
        address, consumer, polls = queue_address(url), EventConsumer(), AccountPolls(poll_account)
        while not stop.is_set():
            receive_events(address, stop, consumer, polls, events.WAIT_SECONDS)
            close_old_connections()


class AccountPolls:
    """Polls accounts on request, each in a thread of its own, so that none waits for another.

    It may lose a request: the jobs stay due, and the clock has them polled.
    """

    def __init__(self, poll: Callable[[int], object], interval_seconds: float = POLL_INTERVAL_SECONDS) -> None:
        self._poll = poll
        self._interval_seconds = interval_seconds
        self._lock = threading.Lock()
        self._requested: set[int] = set()
        self._running: set[int] = set()

    def request(self, account: int) -> None:
        """Poll the account from now on, after a poll in progress, at most once an interval."""
        with self._lock:
            self._requested.add(account)
            if account in self._running:
                return
            self._running.add(account)
        threading.Thread(target=self._run, args=(account,), name=f"poll-{account}", daemon=True).start()

    @property
    def is_running(self) -> bool:
        return bool(self._running)

    def _run(self, account: int) -> None:
        while self._take_request(account):
            end = time.monotonic() + self._interval_seconds
            try:
                self._poll(account)
            except Exception:
                log.exception("event_poll_failed", account=account)
                connection.close()
            time.sleep(max(0.0, end - time.monotonic()))
        connection.close()

    def _take_request(self, account: int) -> bool:
        with self._lock:
            if account in self._requested:
                self._requested.remove(account)
                return True
            self._running.remove(account)
            return False


def poll_account(pk: int) -> None:
    close_old_connections()
    account = Account.objects.select_related("status").get(pk=pk)
    call_account(account, poll, seconds=POLL_TIMEOUT_SECONDS)


def queue_address(url: str) -> events.QueueAddress:
    match = REGION_PATTERN.match(url)
    region = settings.EVENTS_REGION or (match[1] if match else "")
    if not region:
        raise CommandError("EVENTS_QUEUE_URL contains no region. Set EVENTS_REGION.")
    return events.QueueAddress(url, region)


def receive_events(
    address: events.QueueAddress,
    stop: threading.Event,
    consumer: EventConsumer,
    polls: AccountPolls,
    wait_seconds: int,
) -> None:
    """Delete messages only after their effect is committed."""
    try:
        client = client_for(address, "sqs", Purpose.SQS)
        messages = events.receive(client, address.url, 1 if consumer.unknown_ids else wait_seconds)
        for account in consumer.consume(message.body for message in messages) | consumer.retry_unknown():
            polls.request(account)
        hit_failpoint("heard")
        events.delete(client, address.url, messages)
    except AwsError as error:
        log.warning("event_receive_failed", error=error.message)
        stop.wait(ERROR_PAUSE_SECONDS)
    except DatabaseError as error:
        log.warning("events_database_unavailable", error=str(error))
        connection.close()
        stop.wait(ERROR_PAUSE_SECONDS)
