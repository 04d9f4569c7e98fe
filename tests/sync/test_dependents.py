"""What the end of a job sets off at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from jobs.aws.batch import Observation
from jobs.models import Job, Submission
from jobs.states import Delivery, State
from jobs.sync.apply import apply, apply_all
from tests import make
from tests.sync.due import due_jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


def waiting_job(submission: Submission, *parents: Job, **fields: object) -> Job:
    job = make.job(submission, **{"state": State.PENDING, "next_poll_at": now() + timedelta(minutes=3), **fields})
    for parent in parents:
        job.dependencies.create(parent=parent)
    return job


def end(job: Job, state: str = "SUCCEEDED") -> None:
    apply(Job.objects.get(pk=job.pk), Observation(batch_id=job.batch_id or "", state=state), source="poll")


def is_due(job: Job) -> bool:
    return due_jobs().filter(pk=job.pk).exists()


def test_what_aws_starts_after_a_job_is_polled_at_once():
    parent = make.job(state=State.RUNNING)
    child, other = waiting_job(parent.submission, parent), waiting_job(parent.submission)
    end(parent)

    assert (is_due(child), is_due(other)) == (True, False)


@pytest.mark.parametrize(("state", "due"), [("SUCCEEDED", False), ("FAILED", True)])
def test_what_still_waits_for_another_job_is_polled_only_if_a_failure_ends_it(state, due):
    parent = make.job(state=State.RUNNING)
    sibling = make.job(parent.submission, state=State.RUNNING)
    child = waiting_job(parent.submission, parent, sibling)
    end(parent, state)
    assert is_due(child) is due

    end(sibling)
    assert is_due(child)


def test_what_has_ended_is_left_alone():
    parent = make.job(state=State.RUNNING)
    child = waiting_job(parent.submission, parent, state=State.FAILED)
    end(parent)

    assert not is_due(child)


@pytest.mark.parametrize(("state", "count"), [("RUNNING", 0), ("SUCCEEDED", 1)])
def test_what_the_portal_submits_after_a_job_is_delivered_at_once(enqueued, state, count):
    parent = make.job(state=State.STARTING)
    for _ in range(2):
        waiting_job(parent.submission, parent, state="", delivery=Delivery.ACCEPTED)
    end(parent, state)

    assert enqueued.count("deliver") == count


def test_the_end_of_many_jobs_costs_as_many_statements_as_that_of_one():
    submission = make.submission()
    counts = []
    for size in (1, 10):
        jobs = [make.job(submission, state=State.RUNNING) for _ in range(size)]
        for job in jobs:
            waiting_job(submission, job)
        with CaptureQueriesContext(connection) as queries:
            apply_all([(job, Observation(job.batch_id or "", "SUCCEEDED")) for job in jobs], source="poll")
        counts.append(len(queries))

    assert counts[0] == counts[1]
