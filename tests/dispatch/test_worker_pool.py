"""Threads that deliver jobs side by side: every job of a round, whatever one of them meets."""

import threading

import pytest

from jobs.dispatch.worker_pool import worker_pool
from jobs.models import Job

pytestmark = pytest.mark.django_db  # each thread closes its connection at its end


def test_a_round_ends_when_every_job_of_it_was_run() -> None:
    names: list[str] = []

    with worker_pool(lambda job: names.append(job.name), threads=3) as run:
        run(Job(name=str(number)) for number in range(7))
        assert sorted(names) == list("0123456")
        run([Job(name="7")])

    assert names[-1] == "7"


def test_jobs_of_a_round_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=10)

    def deliver(_job: Job) -> None:
        both.wait()

    with worker_pool(deliver, threads=2) as run:
        run([Job(name="a"), Job(name="b")])

    assert not both.broken


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_one_job_leaves_the_others_alone(threads: int) -> None:
    names: list[str] = []

    def deliver(job: Job) -> None:
        if job.name == "b":
            raise ValueError(job.name)
        names.append(job.name)

    with worker_pool(deliver, threads) as run:
        run(Job(name=name) for name in "abcd")

    assert sorted(names) == ["a", "c", "d"]


def test_the_threads_end_with_the_pool() -> None:
    before = threading.active_count()

    with worker_pool(lambda _job: None, threads=3) as run:
        run(Job(name=str(number)) for number in range(3))
        assert threading.active_count() > before

    assert threading.active_count() == before
