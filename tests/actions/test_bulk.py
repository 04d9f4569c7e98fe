"""Many jobs stopped or run again, each exactly once."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DataError, OperationalError
from django.utils.timezone import now

from jobs import access, actions
from jobs.access import Member
from jobs.actions import RerunChanges, bulk
from jobs.actions.submit import submit
from jobs.actions.validate import IdempotencyConflictError
from jobs.failpoints import FailpointError
from jobs.models import (
    AuditEntry,
    BulkAction,
    BulkItem,
    BulkKind,
    ItemOutcome,
    Job,
    JobDependency,
    Lease,
    Membership,
    Submission,
)
from jobs.models.ids import new_id, to_text
from jobs.periodic import periodic_tasks, run_due_tasks
from jobs.rate_limit import TooManyRequestsError
from jobs.states import Delivery, State
from jobs.task_queue import TaskTimeoutError
from tests import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def member() -> Member:
    """An analyst of a team with a queue and a definition."""
    member = make.member(make.team("research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


def job(member: Member, state: str = State.FAILED, **fields: Any) -> Job:
    document = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
    queue = member.team.queue_grants.get().queue
    submission = make.submission(member, queue.account, document=document, text=json.dumps(document))
    ended_at = now() if state in (State.FAILED, State.SUCCEEDED) else None
    return make.job(submission, queue=queue, state=state, document=document, ended_at=ended_at, **fields)


def start(member: Member, kind: str, *jobs: Job, key: str = "k", **changes: Any) -> BulkAction:
    return actions.start_bulk(member.user, kind, jobs, RerunChanges(**changes), request_key=key)


def run(action: BulkAction) -> list[BulkItem]:
    """Run it, after the lease of a worker that was killed has lapsed."""
    Lease.objects.all().delete()
    actions.run_bulk_action(action.pk)
    action.refresh_from_db()
    return list(action.items.all())


def outcomes(items: list[BulkItem]) -> list[str]:
    return [item.outcome for item in items]


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the worker fail once at a point."""

    def fail_once(point: str) -> None:
        points = [point]

        def hit(name: str) -> None:
            if name in points:
                points.remove(name)
                raise Killed

        monkeypatch.setattr(bulk, "hit_failpoint", hit)

    return fail_once


class Killed(BaseException):
    """As by a signal: nothing handles it."""


# -- What would happen


def test_what_can_not_be_stopped_is_left_out_with_the_reason(member):
    running, ended = job(member, State.RUNNING), job(member)
    stopping = job(member, State.RUNNING, stop_requested_at=now())

    plan = actions.plan_bulk(BulkKind.STOP, [(each, member) for each in (running, ended, stopping)])

    assert plan.jobs == (running,)
    assert [(each.job, each.reason) for each in plan.left_out] == [
        (ended, "It has ended."),
        (stopping, "It is already stopping."),
    ]


def test_what_can_not_run_again_is_left_out_with_the_reason(member):
    failed, running, superseded = job(member), job(member, State.RUNNING), job(member, superseded=True)

    plan = actions.plan_bulk(BulkKind.RERUN, [(each, member) for each in (failed, running, superseded)])

    assert plan.jobs == (failed,)
    assert [each.reason for each in plan.left_out] == ["It hasn't ended.", "It has already run again."]


@pytest.mark.parametrize("kind", BulkKind.values)
def test_a_job_from_outside_the_portal_is_left_out(member, kind):
    plan = actions.plan_bulk(kind, [(job(member, outside=True), member)])

    assert [each.reason for each in plan.left_out] == ["It was submitted outside the portal."]


@pytest.mark.parametrize("kind", BulkKind.values)
def test_a_viewer_can_do_neither(member, kind):
    viewer = make.member(member.team, "viewer")

    plan = actions.plan_bulk(kind, [(job(member, State.RUNNING), viewer)])

    assert plan.jobs == ()
    assert "viewer" in plan.left_out[0].reason


# -- Stop


def test_each_job_is_stopped_and_the_log_has_the_action_and_each_job(member, enqueued):
    jobs = [job(member, State.RUNNING), job(member, delivery=Delivery.ACCEPTED, state="")]
    action = start(member, BulkKind.STOP, *jobs)
    assert "run_bulk_action" in enqueued

    assert outcomes(run(action)) == ["done", "done"]
    assert action.ended_at
    assert action.due_at is None
    running, unsent = (Job.objects.get(pk=each.pk) for each in jobs)
    assert running.is_stopping
    assert unsent.delivery == Delivery.WITHDRAWN
    entries = AuditEntry.objects.filter(action="stop").order_by("pk")
    assert [entry.noun for entry in entries] == ["bulk action", "job", "job"]


