"""AWS's list of jobs beside ours: what should not be there, and what we had forgotten."""

import time
from datetime import timedelta

import pytest
from django.utils.timezone import now

from jobs.dispatch.submit_request import portal_tags
from jobs.models import Discrepancy, DiscrepancyKind, Queue, StateChange
from jobs.states import Delivery, State
from jobs.sync.compare import compare_queues
from tests import make
from tests.sync.batch_jobs import Batch, forgotten_job, job_at, reload, tags_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def test_of_two_jobs_with_one_marker_the_recorded_one_stays_and_the_other_is_ended_and_counted_once(aws):
    job = job_at(aws, batch_id="recorded")
    aws.has(job.marker, "older", 1, **tags_of(job))
    aws.has(job.marker, "recorded", 2, **tags_of(job))
    for _ in range(2):
        compare_queues(job.account, every=timedelta(0))

    assert set(aws.ended) == {"older"}
    assert set(aws.reasons) == {"Terminated by Batch Portal: duplicate of recorded."}
    assert reload(job).batch_id == "recorded"
    assert [(discrepancy.kind, discrepancy.batch_id) for discrepancy in Discrepancy.objects.all()] == [
        (DiscrepancyKind.DUPLICATE, "older")
    ]
    assert StateChange.objects.get(job=job).note == "AWS has a second job older. It was terminated."


def test_of_two_jobs_that_were_never_recorded_the_earliest_is_adopted(aws):
    job = job_at(aws, delivery=Delivery.SENDING, epoch=2, lease_until=now() - timedelta(seconds=1))
    aws.has(job.marker, "first", 1, **tags_of(job))
    aws.has(job.marker, "second", 2, **tags_of(job))
    compare_queues(job.account)

    assert reload(job).batch_id == "first"
    assert aws.ended == ["second"]


def test_a_copy_that_someone_made_by_hand_is_left_alone(aws):
    job = job_at(aws, batch_id="recorded")
    aws.has(job.marker, "recorded", **tags_of(job))
    aws.has(job.marker, "copy", 2, tags={"Project": "mine"})
    compare_queues(job.account)

    assert aws.ended == []
    assert not Discrepancy.objects.exists()


def test_a_job_in_a_living_workers_hands_is_left_to_it(aws):
    job = job_at(aws, delivery=Delivery.SENDING, epoch=1, lease_until=now() + timedelta(seconds=30))
    aws.has(job.marker, "just-now", **tags_of(job))
    compare_queues(job.account)

    assert (reload(job).delivery, aws.ended) == (Delivery.SENDING, [])


def test_a_job_that_the_database_forgot_was_sent_is_adopted_and_not_sent_again(aws):
    job = job_at(aws)
    aws.has(job.marker, "sent-before", **tags_of(job))
    compare_queues(job.account)

    assert (reload(job).delivery, reload(job).batch_id) == (Delivery.SENT, "sent-before")


def test_a_job_that_is_about_to_be_sent_although_aws_has_it_is_adopted(aws):
    job = job_at(aws, epoch=1, lease_until=now() + timedelta(seconds=30))
    aws.has(job.marker, "sent-before", **tags_of(job))
    compare_queues(job.account)

    assert reload(job).batch_id == "sent-before"


@pytest.mark.parametrize(("tag", "value"), [("portal:installation", "another"), ("portal:job", "another")])
def test_a_second_job_whose_tags_name_another_is_not_ended(aws, tag, value):
    job = job_at(aws, batch_id="recorded")
    aws.has(job.marker, "recorded", **tags_of(job))
    aws.has(job.marker, "second", 2, tags={**portal_tags(job), tag: value})
    compare_queues(job.account)

    assert aws.ended == []


