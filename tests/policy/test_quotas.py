"""Ceilings on what runs at once, as plain values."""

from decimal import Decimal

import pytest

from jobs.models import Job
from jobs.policy.grants import QueueUsage, queue_usage
from jobs.policy.quotas import limited_queues, quota_violations
from jobs.states import Delivery, State
from tests import make
from tests.policy.samples import QUEUE, grants_with, job

ARRAY = {"arrayProperties": {"size": 10}}


def quota_rules(asks, taken, **ceilings):
    told = quota_violations(asks, grants_with(ceilings=ceilings), {QUEUE: taken})
    return [(number, objection.rule, objection.pointer) for number, objection in told]


def test_so_many_jobs_at_once_and_not_one_more():
    assert quota_rules([job(), job()], QueueUsage(jobs=1), active_jobs=3) == []
    assert quota_rules([job(), job()], QueueUsage(jobs=2), active_jobs=3) == [
        (0, "policy.no-room-for-jobs", "/jobQueue")
    ]


def test_each_child_of_an_array_is_a_job():
    assert quota_rules([job(ARRAY)], QueueUsage(), active_jobs=10) == []
    assert quota_rules([job(ARRAY)], QueueUsage(jobs=1), active_jobs=10) == [
        (0, "policy.no-room-for-jobs", "/jobQueue")
    ]


def test_so_many_vcpus_at_once_and_not_one_more():
    """Each job of these asks for 2."""
    assert quota_rules([job()], QueueUsage(1, Decimal(2)), active_vcpus=4) == []
    assert quota_rules([job()], QueueUsage(1, Decimal("2.25")), active_vcpus=4) == [
        (0, "policy.no-room-for-vcpus", "/jobQueue")
    ]
    assert quota_rules([job(ARRAY)], QueueUsage(), active_vcpus=19) == [(0, "policy.no-room-for-vcpus", "/jobQueue")]


def test_it_is_told_at_the_first_job_for_the_queue():
    elsewhere = job(queue_id=8)

    assert quota_rules([elsewhere, job()], QueueUsage(jobs=3), active_jobs=3)[0][0] == 1


def test_nothing_is_counted_where_no_ceiling_asks_for_it():
    assert limited_queues([job()], grants_with(ceilings={"vcpus": 1})) == set()
    assert limited_queues([job()], grants_with(ceilings={"active_vcpus": 1})) == {QUEUE}


@pytest.mark.django_db
@pytest.mark.postgres
def test_what_is_accepted_or_runs_is_counted_and_what_has_ended_is_not():
    submission = make.submission()
    first = make.job(submission, vcpus=2)
    queue = first.queue
    make.job(submission, vcpus=2, delivery=Delivery.SENDING)
    make.job(submission, vcpus=Decimal("0.25"), array_size=4, state=State.RUNNING)
    make.job(submission, vcpus=8, state=State.SUCCEEDED)
    make.job(submission, vcpus=8, delivery=Delivery.REFUSED)
    make.job(make.submission(where=queue.account), vcpus=8)

    assert Job.objects.filter(queue=queue).count() == 6
    assert queue_usage(submission.team, [queue.pk]) == {queue.pk: QueueUsage(6, Decimal(5))}
