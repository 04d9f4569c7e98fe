"""What a person must decide: jobs that end workers, and jobs of teams that want to be asked."""

import time
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from jobs import actions
from jobs.aws import batch
from jobs.aws.session import DualClock
from jobs.dispatch import delivery_log
from jobs.dispatch.claim import claim_jobs
from jobs.dispatch.delivery import deliver_due
from jobs.models import Job
from jobs.states import Delivery
from jobs.sync.reconcile import reconcile
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

LONG_AGO = timedelta(hours=1)


def reload(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def expire_lease(job: Job) -> None:
    """The worker that has it dies, and its lease lapses."""
    Job.objects.filter(pk=job.pk).update(lease_until=now() - timedelta(seconds=1))


def test_a_job_that_ended_three_workers_is_held_with_the_reason():
    job = make.job()
    for _ in range(3):
        assert claim_jobs(job.account, 10)
        expire_lease(job)
    assert claim_jobs(job.account, 10) == []

    assert reload(job).delivery == Delivery.HELD
    assert "stopped unexpectedly 3 times" in reload(job).delivery_note


def test_a_job_whose_worker_vanished_is_taken_alone_and_takes_no_other_with_it():
    account = make.account()
    submission = make.submission(where=account)
    deadly, innocent = make.job(submission), make.job(submission)
    assert len(claim_jobs(account, 10)) == 2
    expire_lease(deadly)
    expire_lease(innocent)
    young = make.job(submission)

    assert [job.pk for job in claim_jobs(account, 10)] == [deadly.pk]
    assert [job.pk for job in claim_jobs(account, 10)] == [innocent.pk]
    assert [job.pk for job in claim_jobs(account, 10)] == [young.pk]


def test_workers_that_vanish_after_the_intent_count_too():
    with http_wire.wire(http_wire.lists()) as aws:
        job = make.job(
            make.submission(where=make.account(endpoint_url=aws.url)),
            delivery=Delivery.SENDING,
            epoch=3,
            lost_workers=2,
            sent_at=now() - LONG_AGO,
            lease_until=now() - LONG_AGO,
        )
        job.deliveries.create(epoch=3, marked_at=now())
        reconcile(job.account)

    assert (reload(job).delivery, reload(job).lost_workers) == (Delivery.HELD, 3)


@pytest.mark.long
def test_an_answer_that_was_lost_is_no_workers_death():
    with http_wire.wire(http_wire.breaks, http_wire.lists()) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        for _ in range(4):
            aws.answers[:] = [http_wire.breaks] if reload(job).epoch == 0 else [http_wire.lists(), http_wire.breaks]
            deliver_due(job.account)
            aws.answers[:] = [http_wire.lists()]
            Job.objects.update(sent_at=now() - LONG_AGO, next_try_at=None)
            reconcile(job.account)
            Job.objects.update(next_try_at=None)

    assert (reload(job).delivery, reload(job).lost_workers) == (Delivery.ACCEPTED, 0)


@pytest.fixture
def approving_lead():
    """A lead of a team that wants to be asked."""
    return make.member(make.team(resubmit_by_itself=False), role="lead")


def held_job(lead, url: str) -> Job:
    job = make.job(make.submission(lead, make.account(endpoint_url=url)))
    deliver_due(job.account)
    Job.objects.update(sent_at=now() - LONG_AGO, next_try_at=None)
    reconcile(job.account)
    return reload(job)


@pytest.mark.long
def test_a_team_that_wants_to_be_asked_is_asked_and_its_lead_releases(approving_lead):
    with http_wire.wire(http_wire.breaks, http_wire.lists(), http_wire.lists(), http_wire.accepts) as aws:
        job = held_job(approving_lead, aws.url)
        assert job.delivery == Delivery.HELD
        assert deliver_due(job.account) == 0

        assert actions.release(job, approving_lead)
        deliver_due(job.account)

    assert aws.paths() == ["/v1/submitjob", "/v1/listjobs", "/v1/listjobs", "/v1/submitjob"]
    assert reload(job).delivery == Delivery.SENT


def test_only_a_lead_releases_and_only_what_is_held(approving_lead):
    job = make.job(make.submission(approving_lead), delivery=Delivery.HELD)
    analyst = make.member(approving_lead.team)

    with pytest.raises(PermissionDenied):
        actions.release(job, analyst)
    assert reload(job).delivery == Delivery.HELD
    assert actions.release(job, approving_lead)
    assert not actions.release(reload(job), approving_lead)


def test_what_is_held_can_be_stopped_for_good(approving_lead):
    job = make.job(make.submission(approving_lead), delivery=Delivery.HELD)

    assert actions.stop(job, approving_lead)
    assert not actions.release(reload(job), approving_lead)
    assert reload(job).delivery == Delivery.WITHDRAWN


def test_a_stop_that_comes_while_the_request_is_under_way_counts_when_aws_did_not_take_it(monkeypatch):
    """The worker's copy of the job does not know of the wish."""
    with http_wire.wire(http_wire.throttles) as aws:
        member = make.member()
        job = make.job(make.submission(member, make.account(endpoint_url=aws.url)))
        submit = batch.submit

        def stop_and_submit(client, request):
            actions.stop(reload(job), member)
            return submit(client, request)

        monkeypatch.setattr(batch, "submit", stop_and_submit)
        deliver_due(job.account)

    assert reload(job).delivery == Delivery.WITHDRAWN
    assert reload(job).ended_at is not None


def test_a_worker_that_was_paused_right_after_writing_its_intent_sends_nothing(monkeypatch):
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        write, steady = delivery_log._write_intents, time.monotonic

        def paused(*asked):
            intents = write(*asked)
            monkeypatch.setattr(time, "monotonic", lambda: steady() + 11)
            return intents

        monkeypatch.setattr(delivery_log, "_write_intents", paused)
        deliver_due(job.account)

    assert aws.requests == []
    assert reload(job).delivery == Delivery.ACCEPTED
    assert reload(job).deliveries.get().outcome == "retry"


def test_a_machine_that_stood_still_knows_it_by_its_wall_clock(monkeypatch):
    moment = DualClock()
    wall = time.time
    monkeypatch.setattr(time, "time", lambda: wall() + 900)

    assert moment.elapsed_seconds() > 899


def test_a_stop_that_comes_just_as_a_job_is_put_back_counts(monkeypatch):
    """Between the question whether it was stopped and the answer that it was not."""
    job = make.job(delivery=Delivery.SENDING, epoch=1)
    advance = Job.advance

    def advance_and_stop(self, *rest, **fields):
        moved = advance(self, *rest, **fields)
        Job.objects.update(stop_requested_at=now())
        return moved

    monkeypatch.setattr(Job, "advance", advance_and_stop)
    assert not job.requeue("AWS was too busy.", source="test")
    assert reload(job).delivery == Delivery.SENDING


def test_a_job_whose_worker_vanished_once_goes_alone_ever_after():
    first = make.job(lost_workers=1)
    second = make.job(first.submission)

    assert [job.pk for job in claim_jobs(first.account, 10)] == [first.pk]
    assert [job.pk for job in claim_jobs(first.account, 10)] == [second.pk]
