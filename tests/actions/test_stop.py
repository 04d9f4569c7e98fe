import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from jobs import actions
from jobs.dispatch.claim import claim_jobs
from jobs.dispatch.delivery import deliver_due
from jobs.dispatch.terminate import terminate_due
from jobs.models import Job, JobDependency, StateChange
from jobs.reports.stop_scope import stop_scope
from jobs.states import Delivery, State
from jobs.sync.reconcile import reconcile
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def member():
    return make.member()


def reload(job):
    return Job.objects.get(pk=job.pk)


def test_what_was_not_sent_never_will_be(member):
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(member, make.account(endpoint_url=aws.url)))
        assert actions.stop(job, member)
        deliver_due(job.account)

    assert aws.requests == []
    assert reload(job).delivery == Delivery.WITHDRAWN


def test_a_job_in_a_workers_hands_is_withdrawn_if_the_stop_comes_before_the_intent(member):
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(member, make.account(endpoint_url=aws.url)))
        [in_hand] = claim_jobs(job.account, 1)
        actions.stop(job, member)

        assert not in_hand.advance(Delivery.SENDING, source="test")
    assert aws.requests == []


def test_a_job_that_aws_has_is_told_to_end_and_is_stopped_only_when_aws_says_so(member):
    with http_wire.wire(http_wire.reply(200, {})) as aws:
        job = make.job(make.submission(member, make.account(endpoint_url=aws.url)), state=State.RUNNING)
        actions.stop(job, member)
        terminate_due(job.account)
        terminate_due(job.account)

    [(path, request)] = aws.requests
    assert path == "/v1/terminatejob"
    assert request["jobId"] == job.batch_id
    assert member.user.username in request["reason"]
    assert (reload(job).state, reload(job).is_stopping) == (State.RUNNING, True)


def test_a_stop_is_asked_for_once(member):
    job = make.job(make.submission(member), state=State.RUNNING)

    assert [actions.stop(reload(job), member) for _ in range(2)] == [True, False]


def test_a_job_that_nobody_knows_of_is_not_sent_again_after_a_stop(member):
    with http_wire.wire(http_wire.breaks, http_wire.lists()) as aws:
        job = make.job(make.submission(member, make.account(endpoint_url=aws.url)))
        deliver_due(job.account)
        actions.stop(reload(job), member)
        Job.objects.update(sent_at="2026-01-01T00:00Z")
        reconcile(job.account)

    assert reload(job).delivery == Delivery.WITHDRAWN


def test_what_has_ended_is_not_stopped(member):
    job = make.job(make.submission(member), state=State.SUCCEEDED)

    assert not actions.stop(job, member)
    assert reload(job).stop_requested_at is None


def test_a_viewer_stops_nothing():
    viewer = make.member(role="viewer")
    job = make.job(make.submission(viewer))

    with pytest.raises(PermissionDenied):
        actions.stop(job, viewer)
    assert reload(job).delivery == Delivery.ACCEPTED


def test_of_a_submission_only_what_was_not_sent_is_withdrawn(member):
    waiting = make.job(make.submission(member))
    running = make.job(waiting.submission, state=State.RUNNING)
    on_its_way = make.job(waiting.submission, delivery=Delivery.SENDING)
    actions.stop_all(waiting.submission, member)

    assert [reload(job).delivery for job in (waiting, running, on_its_way)] == [
        Delivery.WITHDRAWN,
        Delivery.SENT,
        Delivery.SENDING,
    ]


def test_all_jobs_of_a_submission_are_stopped_and_counted(member):
    submission = make.submission(member)
    make.job(submission, state=State.SUCCEEDED)
    make.job(submission)
    make.job(submission, state=State.PENDING)

    assert actions.stop_all(submission, member) == 2


def test_five_hundred_jobs_are_stopped_in_few_statements(member):
    submission = make.submission(member)
    first = make.job(submission)
    fates: list[dict[str, str]] = [
        {"delivery": Delivery.ACCEPTED},
        {"delivery": Delivery.HELD},
        {"delivery": Delivery.AWAITING},
        {"delivery": Delivery.SENDING},
        {"delivery": Delivery.SENT, "state": State.RUNNING},
    ]
    Job.objects.bulk_create(
        Job(
            submission=submission,
            team=first.team,
            person=first.person,
            account=first.account,
            queue=first.queue,
            revision=first.revision,
            definition=first.definition,
            name=f"job-{number}",
            marker=f"job-{number}",
            position=number,
            step=number,
            document={},
            batch_id=f"batch-{number}",
            **fates[number % len(fates)],
        )
        for number in range(1, 500)
    )
    make.approval(submission)

    with CaptureQueriesContext(connection) as statements:
        assert actions.stop_all(submission, member) == 500
    assert len(statements) <= 30
    assert Job.objects.filter(stop_requested_by=member.user).count() == 500
    assert Job.objects.filter(delivery=Delivery.WITHDRAWN).count() == 300
    assert StateChange.objects.filter(delivery=Delivery.WITHDRAWN).count() == 300
    with CaptureQueriesContext(connection) as statements:
        assert actions.stop_all(submission, member) == 0
    assert len(statements) <= 10


def test_a_step_is_stopped_with_the_steps_that_cannot_run_without_it(member):
    submission = make.submission(member, kind="workflow", job_count=5)
    load = make.job(submission, name="load", state=State.RUNNING)
    train = make.job(submission, name="train", state=State.PENDING)
    report = make.job(submission, name="report")
    cleanup = make.job(submission, name="cleanup")
    other = make.job(submission, name="other", state=State.RUNNING)
    for job, parent, condition in ((train, load, ""), (report, train, "success"), (cleanup, load, "always")):
        JobDependency.objects.create(job=job, parent=parent, condition=condition)

    scope = stop_scope(load)
    assert (scope.dependents, scope.followers, scope.count) == ((train, report), (cleanup,), 3)
    assert actions.stop(load, member)

    assert [reload(job).is_stopping for job in (load, train, other)] == [True, True, False]
    assert reload(report).delivery_note == f"Withdrawn because {member.user.display_name} stopped load."
    assert reload(cleanup).delivery == Delivery.ACCEPTED


@pytest.mark.parametrize("ends_before_the_lock", [False, True])
def test_stopping_a_step_that_has_ended_leaves_those_after_it_alone(member, enqueued, ends_before_the_lock):
    submission = make.submission(member, kind="workflow", job_count=3)
    load = make.job(submission, name="load", state=State.RUNNING)
    train = make.job(submission, name="train", state=State.RUNNING)
    report = make.job(submission, name="report")
    for job, parent, condition in ((train, load, ""), (report, train, "success")):
        JobDependency.objects.create(job=job, parent=parent, condition=condition)
    Job.objects.filter(pk=load.pk).update(state=State.SUCCEEDED, ended_at=now())
    chosen = load if ends_before_the_lock else reload(load)

    assert not actions.stop(chosen, member)

    assert (reload(train).stop_requested_at, reload(report).delivery) == (None, Delivery.ACCEPTED)
    assert enqueued == []
