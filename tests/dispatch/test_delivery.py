"""The protocol, one worker at a time, against a server that answers as it is told."""

import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils.timezone import now

from jobs import tasks
from jobs.aws import session
from jobs.aws.session import Purpose
from jobs.dispatch import delivery
from jobs.dispatch.claim import claim_jobs
from jobs.dispatch.delivery import deliver_due
from jobs.failpoints import FailpointError
from jobs.models import Job, JobDependency, QueueGrant, Rerun, Submission
from jobs.states import Delivery, State
from jobs.sync.reconcile import reconcile
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def job_at(url: str, **fields) -> Job:
    return make.job(make.submission(where=make.account(endpoint_url=url)), **fields)


def reload(job: Job) -> Job:
    return Job.objects.get(pk=job.pk)


def test_a_delivery_of_many_jobs_asks_for_another_only_if_more_are_due(
    monkeypatch, enqueued, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(tasks, "MAX_CLAIMED_JOBS", 1)
    monkeypatch.setattr(tasks, "MAX_THREADS", 1)
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url)
        with django_capture_on_commit_callbacks(execute=True):
            tasks.deliver(job.account_id)
        assert (reload(job).delivery, enqueued) == (Delivery.SENT, [])

        make.job(job.submission)
        monkeypatch.setattr(tasks, "deliver_due", lambda _account, **_: 1)
        with django_capture_on_commit_callbacks(execute=True):
            tasks.deliver(job.account_id)
        assert enqueued == ["deliver"]


def test_an_accepted_job_is_sent_once_under_its_marker_pinned_and_tagged():
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url, tags={"Project": "GenAI"})
        deliver_due(job.account)
        deliver_due(job.account)

    [(path, request)] = aws.requests
    assert path == "/v1/submitjob"
    assert request["jobName"] == job.marker
    assert request["jobDefinition"] == "hello:1"
    assert request["tags"]["Project"] == "GenAI"
    assert request["tags"]["portal:job"] == job.text_id
    assert {"name": "PORTAL_JOB_ID", "value": job.text_id} in request["containerOverrides"]["environment"]
    assert (reload(job).delivery, reload(job).batch_id, reload(job).state) == (
        "SENT",
        http_wire.ACCEPTED_ID,
        "SUBMITTED",
    )
    assert [change.delivery for change in job.history.all()] == ["SENDING", "SENT"]


def test_the_portal_s_own_variable_stands_once_and_an_empty_timeout_is_not_sent():
    forged = {"environment": [{"name": "PORTAL_JOB_ID", "value": "another"}, {"name": "A", "value": "1"}]}
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url)
        document = {**job.document, "containerOverrides": forged, "timeout": {}}
        Job.objects.filter(pk=job.pk).update(document=document)
        deliver_due(job.account)

    [(_, request)] = aws.requests
    own = {"name": "PORTAL_JOB_ID", "value": job.text_id}
    assert request["containerOverrides"]["environment"] == [{"name": "A", "value": "1"}, own]
    assert "timeout" not in request


def test_what_was_asked_for_stays_as_it_was_written():
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url)
        before = job.document
        deliver_due(job.account)

    assert reload(job).document == before


def test_a_refusal_ends_the_job_with_the_words_of_aws():
    with http_wire.wire(http_wire.refuses) as aws:
        job = job_at(aws.url)
        deliver_due(job.account)

    assert reload(job).delivery == Delivery.REFUSED
    assert reload(job).delivery_note == "Job name should match valid pattern (request request-1)"
    assert reload(job).is_note_from_aws
    assert reload(job).ended_at is not None


@pytest.mark.long
@pytest.mark.parametrize("answer", [http_wire.hang(), http_wire.trickle(), http_wire.trickle(headers=False)])
def test_a_submission_that_is_cut_off_is_unknown_and_not_sent_again(monkeypatch, answer):
    monkeypatch.setitem(session.CALL_TIMEOUT_SECONDS, Purpose.SUBMIT, 0.3)
    with http_wire.wire(answer) as aws:
        job = job_at(aws.url)
        began = time.monotonic()
        deliver_due(job.account)
        deliver_due(job.account)

        assert aws.paths() == ["/v1/submitjob"]
    assert time.monotonic() - began < 2
    assert reload(job).delivery == Delivery.SENDING
    assert [attempt.outcome for attempt in job.deliveries.all()] == ["unknown"]


