"""Task queue. A task, enqueued after the commit, is only a hint."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any, Literal

import django_rq
import structlog
from django.db import transaction
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.job import Job as RqJob
from rq.timeouts import JobTimeoutException

log = structlog.get_logger(__name__)

TaskTimeoutError = JobTimeoutException
"""Raised in a task whose time is over; what catches all errors of a part must let it pass."""

QueueName = Literal["ask", "deliver", "sync", "background"]
ACCOUNT_TASKS = frozenset(
    {
        "charge",
        "deliver",
        "deregister",
        "failed_children",
        "import_costs",
        "poll",
        "read_container_instances",
        "read_cost_explorer",
        "read_queues",
        "record_failures",
        "refresh_prices",
        "register",
        "stop",
        "sync_queues",
        "try_connection",
    }
)
SLOW_CALL_SECONDS = 0.5
PAUSE_SECONDS = 30.0
TASKS = "jobs.tasks."
FAILURE_TTL_SECONDS = 24 * 3600
# How long an entry keeps others of its task out at most: its worker may have died before it forgot the entry.
ENTRY_SECONDS = 10
TASK_TIMEOUTS = {"read_cost_explorer": 600, "refresh_prices": 900}
"""Seconds, of tasks that take longer than a minute."""
TASK_TTL_SECONDS = 120  # an older task is worthless: the clock has enqueued it again since


class RedisPausedError(RedisError):
    """Redis timed out a short while ago and is not called."""


class RedisCircuitBreaker:
    """Stops calls to Redis for a while after one timed out, so that no other thread waits."""

    def __init__(self, rest_seconds: float = PAUSE_SECONDS, slow_seconds: float = SLOW_CALL_SECONDS) -> None:
        self._rest_seconds = rest_seconds
        self._slow_seconds = slow_seconds
        self._lock = Lock()
        self._retry_at: float | None = None

    @contextmanager
    def guard(self) -> Iterator[None]:
        self._begin()
        start = time.monotonic()
        try:
            yield
        except RedisError:
            is_slow = time.monotonic() - start >= self._slow_seconds
            if is_slow:
                log.warning("redis_backed_off", seconds=self._rest_seconds)
            self._end(rest=is_slow)
            raise
        self._end(rest=False)

    def _begin(self) -> None:
        with self._lock:
            if self._retry_at is None:
                return
            if time.monotonic() < self._retry_at:
                raise RedisPausedError("Redis didn't answer in time and is left alone for a while.")
            self._retry_at = time.monotonic() + self._rest_seconds  # this caller tries; others don't wait

    def _end(self, *, rest: bool) -> None:
        with self._lock:
            self._retry_at = time.monotonic() + self._rest_seconds if rest else None


redis_breaker = RedisCircuitBreaker()


def enqueue_on_commit(task: str, *ids: int, queue: QueueName, account: int | None = None) -> None:
    """Enqueue `jobs.tasks.<task>(*ids)`, unless it is enqueued already and has not begun."""
    account = ids[0] if account is None and task in ACCOUNT_TASKS else account
    transaction.on_commit(partial(_enqueue, task, ids, queue, account), robust=True)


def _enqueue(task: str, ids: tuple[int, ...], queue: QueueName, account: int | None) -> None:
    try:
        with redis_breaker.guard():
            entries = django_rq.get_queue(queue)
            if not entries.connection.set(_entry_key(task, ids), "", nx=True, ex=ENTRY_SECONDS):
                return  # the task has not begun that an earlier entry asked for
            _add_entry(entries, f"{TASKS}{task}", ids, {} if account is None else {"account": account})
    except RedisPausedError:
        log.debug("enqueue_skipped", task=task, ids=ids)
    except RedisError as error:
        log.warning("enqueue_failed", task=task, ids=ids, error=str(error))


def enqueue_again(job: RqJob, queue: Queue) -> None:
    """Enqueue the task of an entry that has ended once more."""
    _add_entry(queue, str(job.func_name), job.args, job.meta)


def _add_entry(queue: Queue, task: str, args: Sequence[Any], meta: dict[str, Any]) -> None:
    queue.enqueue_call(
        task,
        args=tuple(args),
        timeout=TASK_TIMEOUTS.get(task.removeprefix(TASKS)),
        ttl=TASK_TTL_SECONDS,
        result_ttl=0,
        failure_ttl=FAILURE_TTL_SECONDS,
        meta=meta,
    )


def forget_entry(job: RqJob, connection: Redis) -> None:
    """Let the task be enqueued again. Call it before the task begins."""
    connection.delete(_entry_key(str(job.func_name).removeprefix(TASKS), job.args))


def _entry_key(task: str, ids: Sequence[object]) -> str:
    return f"portal:entry:{task}-{'-'.join(map(str, ids))}"


@dataclass(frozen=True)
class WorkerInfo:
    name: str
    is_busy: bool
    last_seen_at: datetime | None


def workers() -> list[WorkerInfo] | None:
    """Return None if Redis does not answer."""
    try:
        with redis_breaker.guard():
            workers = Worker.all(connection=django_rq.get_connection("ask"))
            return [
                WorkerInfo(worker.name, worker.get_state() == "busy", worker.last_heartbeat) for worker in workers
            ]
    except RedisError:
        return None
