"""A few threads that carry jobs side by side, each with a database connection of its own that ends with it."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import structlog
from django.db import connection

from jobs.models import Job

log = structlog.get_logger(__name__)

Act = Callable[[Job], None]
Run = Callable[[Iterable[Job]], None]


@contextmanager
def crew(act: Act, threads: int) -> Iterator[Run]:
    """Yields what does `act` for every job of a round and returns when the round is over.

    With one thread everything happens in the caller's own, and so in its transaction. A job that fails in a way
    nobody foresaw leaves the others alone.
    """
    if threads <= 1:
        yield lambda jobs: _each(act, jobs)
        return
    waiting: SimpleQueue[Job | None] = SimpleQueue()
    done: SimpleQueue[None] = SimpleQueue()
    team = [threading.Thread(target=_work, args=(act, waiting, done), daemon=True) for _ in range(threads)]
    for thread in team:
        thread.start()

    def run(jobs: Iterable[Job]) -> None:
        given = 0
        for job in jobs:
            waiting.put(job)
            given += 1
        for _ in range(given):
            done.get()

    try:
        yield run
    finally:
        for _ in team:
            waiting.put(None)
        for thread in team:
            thread.join()


def _work(act: Act, waiting: "SimpleQueue[Job | None]", done: "SimpleQueue[None]") -> None:
    try:
        while (job := waiting.get()) is not None:
            try:
                _each(act, [job])
            finally:
                done.put(None)
    finally:
        connection.close()


def _each(act: Act, jobs: Iterable[Job]) -> None:
    for job in jobs:
        try:
            act(job)
        except Exception:
            # What became of it is for the reconciler to find out, as if the worker had died here.
            log.exception("delivery_interrupted", job=job.text_id)