def test_a_second_try_does_not_wait_long_for_the_look_before_it(monkeypatch):
    monkeypatch.setattr("jobs.dispatch.delivery.LOOKUP_TIMEOUT_SECONDS", 0.3)
    with http_wire.wire(http_wire.hang()) as aws:
        job = job_at(aws.url, epoch=1)
        began = time.monotonic()
        deliver_due(job.account)

        assert aws.paths() == ["/v1/listjobs"]
    assert time.monotonic() - began < 2
    assert reload(job).delivery == Delivery.ACCEPTED


@pytest.mark.long
def test_a_throttled_job_waits_and_is_looked_for_before_its_second_try():
    with http_wire.wire(http_wire.throttles, http_wire.lists(), http_wire.accepts) as aws:
        job = job_at(aws.url)
        deliver_due(job.account)
        assert reload(job).delivery == Delivery.ACCEPTED
        assert reload(job).next_try_at > now()
        deliver_due(job.account)
        assert len(aws.requests) == 1

        Job.objects.update(next_try_at=None)
        deliver_due(job.account)

    assert aws.paths() == ["/v1/submitjob", "/v1/listjobs", "/v1/submitjob"]
    assert reload(job).delivery == Delivery.SENT


@pytest.mark.parametrize(
    "answer",
    [
        http_wire.breaks,
        http_wire.hang_up,
        http_wire.truncated(),
        http_wire.reply(200, {"jobName": "x"}),
        http_wire.reply(200, {"jobId": 5}),
        http_wire.reply(200, {"jobId": "x" * 61}),
        http_wire.reply(200, {"jobId": {"id": "x"}}),
    ],
    ids=["5xx", "hung up", "truncated", "no id", "a number as id", "an id too long", "an object as id"],
)
def test_when_nobody_knows_the_job_is_left_alone_until_it_is_found(answer):
    with http_wire.wire(answer, http_wire.lists()) as aws:
        job = job_at(aws.url)
        deliver_due(job.account)
        deliver_due(job.account)
        assert reload(job).delivery == Delivery.SENDING
        assert aws.paths() == ["/v1/submitjob"]

        aws.answers[:] = [http_wire.lists({"jobId": "found-1", "jobName": job.marker, "createdAt": 1})]
        assert reconcile(job.account) == 1

    assert (reload(job).delivery, reload(job).batch_id) == (Delivery.SENT, "found-1")


@pytest.mark.long
def test_it_is_sent_again_only_when_it_stayed_away_for_the_whole_quarantine():
    with http_wire.wire(http_wire.breaks, http_wire.lists()) as aws:
        job = job_at(aws.url)
        deliver_due(job.account)

        reconcile(job.account)
        assert reload(job).delivery == Delivery.SENDING

        Job.objects.update(sent_at=now() - timedelta(seconds=31), next_try_at=None)
        reconcile(job.account)
        assert reload(job).delivery == Delivery.ACCEPTED

        aws.answers[:] = [http_wire.lists(), http_wire.accepts]
        Job.objects.update(next_try_at=None)
        deliver_due(job.account)

    assert reload(job).delivery == Delivery.SENT
    assert aws.paths().count("/v1/submitjob") == 2


def test_while_aws_cannot_say_whether_it_has_the_job_nothing_is_sent():
    with http_wire.wire(http_wire.breaks) as aws:
        job = job_at(aws.url)
        deliver_due(job.account)
        aws.answers[:] = [http_wire.reply(400, {"message": "no"}, "ClientException")]
        Job.objects.update(sent_at=now() - timedelta(hours=1))
        reconcile(job.account)

    assert reload(job).delivery == Delivery.SENDING


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"jobSummaryList": None},
        {"jobSummaryList": {}},
        {"jobSummaryList": ""},
        {"jobSummaryList": [5]},
        {"jobSummaryList": [{"jobId": "a"}]},
        {"jobSummaryList": [{"jobName": "x"}]},
        {"jobSummaryList": [], "nextToken": 5},
    ],
)
def test_a_list_that_is_not_whole_does_not_say_that_aws_has_no_such_job(body):
    with http_wire.wire(http_wire.breaks, http_wire.reply(200, body)) as aws:
        job = job_at(aws.url)
        deliver_due(job.account)
        Job.objects.update(sent_at=now() - timedelta(hours=1), next_try_at=None)
        reconcile(job.account)
        assert reload(job).delivery == Delivery.SENDING

        Job.objects.update(delivery=Delivery.ACCEPTED, lease_until=None, next_try_at=None)  # put back by a person
        deliver_due(job.account)

    assert aws.paths().count("/v1/submitjob") == 1
    assert reload(job).delivery == Delivery.ACCEPTED


def test_a_job_in_a_living_workers_hands_is_not_taken():
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url, epoch=2)
        assert claim_jobs(job.account, 1) == [job]

        assert claim_jobs(job.account, 1) == []
        deliver_due(job.account)

        assert aws.requests == []


