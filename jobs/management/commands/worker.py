"""`manage.py worker`: runs queued tasks until SIGTERM, then finishes those in progress.

rq waits for the end of each task's process. This worker waits for half a second only and then takes the next task,
while the slow one continues, so that an unresponsive account doesn't delay the tasks of others.
"""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_rq.connection_utils import get_redis_connection
from django_rq.utils import reset_db_connections
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import TimeoutError as NotAnswered
from redis.retry import Retry
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import tasks
from jobs.aws.session import preload

# The worker waits for a Redis that restarts or is away for minutes: without retries rq's worker would end. A task in
# progress waits only briefly, because the rows know what it did; nothing waits during a shutdown.
WORKERS_RETRIES = 120
TASKS_RETRIES = 4
LONGEST_PAUSE_SECONDS = 5
# After a kill -9 a task stays "started" until another worker's maintenance finds it; these wake an idle worker.
WORKER_TTL_SECONDS = 60
MAINTENANCE_SECONDS = 60
# A slower task continues beside the next ones.
WAIT_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 0.005
# Each slow task is a process. At the first limit a worker takes no task until one ends. Of one account it runs fewer,
# and no second one of the same kind: two deliveries would have twice as many jobs in doubt.
SLOW_TASKS_AT_MOST = 12
SLOW_TASKS_OF_AN_ACCOUNT = 3
# A task may enqueue its own successor just before it ends. One that is enqueued periodically doesn't wait.
LAST_MOMENTS_SECONDS = 0.2
# rq makes a task end itself after its timeout; a process that doesn't is killed.
OVERTIME_SECONDS = 30


class Patience(Retry):
    """A number of retries that can change while they run: every connection shares this object instead of a copy."""

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self


patience = Patience(ExponentialBackoff(cap=LONGEST_PAUSE_SECONDS, base=0.1), retries=WORKERS_RETRIES)


@dataclass
class SlowTask:
    """A task that continues in its own process."""

    pid: int
    job: Job
    queue: Queue
    execution: Execution
    account: int | None
    since: float

    def does_the_same_as(self, job: Job) -> bool:
        return (self.job.func_name, self.job.args) == (job.func_name, job.args)


Ended = tuple[int | None, int | None, Any]


class PatientWorker(Worker):
    """An rq worker that waits for an absent Redis until its shutdown, and doesn't wait for slow tasks."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.slow: list[SlowTask] = []
        self._ended: Ended | None = None

    # -- Slow tasks
    def execute_job(self, job: Job, queue: Queue) -> None:
        self.collect()
        account = job.meta.get("account")
        if account is not None and not self._has_room_for(job, account):
            self.log.info("Worker %s: account %s is slow, %s is left to a later ring", self.name, account, job.id)
            job.delete()
            return
        while len(self.slow) >= SLOW_TASKS_AT_MOST:
            time.sleep(WAIT_SECONDS)
            self.heartbeat()
            self.collect()
        super().execute_job(job, queue)

    def _has_room_for(self, job: Job, account: int) -> bool:
        deadline = time.monotonic() + (0.0 if job.meta.get("comes_again") else LAST_MOMENTS_SECONDS)
        while any(task.does_the_same_as(job) for task in self._slow_of(account)):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_AGAIN_SECONDS)
            self.collect()
        return len(self._slow_of(account)) < SLOW_TASKS_OF_AN_ACCOUNT

    def _slow_of(self, account: int) -> Sequence[SlowTask]:
        return [task for task in self.slow if task.account == account]

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        account = job.meta.get("account")
        timeout = 0.0 if account is not None and self._slow_of(account) else WAIT_SECONDS
        if self._ends_within(self.horse_pid, timeout):
            super().monitor_work_horse(job, queue, execution)
            return
        self.slow.append(SlowTask(self.horse_pid, job, queue, execution, account, time.monotonic()))
        self.executions.pop(execution.id, None)
        self._horse_pid = 0

    def _ends_within(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self._has_ended(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_AGAIN_SECONDS)
        return True

    def _has_ended(self, pid: int) -> bool:
        """Return whether the process has ended, and keep its status for `wait_for_horse`."""
        try:
            ended_pid, status, usage = os.wait4(pid, os.WNOHANG)
        except ChildProcessError:
            self._ended = (None, None, None)
            return True
        if ended_pid:
            self._ended = (ended_pid, status, usage)
        return bool(ended_pid)

    def wait_for_horse(self) -> Ended:
        result, self._ended = self._ended, None
        return result or super().wait_for_horse()

    def collect(self) -> None:
        """Finish slow tasks that have ended, and kill those far beyond their timeout."""
        for task in list(self.slow):
            if time.monotonic() - task.since > (task.job.timeout or 0) + OVERTIME_SECONDS:
                self._kill(task)
            if self._has_ended(task.pid):
                self.slow.remove(task)
                super().monitor_work_horse(task.job, task.queue, task.execution)

    def _kill(self, task: SlowTask) -> None:
        try:
            os.killpg(task.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def dequeue_job_and_maintain_ttl(self, *args: Any, **options: Any) -> tuple[Job, Queue] | None:
        self.collect()
        return super().dequeue_job_and_maintain_ttl(*args, **options)

    def request_force_stop(self, *args: Any) -> None:
        try:
            super().request_force_stop(*args)
        except SystemExit:
            for task in self.slow:
                self._kill(task)
            raise

    def teardown(self) -> None:
        while self.slow and not self.is_horse:
            time.sleep(LOOK_AGAIN_SECONDS)
            self.collect()
        super().teardown()  # type: ignore[no-untyped-call]

    # -- An absent Redis
    def handle_warm_shutdown_request(self) -> None:
        patience.update_retries(0)
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]

    def main_work_horse(self, *args: Any, **options: Any) -> None:
        patience.update_retries(TASKS_RETRIES)
        self.slow = []  # those are the worker's
        super().main_work_horse(*args, **options)


class Command(BaseCommand):
    help = "Carry out the portal's tasks: what people wait for, what goes to AWS, what is looked up there."
    requires_system_checks = ["portal"]

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=["ground"], databases=["default"])
        preload()  # once here, not in every process forked for a task
        queues = list(settings.RQ_QUEUES)
        first_queue = settings.RQ_QUEUES[queues[0]]
        options_with_retry: dict[str, Any] = {
            **first_queue.get("REDIS_CLIENT_KWARGS", {}),
            "socket_timeout": 5,
            "retry": patience,
            "retry_on_error": [NotConnected, NotAnswered],
            "socket_keepalive": True,
            "health_check_interval": 30,
        }
        reset_db_connections()  # a connection must not be shared with forked processes
        try:
            worker = PatientWorker(
                queues,
                connection=get_redis_connection({**first_queue, "REDIS_CLIENT_KWARGS": options_with_retry}),
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL_SECONDS,
                maintenance_interval=MAINTENANCE_SECONDS,
            )
            self.stdout.write(f"Worker {worker.name} for {', '.join(queues)}: {tasks.__name__} is loaded.")
            worker.work()
        except (NotConnected, NotAnswered) as error:
            raise CommandError(f"The worker ends without Redis: {error}") from error