def test_a_job_that_was_withdrawn_and_runs_all_the_same_is_ended(aws):
    job = job_at(aws, delivery=Delivery.WITHDRAWN)
    aws.has(job.marker, "unwanted", **tags_of(job))
    compare_queues(job.account)

    assert aws.ended == ["unwanted"]
    assert aws.reasons == ["Terminated by Batch Portal: the job was withdrawn before."]
    note = "Found in AWS after it was withdrawn: unwanted. It was terminated."
    assert StateChange.objects.get(job=job).note == note
    assert reload(job).delivery == Delivery.WITHDRAWN
    assert Discrepancy.objects.get().kind == DiscrepancyKind.UNWANTED


def test_a_second_job_that_has_ended_is_recorded_and_not_terminated(aws):
    job = job_at(aws, batch_id="recorded")
    aws.has(job.marker, "recorded", 2, **tags_of(job))
    aws.has(job.marker, "older", 1, **tags_of(job) | {"status": "FAILED"})
    compare_queues(job.account)

    assert aws.ended == []
    assert StateChange.objects.get(job=job).note == "AWS has a second job older."


def test_names_that_only_look_like_ours_are_nobodys(aws):
    job = job_at(aws, batch_id="j-1")
    for name in ["hello", "x-" + "z" * 26, "-", "nightly-0123456789abcdefghijklmnop"]:
        aws.has(name, f"id-{name}")
    compare_queues(job.account)

    assert not Discrepancy.objects.exists()


def test_a_queue_is_compared_every_five_minutes_with_what_is_new_and_a_bit_of_what_is_not(aws):
    job = job_at(aws, batch_id="j-1")
    assert compare_queues(job.account) == 1
    assert compare_queues(job.account) == 0

    before = now() - timedelta(minutes=6)
    Queue.objects.update(compared_at=before)
    assert compare_queues(job.account) == 1
    [condition] = aws.asked[-1]["filters"]
    assert condition["name"] == "AFTER_CREATED_AT"
    assert int(condition["values"][0]) / 1000 == pytest.approx((before - timedelta(minutes=10)).timestamp(), abs=1)


def test_a_long_list_is_read_a_part_at_a_time(aws, monkeypatch):
    job = job_at(aws, batch_id="j-1")
    pages = iter([{"nextToken": "2"}, {"nextToken": "3"}, {}])
    monkeypatch.setattr(Batch, "listjobs", lambda *_: {"jobSummaryList": [], **next(pages)})

    assert [compare_queues(job.account, seconds=-1) for _ in range(4)] == [0, 0, 0, 1]


def test_a_list_with_a_job_that_cannot_be_read_is_used_and_read_again(aws, monkeypatch):
    job = job_at(aws, batch_id="first", delivery=Delivery.SENT, state=State.RUNNING)
    aws.has(job.marker, "first", **tags_of(job))
    aws.has(job.marker, "second", **tags_of(job))
    whole = aws.listjobs
    monkeypatch.setattr(aws, "listjobs", lambda request: {
        "jobSummaryList": [{"jobName": 5, "jobId": "x"}, *whole(request)["jobSummaryList"]]
    })  # fmt: skip

    assert compare_queues(job.account) == 0
    assert aws.ended == ["second"]
    assert Queue.objects.get().compared_at is None

    monkeypatch.setattr(aws, "listjobs", whole)
    assert compare_queues(job.account) == 1


@pytest.mark.parametrize("odd", [{"jobName": 5}, {"jobDefinition": 5}, {"tags": {}}, {"container": {"command": [5]}}])
def test_a_job_without_a_row_whose_description_is_odd_stops_no_comparison(aws, odd):
    job = forgotten_job(aws)
    aws.jobs[0] |= odd
    listed = {"jobName": job.marker, "jobId": aws.jobs[0]["jobId"], "createdAt": 1}
    aws.listjobs = lambda _: {"jobSummaryList": [listed]}

    assert compare_queues(job.account) == 1


def test_when_aws_does_not_answer_the_queue_stays_due():
    job = make.job(batch_id="j-1")
    began = time.monotonic()
    assert compare_queues(job.account) == 0
    assert Queue.objects.get().compared_at is None
    assert time.monotonic() - began < 20
