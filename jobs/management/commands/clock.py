"""`manage.py clock`: runs periodic tasks."""

import os
import signal
import socket
import threading
import time
from datetime import timedelta
from typing import Any

import structlog
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connection

from jobs.account_threads import AccountThreads
from jobs.models import LeaseKeeper
from jobs.periodic import TICK_SECONDS, IdlePeriod, periodic_tasks, run_due_tasks

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)
SHUTDOWN_TIMEOUT_SECONDS = 2.0  # stopping the clock must not wait for AWS


class Command(BaseCommand):
    """Several may run: one works, the others wait for its lease."""

    help = "Run the clock: it starts periodic tasks and checks jobs that AWS may or may not have accepted."
    requires_system_checks = ["portal"]

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=["ground"], databases=["default"])
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        owner = f"{socket.gethostname()}-{os.getpid()}"
        lanes = AccountThreads()
        tasks = periodic_tasks(lanes)
        lease, idle = LeaseKeeper("clock", owner, LEASE), IdlePeriod()
        while not stop.is_set():
            wait = TICK_SECONDS
            try:
                idle.notice_writes(time.monotonic())
                if lease.keep():
                    wait = run_due_tasks(tasks, time.monotonic(), lanes, idle)
            except DatabaseError as error:
                log.warning("clock_database_unavailable", error=str(error))
                connection.close()
            close_old_connections()
            stop.wait(wait)
        lease.release()
        lanes.wait(SHUTDOWN_TIMEOUT_SECONDS)
