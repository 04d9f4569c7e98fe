"""Threads that deliver jobs in parallel, each with its own connection."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import structlog
from django.db import connection

from jobs.models import Job

log = structlog.get_logger(__name__)

JobAction = Callable[[Job], None]


class WorkerPool:
    """Takes jobs at any time; an unexpected error affects one job only.

    Without an executor, `add` runs them itself.
    """

    def __init__(self, action: JobAction, executor: ThreadPoolExecutor | None = None) -> None:
        self._action = action
        self._executor = executor
        self._changed = threading.Condition()
        self._waiting = self._unfinished = 0

    @property
    def waiting_count(self) -> int:
        """Return how many jobs no thread has begun yet."""
        return self._waiting

    @property
    def is_idle(self) -> bool:
        return self._unfinished == 0

    def add(self, jobs: Sequence[Job]) -> None:
        with self._changed:
            self._waiting += len(jobs)
            self._unfinished += len(jobs)
        for job in jobs:
            if self._executor:
                self._executor.submit(self._run, job)
            else:
                self._run(job)

    def wait_until_idle(self, seconds: float | None = None) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.is_idle, seconds)

    def wait_for_room(self, waiting: int) -> None:
        """Wait until at most so many jobs wait for a thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting <= waiting)

    def _run(self, job: Job) -> None:
        with self._changed:
            self._waiting -= 1
            self._changed.notify_all()
        try:
            self._action(job)
        except Exception:
            # The reconciler finds the outcome, as if the worker had died here.
            log.exception("delivery_interrupted", job=job.text_id)
        finally:
            with self._changed:
                self._unfinished -= 1
                self._changed.notify_all()


@contextmanager
def worker_pool(action: JobAction, threads: int) -> Iterator[WorkerPool]:
    """Yield a pool, and wait at the end until it has run every job."""
    if threads <= 1:
        yield WorkerPool(action)
        return
    with ThreadPoolExecutor(threads) as executor:
        try:
            yield WorkerPool(action, executor)
        finally:
            all_threads = threading.Barrier(threads)  # so that each thread gets one of these
            for _ in range(threads):
                executor.submit(_close_connection, all_threads)


def _close_connection(all_threads: threading.Barrier) -> None:
    all_threads.wait()
    connection.close()
