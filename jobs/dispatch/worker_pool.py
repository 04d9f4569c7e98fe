"""Threads that deliver jobs in parallel, each with its own connection."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import structlog
from django.db import connection

from jobs.models import Job

log = structlog.get_logger(__name__)

JobAction = Callable[[Job], None]
RunJobs = Callable[[Iterable[Job]], None]


@contextmanager
def worker_pool(action: JobAction, threads: int) -> Iterator[RunJobs]:
    """Yield a function that runs a round; an unexpected error affects one job only."""
    run_job = partial(_run, action)
    if threads <= 1:
        yield lambda jobs: _drain(map(run_job, jobs))
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            yield lambda jobs: _drain(pool.map(run_job, jobs))
        finally:
            all_threads = threading.Barrier(threads)  # so that each thread gets one of these
            for _ in range(threads):
                pool.submit(_close_connection, all_threads)


def _run(action: JobAction, job: Job) -> None:
    try:
        action(job)
    except Exception:
        # The reconciler finds the outcome, as if the worker had died here.
        log.exception("delivery_interrupted", job=job.text_id)


def _close_connection(all_threads: threading.Barrier) -> None:
    all_threads.wait()
    connection.close()


def _drain(results: Iterable[None]) -> None:
    for _ in results:
        pass
