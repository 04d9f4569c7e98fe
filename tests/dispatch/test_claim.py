"""What a worker believes of a job it took was true when it took it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import OutcomeUnknownError
from jobs.aws.session import Purpose, client_for
from jobs.dispatch import claim
from jobs.dispatch.claim import claim_jobs
from jobs.dispatch.delivery import deliver_due, send
from jobs.dispatch.delivery_log import DeliveryLog
from jobs.models import Job
from jobs.policy.grants import TeamGrants
from jobs.states import Delivery
from tests import http_wire, make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def job_statements():
    """For each statement that names the jobs' table: its first word, and whether a transaction was open."""
    heard: list[tuple[str, bool]] = []

    def listen(execute, sql, params, many, context):
        if '"jobs_job"' in sql:
            heard.append((sql.split()[0], connection.in_atomic_block))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        yield heard


def test_a_claimed_job_is_read_back_before_anyone_else_can_take_it(job_statements):
    job = make.job()
    job_statements.clear()

    assert claim_jobs(job.account, 5) == [job]

    after_the_update = job_statements[[word for word, _ in job_statements].index("UPDATE") :]
    assert len(after_the_update) > 1
    assert all(inside for _, inside in after_the_update)


def test_a_copy_that_shows_somebody_elses_turn_is_not_sent():
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)), delivery=Delivery.SENDING, epoch=2)
        send(job, client_for(job.account, "batch", Purpose.SUBMIT), TeamGrants.for_team(job.team), DeliveryLog())

    assert aws.requests == []
    assert Job.objects.get(pk=job.pk).delivery == Delivery.SENDING


def claimed_job(**fields: Any) -> Job:
    """A job that a worker has just taken, as that worker has it."""
    return make.job(epoch=1, lease_until=now() + timedelta(seconds=60), **fields)


def reload(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


RESTING = {"next_try_at": timedelta(seconds=30)}
LAPSED = {"lease_until": timedelta(seconds=-1)}
RESTED = {"next_try_at": timedelta(seconds=-1)}
LEASED = {"lease_until": timedelta(seconds=30)}


@pytest.mark.parametrize(
    ("times", "delivery", "free"),
    [
        ({}, Delivery.ACCEPTED, True),
        (LAPSED, Delivery.ACCEPTED, True),
        (LEASED, Delivery.ACCEPTED, False),
        (RESTED, Delivery.ACCEPTED, True),
        (RESTING, Delivery.ACCEPTED, False),
        ({}, Delivery.HELD, False),
        (LAPSED, Delivery.SENDING, False),
    ],
)
def test_a_job_is_taken_if_it_is_accepted_rested_and_nobodys(times, delivery, free):
    job = make.job(delivery=delivery, **{name: now() + ago for name, ago in times.items()})

    assert [each.pk for each in claim._lease_jobs([job.pk], is_idle=True)] == [job.pk] * free


def test_whoever_takes_a_job_has_it_for_a_while_and_in_a_turn_of_its_own():
    job = make.job(epoch=3)
    assert claim_jobs(job.account, 1) == [job]

    assert reload(job).epoch == 4
    assert reload(job).lease_until is not None
    assert reload(job).lease_until > now() + timedelta(seconds=30)


def test_jobs_in_hand_keep_no_other_waiting():
    first = claimed_job()
    second = make.job(first.submission)

    assert [job.pk for job in claim_jobs(first.account, 1)] == [second.pk]


@pytest.mark.parametrize("moved", [{"epoch": 2}, {"delivery": Delivery.SENDING}, {"delivery": Delivery.HELD}])
def test_a_copy_moves_its_job_only_while_it_is_as_the_copy_has_it(moved):
    job = claimed_job()
    copy = reload(job)
    Job.objects.update(**moved)

    assert not copy.advance(Delivery.REFUSED, source="test")
    assert reload(job).delivery == moved.get("delivery", Delivery.ACCEPTED)
    assert reload(job).advance(Delivery.REFUSED, source="test")


@pytest.mark.parametrize("moved", [{"epoch": 2}, {"delivery": Delivery.HELD}])
def test_a_job_that_was_taken_or_moved_meanwhile_is_not_given_back(moved):
    mine, moving = claimed_job(), claimed_job()
    Job.objects.filter(pk=moving.pk).update(**moved)
    claim.release_leases([mine, moving])

    assert reload(mine).lease_until is None
    assert reload(moving).lease_until is not None


def test_a_job_that_is_stopped_before_its_intent_is_not_sent(monkeypatch):
    def stop_at(place: str) -> None:
        if place == "claimed":
            Job.objects.update(stop_requested_at=now())

    monkeypatch.setattr("jobs.dispatch.delivery.hit_failpoint", stop_at)
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        deliver_due(job.account)

    assert aws.requests == []
    assert reload(job).delivery == Delivery.ACCEPTED


@pytest.mark.long
@pytest.mark.parametrize("moved", [{"epoch": 2}, {"delivery": Delivery.HELD}])
def test_a_worker_whose_answer_is_unclear_leaves_a_job_that_has_moved_on(monkeypatch, moved):
    [job] = claim_jobs(make.job().account, 1)

    def unclear(*_: object) -> None:
        Job.objects.update(**moved)
        raise OutcomeUnknownError("No answer came.")

    monkeypatch.setattr(batch, "submit", unclear)
    send(job, client_for(job.account, "batch", Purpose.SUBMIT), TeamGrants.for_team(job.team), DeliveryLog())

    assert reload(job).lease_until > now()
    assert reload(job).delivery_note == ""
