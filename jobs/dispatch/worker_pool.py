"""Threads that deliver jobs in parallel, each with a database connection that it closes at its end."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import structlog
from django.db import connection

from jobs.models import Job

log = structlog.get_logger(__name__)

JobAction = Callable[[Job], None]
RunJobs = Callable[[Iterable[Job]], None]


@contextmanager
def worker_pool(action: JobAction, threads: int) -> Iterator[RunJobs]:
    """Yield a function that runs `action` for every job of a round and returns at the round's end.

    With one thread everything runs in the caller's thread, and so in its transaction. An unexpected error of one job
    doesn't affect the others.
    """
    if threads <= 1:
        yield lambda jobs: _run_each(action, jobs)
        return
    job_queue: SimpleQueue[Job | None] = SimpleQueue()
    completions: SimpleQueue[None] = SimpleQueue()
    workers = [
        threading.Thread(target=_run_worker, args=(action, job_queue, completions), daemon=True)
        for _ in range(threads)
    ]
    for thread in workers:
        thread.start()

    def run(jobs: Iterable[Job]) -> None:
        count = 0
        for job in jobs:
            job_queue.put(job)
            count += 1
        for _ in range(count):
            completions.get()

    try:
        yield run
    finally:
        for _ in workers:
            job_queue.put(None)
        for thread in workers:
            thread.join()


def _run_worker(action: JobAction, job_queue: "SimpleQueue[Job | None]", completions: "SimpleQueue[None]") -> None:
    try:
        while (job := job_queue.get()) is not None:
            try:
                _run_each(action, [job])
            finally:
                completions.put(None)
    finally:
        connection.close()


def _run_each(action: JobAction, jobs: Iterable[Job]) -> None:
    for job in jobs:
        try:
            action(job)
        except Exception:
            # The reconciler finds the outcome, as if the worker had died here.
            log.exception("delivery_interrupted", job=job.text_id)
