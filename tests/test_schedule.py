from datetime import timedelta

import pytest

from jobs.models import Job, Lease
from jobs.schedule import duties, tick
from jobs.states import State
from tests import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def test_a_ring_that_was_lost_is_rung_again_by_the_clock(rings):
    make.job()

    tick(duties(), 0)

    assert "deliver" in rings


def test_nothing_is_rung_for_when_there_is_nothing_to_do(rings):
    make.job(state=State.SUCCEEDED)

    tick(duties(), 0)

    assert set(rings) == {"sync_queues"}


def test_active_jobs_are_polled_and_stopped_ones_told(rings):
    make.job(state=State.RUNNING, stop_requested_at="2026-01-01T00:00Z")

    tick(duties(), 0)

    assert {"poll", "stop"} <= set(rings)


def test_each_duty_keeps_its_own_pace(rings):
    make.job()
    work = duties()
    for second in range(4):
        tick(work, float(second))

    assert rings.count("deliver") == 2


def test_one_duty_that_fails_leaves_the_others_alone(rings, monkeypatch):
    monkeypatch.setattr("jobs.schedule.reconcile", lambda _account: 1 / 0)
    make.job(state=State.RUNNING)

    tick(duties(), 0)

    assert "poll" in rings


def test_one_clock_works_and_another_waits_until_its_lease_lapses():
    span = timedelta(seconds=15)
    assert Lease.hold("clock", "a", span)
    assert Lease.hold("clock", "a", span)
    assert not Lease.hold("clock", "b", span)

    Lease.objects.update(until="2026-01-01T00:00Z")
    assert Lease.hold("clock", "b", span)
    Lease.release("clock", "a")
    assert not Lease.hold("clock", "a", span)


def test_a_job_that_waits_for_another_is_not_rung_for(rings):
    parent = make.job()
    child = make.job(parent.submission)
    child.waits_for.create(parent=parent)
    Job.objects.filter(pk=parent.pk).update(delivery="HELD")

    tick(duties(), 0)

    assert "deliver" not in rings
