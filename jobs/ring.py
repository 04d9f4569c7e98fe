"""Rings for a worker: a task by its dotted name, once the transaction is in.

A ring is only a hint. The rows say what is to be done, and the clock finds what nobody rang for; so a Redis that is
away is noted and forgiven, and nothing but ids ever travels through it.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import django_rq
import structlog
from django.db import transaction
from redis.exceptions import RedisError
from rq import Worker

log = structlog.get_logger(__name__)

Bell = Literal["ask", "deliver", "sync"]
KEEP_SECONDS = 120  # a ring that nobody heard for so long is worth nothing: the clock has rung since


def ring(task: str, *ids: int, bell: Bell, once: str = "") -> None:
    """Ask for `jobs.tasks.<task>(*ids)` after the commit.

    `once` names a moment, such as a tick of the clock: a second ring of that name is the same ring.
    """
    transaction.on_commit(partial(_ring, task, ids, bell, once), robust=True)


def _ring(task: str, ids: tuple[int, ...], bell: Bell, once: str) -> None:
    name = f"{task}-{'-'.join(map(str, ids))}-{once}" if once else None
    try:
        django_rq.get_queue(bell).enqueue_call(
            f"jobs.tasks.{task}",
            args=ids,
            job_id=name,
            ttl=KEEP_SECONDS,
            result_ttl=0,
            failure_ttl=24 * 3600,
        )
    except RedisError as error:
        log.warning("ring_not_heard", task=task, ids=ids, error=str(error))


@dataclass(frozen=True)
class Listener:
    """A worker that hears the bells, and when it last said that it is there."""

    name: str
    busy: bool
    seen_at: datetime | None


def listeners() -> list[Listener] | None:
    """The workers there are; None if Redis does not answer."""
    try:
        workers = Worker.all(connection=django_rq.get_connection("ask"))
    except RedisError:
        return None
    return [Listener(worker.name, worker.get_state() == "busy", worker.last_heartbeat) for worker in workers]
