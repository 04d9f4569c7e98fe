"""Threads that deliver jobs side by side: every job, whatever one of them meets."""

import threading

import pytest

from jobs.dispatch.worker_pool import worker_pool
from jobs.models import Job

pytestmark = pytest.mark.django_db  # each thread closes its connection at its end


def test_a_pool_takes_jobs_while_others_run_and_ends_when_each_was_run() -> None:
    names: list[str] = []
    go_on = threading.Event()

    def deliver(job: Job) -> None:
        go_on.wait(10)
        names.append(job.name)

    with worker_pool(deliver, threads=3) as pool:
        pool.add([Job(name=str(number)) for number in range(7)])
        pool.wait_for_room(4)
        assert (pool.waiting_count, pool.is_idle, pool.wait_until_idle(0.01)) == (4, False, False)
        go_on.set()
        pool.add([Job(name="7")])

    assert sorted(names) == list("01234567")
    assert (pool.waiting_count, pool.is_idle) == (0, True)


def test_jobs_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=10)

    def deliver(_job: Job) -> None:
        both.wait()

    with worker_pool(deliver, threads=2) as pool:
        pool.add([Job(name="a"), Job(name="b")])

    assert not both.broken


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_of_one_job_leaves_the_others_alone(threads: int) -> None:
    names: list[str] = []

    def deliver(job: Job) -> None:
        if job.name == "b":
            raise ValueError(job.name)
        names.append(job.name)

    with worker_pool(deliver, threads) as pool:
        pool.add([Job(name=name) for name in "abcd"])
        assert pool.wait_until_idle(10)

    assert sorted(names) == ["a", "c", "d"]


def test_the_threads_end_with_the_pool() -> None:
    before = threading.active_count()

    with worker_pool(lambda _job: None, threads=3) as pool:
        pool.add([Job(name=str(number)) for number in range(3)])
        assert threading.active_count() > before

    assert threading.active_count() == before