def test_a_worker_that_is_killed_while_it_stops_a_job_has_done_nothing_or_all(member, fail_at):
    jobs = [job(member, State.RUNNING), job(member, State.RUNNING)]
    action = start(member, BulkKind.STOP, *jobs)
    fail_at("item-stopping")
    with pytest.raises(Killed):
        run(action)
    assert not Job.objects.filter(stop_requested_at__isnull=False).exists()
    assert set(outcomes(list(action.items.all()))) == {"waiting"}

    assert outcomes(run(action)) == ["done", "done"]
    assert AuditEntry.objects.filter(action="stop", noun="job").count() == 2


def test_a_job_that_has_ended_meanwhile_is_not_done(member):
    stopped = job(member, State.RUNNING)
    action = start(member, BulkKind.STOP, stopped)
    Job.objects.update(state=State.SUCCEEDED, ended_at=now())

    [item] = run(action)
    assert (item.outcome, item.note) == ("refused", "It has ended.")


def test_a_job_that_was_stopped_with_one_it_depends_on_counts_as_done(member):
    submission = make.submission(member, member.team.queue_grants.get().queue.account)
    parent, child = (make.job(submission, state=State.RUNNING) for _ in range(2))
    JobDependency.objects.create(job=child, parent=parent)

    items = run(start(member, BulkKind.STOP, parent, child))
    assert outcomes(items) == ["done", "done"]
    assert items[1].note == "Stopped with a job that it depends on."


# -- Run again


def test_each_job_runs_again_once_with_the_changes(member):
    jobs = [job(member), job(member)]
    action = start(member, BulkKind.RERUN, *jobs, memory_mib=16384, time_limit_seconds=7200)

    items = run(action)
    assert outcomes(items) == ["done", "done"]
    new_jobs = [item.new_job for item in items]
    assert len({new.pk for new in new_jobs if new}) == 2
    assert [new.submission.rerun_of for new in new_jobs if new] == [item.job for item in items]
    for new in new_jobs:
        assert new is not None
        assert new.submission.source == "rerun"
        assert new.memory_mib == 16384
        assert new.document["timeout"] == {"attemptDurationSeconds": 7200}
    assert AuditEntry.objects.filter(action="run again", noun="submission").count() == 2
    run(action)
    assert Submission.objects.count() == 4


def test_a_worker_that_is_killed_after_a_submission_does_not_make_another(member, fail_at):
    action = start(member, BulkKind.RERUN, job(member), job(member))
    fail_at("item-submitted")
    with pytest.raises(Killed):
        run(action)
    assert Submission.objects.filter(source="rerun").count() == 1
    make.revision("hello", of=member.team, where=member.team.queue_grants.get().queue.account)  # the text differs now

    assert outcomes(run(action)) == ["done", "done"]
    assert Submission.objects.filter(source="rerun").count() == 2


def test_a_document_that_is_refused_says_why_and_the_others_go_on(member):
    other = job(member)
    refused = job(member)
    Submission.objects.filter(pk=refused.submission_id).update(document={**refused.document, "jobQueue": "gpu"})

    items = run(start(member, BulkKind.RERUN, refused, other))
    assert outcomes(items) == ["refused", "done"]
    assert "gpu" in items[0].note


def test_a_job_that_has_run_again_meanwhile_is_not_submitted(member):
    failed = job(member)
    action = start(member, BulkKind.RERUN, failed)
    Job.objects.filter(pk=failed.pk).update(superseded=True)

    [item] = run(action)
    assert (item.outcome, item.note) == ("refused", "It has already run again.")


def test_a_rerun_that_needs_approval_waits_for_it(member):
    member.team.approval_usd = 0
    member.team.save()

    [item] = run(start(member, BulkKind.RERUN, job(member)))
    assert item.new_job
    assert item.new_job.delivery == Delivery.AWAITING


def test_the_rate_limit_pauses_it(member, monkeypatch: pytest.MonkeyPatch):
    action = start(member, BulkKind.RERUN, job(member), job(member))

    def spend(budget: Any, *_: Any) -> None:
        if Submission.objects.filter(source="rerun").exists():
            raise TooManyRequestsError(budget, 30)

    monkeypatch.setattr(bulk, "spend", spend)
    assert outcomes(run(action)) == ["done", "waiting"]
    assert action.is_paused

    monkeypatch.setattr(bulk, "spend", lambda *_: None)
    assert outcomes(run(action)) == ["done", "done"]


def test_an_unforeseen_error_ends_one_item_only(member, monkeypatch: pytest.MonkeyPatch):
    def submit(*_: Any, **__: Any) -> None:
        raise FailpointError

    monkeypatch.setattr(bulk, "submit", submit)
    [item] = run(start(member, BulkKind.RERUN, job(member)))
    assert (item.outcome, "unexpected" in item.note) == ("refused", True)


