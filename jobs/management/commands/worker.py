"""`manage.py worker`: runs queued tasks until SIGTERM.

The next task starts beside a slow one, so that an unresponsive account doesn't delay others.
"""

import gc
import os
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django_rq.connection_utils import get_redis_connection
from django_rq.utils import reset_db_connections
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import tasks  # noqa: F401 - loaded before the worker forks, not in each fork
from jobs.aws.session import preload
from jobs.dispatch.delivery import stop_deliveries
from jobs.task_queue import enqueue_again, forget_entry

# For a Redis that is away for minutes: without retries rq's worker would end. A task in progress waits only briefly,
# because the rows know what it did; nothing waits during a shutdown.
WORKER_RETRIES = 120
TASK_RETRIES = 4
MAX_BACKOFF_SECONDS = 5
# After a kill -9 a task stays "started" until another worker's maintenance finds it; these wake an idle worker.
WORKER_TTL_SECONDS = 60
MAINTENANCE_SECONDS = 60
TASK_WAIT_SECONDS = 0.5
PROCESS_POLL_SECONDS = 0.005
# These run beside the next tasks from their start.
LONG_TASKS = frozenset({"jobs.tasks.deliver"})
# Each slow task is a process. At the first limit a worker takes no task until one ends. Of one account it runs fewer,
# and no second one of the same kind: two deliveries would have twice as many jobs in doubt.
MAX_SLOW_TASKS = 16
MAX_SLOW_TASKS_PER_ACCOUNT = 4
# How soon the end of a slow task is noticed.
SLOW_TASK_POLL_SECONDS = 0.1
# rq makes a task end itself after its timeout; a process that doesn't is killed.
MAX_OVERTIME_SECONDS = 30


class AdjustableRetry(Retry):
    """Retries that can change: every connection shares this object."""

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self


redis_retry = AdjustableRetry(ExponentialBackoff(cap=MAX_BACKOFF_SECONDS, base=0.1), retries=WORKER_RETRIES)


@dataclass
class SlowTask:
    pid: int
    job: Job
    queue: Queue
    execution: Execution
    account: int | None
    started_at: float
    is_wanted_again: bool = False

    def is_repeat_of(self, job: Job) -> bool:
        return (self.job.func_name, self.job.args) == (job.func_name, job.args)


WaitResult = tuple[int | None, int | None, Any]


