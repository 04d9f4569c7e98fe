"""Jobs of which nobody knows whether AWS has them: which are looked for, when, and what a look may change."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils.timezone import now

from jobs.models import Job
from jobs.states import Delivery
from jobs.sync import reconcile as reconciling
from jobs.sync.reconcile import has_due_jobs, reconcile
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def sending_job(url: str = "http://127.0.0.1:9", **fields: Any) -> Job:
    """Sent, perhaps, by a worker that is gone; the quarantine of 30 s is over."""
    past = now() - timedelta(minutes=1)
    given = {"delivery": Delivery.SENDING, "epoch": 1, "sent_at": past, "lease_until": past, **fields}
    return make.job(make.submission(where=make.account(endpoint_url=url)), **given)


def reload(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_job_whose_worker_is_gone_is_looked_for():
    assert has_due_jobs(sending_job().account)


def test_a_job_in_a_living_workers_hands_is_not_looked_for():
    with http_wire.wire(http_wire.lists()) as aws:
        job = sending_job(aws.url, lease_until=now() + timedelta(seconds=30))
        assert not has_due_jobs(job.account)
        reconcile(job.account)

    assert aws.requests == []
    assert reload(job).delivery == Delivery.SENDING


@pytest.mark.parametrize("delivery", [Delivery.ACCEPTED, Delivery.HELD])
def test_a_job_that_was_not_sent_is_not_looked_for(delivery):
    assert not has_due_jobs(sending_job(delivery=delivery).account)


@pytest.mark.parametrize(("seconds", "due"), [(-1, True), (30, False)])
def test_a_job_that_was_not_found_is_looked_for_again_when_it_is_time(seconds, due):
    job = sending_job(next_try_at=now() + timedelta(seconds=seconds))

    assert has_due_jobs(job.account) is due


def test_a_quarantine_that_ends_while_aws_is_asked_has_not_ended(monkeypatch):
    """What the list does not have was true when it was asked for, not when it came."""
    with time_machine.travel(now(), tick=False) as clock:
        job = sending_job(sent_at=now() - timedelta(seconds=29))

        def slow(*_: object) -> list[str]:
            clock.shift(10)
            return []

        monkeypatch.setattr("jobs.aws.batch.find_job_ids", slow)
        reconcile(job.account)

    assert reload(job).delivery == Delivery.SENDING


@pytest.mark.parametrize("moved", [{"epoch": 2}, {"delivery": Delivery.ACCEPTED}])
def test_a_look_that_found_nothing_changes_nothing_of_a_job_that_has_moved_on(moved):
    job = sending_job()
    copy = reload(job)
    Job.objects.update(**moved)
    reconciling._postpone(copy)
    assert reload(job).next_try_at is None

    reconciling._postpone(reload(job))
    assert reload(job).next_try_at is not None


def test_a_worker_that_vanished_in_an_earlier_turn_is_not_counted_again():
    with http_wire.wire(http_wire.lists()) as aws:
        job = sending_job(aws.url, epoch=2, lost_workers=1)
        job.deliveries.create(epoch=1, marked_at=now())
        job.deliveries.create(epoch=2, marked_at=now(), outcome="unknown")
        reconcile(job.account)

    assert (reload(job).delivery, reload(job).lost_workers) == (Delivery.ACCEPTED, 1)
