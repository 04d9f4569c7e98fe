"""The database goes away while jobs are carried: whoever carried them lets them go when it is back."""

import pytest
from django.db import OperationalError, connection

from jobs.dispatch import claim
from jobs.dispatch.delivery import deliver_due
from jobs.models import Job
from jobs.sync.reconcile import reconcile
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch):
    """Have something fail at one step of a delivery, once."""

    def arrange(place: str, trouble: Exception) -> None:
        left = [place]

        def reached(name: str) -> None:
            if name in left:
                left.clear()
                raise trouble

        monkeypatch.setattr("jobs.dispatch.delivery.hit_failpoint", reached)
        # It would close the connection with the test's own transaction.
        monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)

    return arrange


def job_at(url: str) -> Job:
    return make.job(make.submission(where=make.account(endpoint_url=url)))


def test_a_job_that_was_only_taken_is_free_at_once_and_nobody_is_blamed(fail_at):
    with http_wire.wire(http_wire.lists(), http_wire.accepts) as aws:
        job = job_at(aws.url)
        fail_at("claimed", OperationalError("the connection is lost"))
        deliver_due(job.account)

    job.refresh_from_db()
    assert (job.delivery, job.epoch, job.lost_workers) == ("SENT", 2, 0)


def test_a_job_whose_id_could_not_be_written_is_looked_for_at_once(fail_at):
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url)
        fail_at("answered", OperationalError("the connection is lost"))
        deliver_due(job.account)
        aws.answers[:] = [http_wire.lists({"jobName": job.marker, "jobId": http_wire.ACCEPTED_ID, "createdAt": 1})]
        assert reconcile(job.account) == 1

    job.refresh_from_db()
    assert (job.delivery, job.batch_id) == ("SENT", http_wire.ACCEPTED_ID)


def test_what_nobody_foresaw_is_blamed_on_the_job_as_if_its_worker_had_died(fail_at):
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url)
        fail_at("claimed", ValueError("nobody foresaw this"))
        deliver_due(job.account)

    job.refresh_from_db()
    assert (job.delivery, job.epoch) == ("ACCEPTED", 1)
    assert job.lease_until is not None


@pytest.mark.parametrize("shared", ["client_for", "TeamGrants.for_team"])
def test_no_job_is_blamed_if_what_all_of_them_need_fails(monkeypatch, shared):
    def fail(*_: object) -> None:
        raise ValueError("Invalid endpoint")

    monkeypatch.setattr(f"jobs.dispatch.delivery.{shared}", fail)
    job = make.job()
    with pytest.raises(ValueError, match="Invalid endpoint"):
        deliver_due(job.account)

    job.refresh_from_db()
    assert (job.delivery, job.lease_until, job.lost_workers) == ("ACCEPTED", None, 0)


def test_a_job_that_another_worker_took_meanwhile_is_left_to_it():
    job = make.job(make.submission())
    [taken] = claim.claim_jobs(job.account, 1)
    Job.objects.filter(pk=job.pk).update(epoch=2)
    claim.release_leases([taken])

    job.refresh_from_db()
    assert job.lease_until is not None