class PortalWorker(Worker):
    """Waits for an absent Redis, not for slow tasks."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.slow_tasks: list[SlowTask] = []
        self._wait_result: WaitResult | None = None

    # -- Slow tasks
    def execute_job(self, job: Job, queue: Queue) -> None:
        self.collect_slow_tasks()
        account = job.meta.get("account")
        running = next((task for task in self._slow_tasks_of(account) if task.is_repeat_of(job)), None)
        if running:
            # It may have looked before this one was enqueued: it runs once more when it has ended.
            running.is_wanted_again = True
            job.delete()
            return
        forget_entry(job, self.connection)  # before it looks: what comes later is enqueued again
        if len(self._slow_tasks_of(account)) >= MAX_SLOW_TASKS_PER_ACCOUNT:
            self.log.info("Worker %s: account %s is slow, %s is left for later", self.name, account, job.id)
            job.delete()
            return
        while len(self.slow_tasks) >= MAX_SLOW_TASKS:
            time.sleep(TASK_WAIT_SECONDS)
            self.heartbeat()
            self.collect_slow_tasks()
        super().execute_job(job, queue)

    def _slow_tasks_of(self, account: int | None) -> Sequence[SlowTask]:
        return [task for task in self.slow_tasks if account is not None and task.account == account]

    def monitor_work_horse(self, job: Job, queue: Queue, execution: Execution) -> None:
        account = job.meta.get("account")
        is_beside = job.func_name in LONG_TASKS or self._slow_tasks_of(account)
        timeout = 0.0 if is_beside else TASK_WAIT_SECONDS
        if self._wait_for_end(self.horse_pid, timeout):
            super().monitor_work_horse(job, queue, execution)
            return
        self.slow_tasks.append(SlowTask(self.horse_pid, job, queue, execution, account, time.monotonic()))
        self.executions.pop(execution.id, None)
        self._horse_pid = 0

    def _wait_for_end(self, pid: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not self._has_ended(pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(PROCESS_POLL_SECONDS)
        return True

    def _has_ended(self, pid: int) -> bool:
        try:
            ended_pid, status, usage = os.wait4(pid, os.WNOHANG)
        except ChildProcessError:
            self._wait_result = (None, None, None)
            return True
        if ended_pid:
            self._wait_result = (ended_pid, status, usage)
        return bool(ended_pid)

    def wait_for_horse(self) -> WaitResult:
        result, self._wait_result = self._wait_result, None
        return result or super().wait_for_horse()

    def collect_slow_tasks(self) -> None:
        for task in list(self.slow_tasks):
            if time.monotonic() - task.started_at > (task.job.timeout or 0) + MAX_OVERTIME_SECONDS:
                self._kill(task)
            if self._has_ended(task.pid):
                self.slow_tasks.remove(task)
                super().monitor_work_horse(task.job, task.queue, task.execution)
                if task.is_wanted_again:
                    enqueue_again(task.job, task.queue)

    def _kill(self, task: SlowTask) -> None:
        try:
            os.killpg(task.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def dequeue_job_and_maintain_ttl(self, *args: Any, **options: Any) -> tuple[Job, Queue] | None:
        self.collect_slow_tasks()
        while self.slow_tasks:
            result = super().dequeue_job_and_maintain_ttl(SLOW_TASK_POLL_SECONDS, SLOW_TASK_POLL_SECONDS)  # type: ignore[arg-type] # Redis takes fractions
            if result:
                return result
            self.collect_slow_tasks()
        return super().dequeue_job_and_maintain_ttl(*args, **options)

    def request_force_stop(self, *args: Any) -> None:
        try:
            super().request_force_stop(*args)
        except SystemExit:
            for task in self.slow_tasks:
                self._kill(task)
            raise

    def teardown(self) -> None:
        while self.slow_tasks and not self.is_horse:
            time.sleep(PROCESS_POLL_SECONDS)
            self.collect_slow_tasks()
        super().teardown()  # type: ignore[no-untyped-call]

    # -- An absent Redis
    def handle_warm_shutdown_request(self) -> None:
        redis_retry.update_retries(0)
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        for pid in (self.horse_pid, *(task.pid for task in self.slow_tasks)):
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGTERM, lambda *_: stop_deliveries())  # other tasks end by themselves

    def main_work_horse(self, *args: Any, **options: Any) -> None:
        redis_retry.update_retries(TASK_RETRIES)
        self.slow_tasks = []  # those are the worker's
        super().main_work_horse(*args, **options)


class Command(BaseCommand):
    help = "Run queued tasks: requests of users and submissions to AWS."
    requires_system_checks = ["portal"]

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(tags=["ground"], databases=["default"])
        preload()  # once here, not in every process forked for a task
        queues = list(settings.RQ_QUEUES)
        first_queue = settings.RQ_QUEUES[queues[0]]
        options_with_retry: dict[str, Any] = {
            **first_queue.get("REDIS_CLIENT_KWARGS", {}),
            "socket_timeout": 5,
            "retry": redis_retry,
            "retry_on_error": [RedisConnectionError, RedisTimeoutError],
            "socket_keepalive": True,
            "health_check_interval": 30,
        }
        gc.collect()
        gc.freeze()  # a collection in a forked process would copy every page of what is loaded here
        reset_db_connections()  # a connection must not be shared with forked processes
        try:
            worker = PortalWorker(
                queues,
                connection=get_redis_connection({**first_queue, "REDIS_CLIENT_KWARGS": options_with_retry}),
                serializer=JSONSerializer,
                worker_ttl=WORKER_TTL_SECONDS,
                maintenance_interval=MAINTENANCE_SECONDS,
            )
            self.stdout.write(f"Worker {worker.name} started. Queues: {', '.join(queues)}.")
            worker.work()
        except (RedisConnectionError, RedisTimeoutError) as error:
            raise CommandError(f"The worker stopped, because Redis is unavailable: {error}") from error