def test_a_worker_that_woke_up_too_late_changes_nothing():
    job = make.job()
    [slow] = claim_jobs(job.account, 1)
    Job.objects.update(lease_until=now() - timedelta(seconds=1))
    [quick] = claim_jobs(job.account, 1)

    assert not slow.adopt("slow-1", source="test")
    assert quick.adopt("quick-1", source="test")
    assert reload(job).batch_id == "quick-1"


def test_a_step_is_sent_after_its_parent_and_names_the_parents_id():
    with http_wire.wire(http_wire.accepts, http_wire.reply(200, {"jobId": "child-1"})) as aws:
        parent = job_at(aws.url, name="first")
        child = make.job(parent.submission, name="second")
        JobDependency.objects.create(job=child, parent=parent)
        deliver_due(parent.account)

    assert [request["jobName"].split("-")[0] for _, request in aws.requests] == ["first", "second"]
    assert aws.requests[1][1]["dependsOn"] == [{"jobId": http_wire.ACCEPTED_ID}]


def test_a_parent_that_has_succeeded_is_not_named_because_aws_may_have_forgotten_it():
    with http_wire.wire(http_wire.accepts) as aws:
        child = job_at(aws.url, name="second")
        known = make.job(child.submission, name="first", state="SUCCEEDED")
        running = make.job(child.submission, name="other", state="RUNNING")
        entries = [{"jobId": known.batch_id}, {"jobId": running.batch_id}]
        Job.objects.filter(pk=child.pk).update(document={**child.document, "dependsOn": entries})
        step = make.job(child.submission, name="third", state="SUCCEEDED")
        for parent, batch_id in ((known, known.batch_id), (running, running.batch_id), (step, "")):
            JobDependency.objects.create(job=child, parent=parent, batch_id=batch_id or "")
        deliver_due(child.account)

    assert aws.requests[0][1]["dependsOn"] == [{"jobId": running.batch_id}]


def test_an_edge_between_arrays_keeps_its_type():
    with http_wire.wire(http_wire.accepts, http_wire.reply(200, {"jobId": "child-1"})) as aws:
        parent = job_at(aws.url, name="first", array_size=3)
        child = make.job(parent.submission, name="second", array_size=3)
        JobDependency.objects.create(job=child, parent=parent, kind="N_TO_N")
        deliver_due(parent.account)

    assert aws.requests[1][1]["dependsOn"] == [{"jobId": http_wire.ACCEPTED_ID, "type": "N_TO_N"}]


def test_a_step_whose_parent_was_refused_is_withdrawn_and_so_are_those_after_it():
    with http_wire.wire(http_wire.refuses) as aws:
        first = job_at(aws.url, name="first")
        second = make.job(first.submission, name="second")
        third = make.job(first.submission, name="third")
        JobDependency.objects.create(job=second, parent=first)
        JobDependency.objects.create(job=third, parent=second)
        deliver_due(first.account)
        deliver_due(first.account)

    assert len(aws.requests) == 1
    assert reload(second).delivery == reload(third).delivery == Delivery.WITHDRAWN
    assert reload(second).delivery_note == "It depends on first, which is refused."


@pytest.mark.parametrize(("on_refusal", "is_stopped"), [("stop", True), ("keep", False)])
def test_a_refusal_in_the_middle_stops_the_other_steps_unless_they_are_kept(on_refusal: str, is_stopped: bool):
    with http_wire.wire(http_wire.refuses) as aws:
        refused = job_at(aws.url, name="train")
        Submission.objects.filter(pk=refused.submission_id).update(job_count=4, on_refusal=on_refusal)
        running = make.job(refused.submission, name="load", state=State.RUNNING)
        done = make.job(refused.submission, name="init", state=State.SUCCEEDED, ended_at=now())
        held = make.job(refused.submission, name="report")
        JobDependency.objects.create(job=held, parent=running, condition="success")
        deliver_due(refused.account)

    assert reload(refused).delivery == Delivery.REFUSED
    assert reload(running).is_stopping == is_stopped
    assert reload(done).stop_requested_at is None
    assert reload(held).delivery == (Delivery.WITHDRAWN if is_stopped else Delivery.ACCEPTED)
    if is_stopped:
        assert reload(running).stop_reason == "Stopped because AWS Batch refused train."
        assert reload(held).delivery_note == "Withdrawn because AWS Batch refused train."