@pytest.mark.parametrize("error", [TaskTimeoutError, OperationalError])
def test_what_ends_the_pass_leaves_its_item_to_the_next(
    member, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
):
    def submit_late(*given: Any, **fields: Any) -> None:
        submit(*given, **fields)
        raise error

    action = start(member, BulkKind.RERUN, job(member))
    with monkeypatch.context() as patch:
        patch.setattr(bulk, "submit", submit_late)
        with pytest.raises(error):
            actions.run_bulk_action(action.pk)

    assert outcomes(run(action)) == ["done"]
    assert Submission.objects.filter(request_key__startswith="bulk-").count() == 1


@pytest.mark.parametrize("error", [IdempotencyConflictError, DataError, FailpointError])
def test_an_item_that_was_submitted_is_done_whatever_comes_then(
    member, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
):
    def submit_and_fail(*given: Any, **fields: Any) -> None:
        submit(*given, **fields)
        raise error

    monkeypatch.setattr(bulk, "submit", submit_and_fail)
    [item] = run(start(member, BulkKind.RERUN, job(member)))

    assert (item.outcome, item.new_job is not None) == ("done", True)


# -- Who


def test_a_permission_that_was_taken_away_meanwhile_counts(member):
    action = start(member, BulkKind.STOP, job(member, State.RUNNING))
    Membership.objects.update(role="viewer")

    [item] = run(action)
    assert item.outcome == "refused"
    assert not Job.objects.filter(stop_requested_at__isnull=False).exists()


def test_a_person_who_was_deactivated_does_nothing_more(member):
    action = start(member, BulkKind.RERUN, job(member))
    member.user.is_active = False
    member.user.save()

    assert outcomes(run(action)) == ["refused"]


def test_a_key_starts_one_action(member):
    stopped = job(member, State.RUNNING)

    assert start(member, BulkKind.STOP, stopped) == start(member, BulkKind.STOP, stopped)
    assert BulkItem.objects.count() == 1
    assert start(member, BulkKind.STOP, stopped, key="other") != BulkAction.objects.earliest("pk")


def test_the_rest_can_be_canceled_and_what_is_done_stays(member, monkeypatch: pytest.MonkeyPatch):
    jobs = [job(member, State.RUNNING), job(member, State.RUNNING)]
    action = start(member, BulkKind.STOP, *jobs)

    def cancel_then_stop(*arguments: Any) -> bool:
        actions.cancel_bulk(action, member.user)
        return actions.stop(*arguments)

    monkeypatch.setattr(bulk, "stop", cancel_then_stop)
    assert outcomes(run(action)) == ["done", "canceled"]
    assert action.canceled_at
    assert Job.objects.filter(stop_requested_at__isnull=False).count() == 1
    assert actions.cancel_bulk(action, member.user) == 0


def test_only_who_started_it_can_cancel_it(member):
    action = start(member, BulkKind.STOP, job(member, State.RUNNING))

    with pytest.raises(PermissionDenied):
        actions.cancel_bulk(action, make.admin())


def test_two_workers_do_not_share_an_action(member):
    action = start(member, BulkKind.STOP, job(member, State.RUNNING))
    Lease.acquire(f"bulk action {action.pk}", "another worker", timedelta(minutes=1))

    actions.run_bulk_action(action.pk)
    assert action.items.get().outcome == ItemOutcome.WAITING


def test_what_another_worker_has_settled_stays(member, monkeypatch: pytest.MonkeyPatch):
    def stopped_meanwhile(*_: Any) -> bool:
        BulkItem.objects.update(outcome=ItemOutcome.DONE)
        return False

    monkeypatch.setattr(bulk, "stop", stopped_meanwhile)
    assert outcomes(run(start(member, BulkKind.STOP, job(member, State.RUNNING)))) == ["done"]


def test_the_clock_continues_what_no_worker_does(member, enqueued):
    action = start(member, BulkKind.STOP, job(member, State.RUNNING))
    enqueued.clear()

    run_due_tasks(periodic_tasks(), 0)
    assert "run_bulk_action" in enqueued

    run(action)
    enqueued.clear()
    run_due_tasks(periodic_tasks(), 10)
    assert "run_bulk_action" not in enqueued


# -- What may be chosen


def test_jobs_come_in_the_order_of_the_ids_and_only_those_one_may_see(member):
    own, other, foreign = job(member), job(member), make.job()
    ids = [other.text_id, foreign.text_id, own.text_id, "nonsense", to_text(new_id())]

    assert [(job_row, row.role) for job_row, row in access.jobs(member.user, ids)] == [
        (other, "analyst"),
        (own, "analyst"),
    ]