def test_a_refusal_is_recorded_with_its_stops_or_not_at_all(monkeypatch):
    def fail(name: str) -> None:
        if name == "refusing":
            raise FailpointError(name)

    monkeypatch.setattr(delivery, "hit_failpoint", fail)
    with http_wire.wire(http_wire.refuses) as aws:
        refused = job_at(aws.url, name="train")
        Submission.objects.filter(pk=refused.submission_id).update(job_count=3)
        running = make.job(refused.submission, name="load", state=State.RUNNING)
        held = make.job(refused.submission, name="report")
        JobDependency.objects.create(job=held, parent=running, condition="success")
        deliver_due(refused.account)

    assert reload(refused).delivery == Delivery.SENDING  # it is looked for, sent again and refused again
    assert refused.deliveries.get().outcome == ""
    assert reload(running).stop_requested_at is None
    assert reload(held).delivery == Delivery.ACCEPTED


def test_a_refusal_of_a_job_that_another_worker_has_meanwhile_stops_nothing():
    running = make.job(make.submission(job_count=2), name="load", state=State.RUNNING)
    mine = make.job(running.submission, name="train", delivery=Delivery.SENDING, epoch=1)
    Job.objects.filter(pk=mine.pk).update(epoch=2)
    with transaction.atomic():
        delivery._refuse(mine, "Job name should match valid pattern", "AWS Batch")

    assert reload(mine).delivery == Delivery.SENDING
    assert reload(running).stop_requested_at is None


def test_a_step_that_runs_again_and_is_refused_stops_only_what_runs_again_with_it():
    with http_wire.wire(http_wire.refuses) as aws:
        first = job_at(aws.url, name="train", delivery=Delivery.WITHDRAWN, superseded=True)
        Submission.objects.filter(pk=first.submission_id).update(job_count=2)
        running = make.job(first.submission, name="load", state=State.RUNNING)
        again = make.job(first.submission, name="train", step=first.step, repeats=first)
        done = {"state": State.FAILED, "ended_at": now(), "superseded": True}
        with_it, other = (
            make.job(first.submission, name=name, state=State.RUNNING, repeats=make.job(first.submission, **done))
            for name in ("tune", "clean")
        )
        index = make.job(first.submission, step=running.step, repeats=running, array_index=3, state=State.RUNNING)
        for jobs in ([again, with_it], [other]):
            rerun = Rerun.objects.create(submission=first.submission)
            Job.objects.filter(pk__in=[job.pk for job in jobs]).update(rerun=rerun)
        deliver_due(first.account)

    assert reload(again).delivery == Delivery.REFUSED
    assert reload(with_it).is_stopping
    assert not any(reload(job).is_stopping for job in (running, other, index))


def test_an_index_that_runs_again_and_is_refused_stops_nothing():
    with http_wire.wire(http_wire.refuses) as aws:
        array = job_at(aws.url, array_size=9, state=State.FAILED, ended_at=now())
        Submission.objects.filter(pk=array.submission_id).update(job_count=2)
        earlier = make.job(array.submission, name="load", state=State.FAILED, ended_at=now(), superseded=True)
        step = make.job(array.submission, name="load", state=State.RUNNING, repeats=earlier)
        other = make.job(array.submission, step=array.step, repeats=array, array_index=3, state=State.RUNNING)
        refused = make.job(array.submission, step=array.step, repeats=array, array_index=4)
        Job.objects.exclude(repeats=None).update(rerun=Rerun.objects.create(submission=array.submission))
        deliver_due(array.account)

    assert reload(refused).delivery == Delivery.REFUSED
    assert not any(reload(job).is_stopping for job in (step, other))


def test_a_step_whose_parent_failed_before_it_was_sent_is_withdrawn():
    failed = make.job(state=State.FAILED)
    child = make.job(failed.submission, name="late")
    JobDependency.objects.create(job=child, parent=failed)
    deliver_due(child.account)

    assert reload(child).delivery == Delivery.WITHDRAWN


def test_a_queue_that_was_taken_from_the_team_meanwhile_is_not_used():
    with http_wire.wire(http_wire.accepts) as aws:
        job = job_at(aws.url)
        QueueGrant.objects.all().delete()
        deliver_due(job.account)

    assert aws.requests == []
    assert reload(job).delivery == Delivery.REFUSED
    assert "is not granted to" in reload(job).delivery_note
    assert not reload(job).is_note_from_aws


def test_a_definition_that_batch_does_not_know_yet_is_tried_again():
    answer = http_wire.reply(400, {"message": "JobDefinition hello:1 not found"}, "ClientException")
    with http_wire.wire(answer) as aws:
        job = job_at(aws.url)
        job.revision.registered_at = now()
        job.revision.save()
        deliver_due(job.account)

    assert reload(job).delivery == Delivery.ACCEPTED
