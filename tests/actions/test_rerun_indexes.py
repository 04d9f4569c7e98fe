"""Failed indexes of an array run again, in its submission."""

import json
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.actions.run_again import ALL_STEPS, plan_run_again
from jobs.models import ArrayChild, AuditEntry, Job, QueueGrant, Team
from jobs.models.array_reruns import failed_children, index_reruns, runnable_indexes
from jobs.models.database_generation import enter_recovery
from jobs.spec.index_rerun import IndexRerunError, IndexRerunPlan, RerunKind
from tests import make

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

DOCUMENT = {
    "jobName": "sweep",
    "jobQueue": "cpu",
    "jobDefinition": "hello",
    "arrayProperties": {"size": 20},
    "tags": {"Project": "GenAI"},
    "timeout": {"attemptDurationSeconds": 3600},
}
FAILED = [2, 3, 5, 7, 11, 13, 17]
SINGLE, ARRAY = IndexRerunPlan(), IndexRerunPlan(RerunKind.ARRAY)


@pytest.fixture
def member() -> Member:
    member = make.member(make.team("research"))
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return member


@pytest.fixture
def sweep(member: Member) -> Job:
    """An array that ran, of whose children seven failed."""
    job = actions.submit(json.dumps(DOCUMENT), member, source="json").jobs.get()
    Job.objects.filter(pk=job.pk).update(delivery="SENT", state="FAILED", batch_id="array")
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state="FAILED" if index in FAILED else "SUCCEEDED") for index in range(20)
    )
    return Job.objects.get(pk=job.pk)


def again(job: Job, member: Member, indexes: str = "", plan: IndexRerunPlan = SINGLE) -> list[Job]:
    return [*actions.rerun_indexes(job, member, indexes, plan).jobs]


def runnable(job: Job) -> list[int]:
    return runnable_indexes(failed_children(job), index_reruns(job))


def finish(job: Job, state: str) -> None:
    Job.objects.filter(pk=job.pk).update(delivery="SENT", state=state, batch_id=job.text_id)


def test_the_failed_indexes_become_jobs_of_the_same_submission(sweep: Job, member: Member, enqueued: Any) -> None:
    jobs = again(sweep, member)

    assert [(job.name, job.array_index, job.repeats) for job in jobs] == [
        (f"sweep-{index}", index, sweep) for index in FAILED
    ]
    assert {job.submission for job in jobs} == {sweep.submission}
    assert [job.position for job in jobs] == list(range(1, 8))
    assert {job.step for job in jobs} == {sweep.step}
    assert {job.revision for job in jobs} == {sweep.revision}
    assert jobs[0].tags == {"Project": "GenAI"}
    assert jobs[6].document["containerOverrides"]["environment"] == [{"name": "ARRAY_INDEX", "value": "17"}]
    assert enqueued[-1] == "deliver"
    entry = AuditEntry.objects.filter(action="run again").latest("pk")
    assert json.loads(entry.after)["indexes"] == FAILED


def test_a_request_that_comes_twice_runs_nothing_twice(sweep: Job, member: Member) -> None:
    again(sweep, member, "2, 3")
    with pytest.raises(IndexRerunError, match="Child job 2 hasn't failed or is already running again"):
        again(sweep, member, "2, 3")

    again(sweep, member)  # all that failed: the other five
    with pytest.raises(IndexRerunError, match="No failed child job is left to run again"):
        again(sweep, member)
    assert sweep.repeated_by.count() == 7


def test_an_index_that_failed_again_runs_a_third_time_and_its_last_run_counts(sweep: Job, member: Member) -> None:
    [first] = again(sweep, member, "17")
    finish(first, "FAILED")
    assert 17 in runnable(sweep)
    [second] = again(sweep, member, "17")
    finish(second, "SUCCEEDED")

    assert index_reruns(sweep)[17].status.name == "SUCCEEDED"
    assert 17 not in runnable(sweep)
    assert sweep.submission.jobs.get(pk=first.pk).superseded


def test_one_array_runs_them_and_its_children_count_for_their_indexes(sweep: Job, member: Member) -> None:
    [job] = again(sweep, member, "", ARRAY)
    assert (job.array_size, job.array_index) == (7, 2)
    finish(job, "FAILED")
    states = ["SUCCEEDED"] * 6 + ["FAILED"]
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=child, state=state) for child, state in enumerate(states)
    )

    reruns = index_reruns(sweep)
    assert {index: rerun.status.name for index, rerun in reruns.items()} == dict(zip(FAILED, states, strict=True))
    assert (reruns[17].child_index, reruns[17].is_child_loaded) == (6, True)
    assert runnable(sweep) == [17]
    again(sweep, member)
    assert index_reruns(sweep)[13].status.name == "SUCCEEDED"
    assert index_reruns(sweep)[17].status.name == "ACCEPTED"


def test_an_array_of_indexes_counts_until_each_of_them_has_run_again(sweep: Job, member: Member) -> None:
    [array] = again(sweep, member, "", ARRAY)
    finish(array, "FAILED")
    ArrayChild.objects.bulk_create(ArrayChild(job=array, index=child, state="FAILED") for child in range(7))
    [first] = again(sweep, member, str(FAILED[0]))
    array.refresh_from_db()
    assert (array.superseded, array.array_index) == (False, FAILED[1])
    assert index_reruns(sweep)[FAILED[0]].job == first

    finish(first, "FAILED")
    again(sweep, member)
    superseded = {job.pk for job in sweep.repeated_by.filter(superseded=True)}
    assert superseded == {array.pk, first.pk}


def test_quotas_hold_for_what_runs_again(sweep: Job, member: Member) -> None:
    QueueGrant.objects.update(max_active_jobs=3)
    with pytest.raises(actions.ValidationFailedError):
        again(sweep, member)
    assert not sweep.repeated_by.exists()

    assert len(again(sweep, member, "2-3")) == 2


def test_what_needs_approval_says_why_before_it_is_requested(sweep: Job, member: Member) -> None:
    Team.objects.update(approval_array_size=4)
    member.team.refresh_from_db()

    assert actions.preview_index_rerun(sweep, member, "", ARRAY).result.approval_reasons
    assert not actions.preview_index_rerun(sweep, member, "", SINGLE).result.approval_reasons


def test_only_members_who_may_submit_run_them(sweep: Job) -> None:
    with pytest.raises(PermissionDenied):
        again(sweep, make.member(sweep.team, "viewer"))


def test_an_array_that_ran_again_as_a_whole_is_history(sweep: Job, member: Member) -> None:
    sweep.superseded = True
    with pytest.raises(IndexRerunError, match="Choose its newest run"):
        again(sweep, member)


def test_a_job_without_children_has_no_indexes(member: Member) -> None:
    with pytest.raises(IndexRerunError, match="Only child jobs of an array job"):
        again(make.job(make.submission(member)), member)


def fail_array(job: Job, *, read_after: timedelta | None, failures: int = 1, state: str = "FAILED") -> None:
    """End it as sync does: of its children only the failed one, child 6, is read."""
    ended_at = now()
    times = {"ended_at": ended_at, "children_read_at": None if read_after is None else ended_at + read_after}
    finish(job, state)
    Job.objects.filter(pk=job.pk).update(array_summary={"SUCCEEDED": 6, "FAILED": failures}, **times)
    if read_after is not None:
        ArrayChild.objects.create(job=job, index=6, state="FAILED")


@pytest.mark.parametrize("state", ["FAILED", "STOPPED"])
def test_children_of_an_array_that_failed_have_succeeded_if_only_others_were_read(
    sweep: Job, member: Member, state: str
) -> None:
    [array] = again(sweep, member, "", ARRAY)
    ArrayChild.objects.create(job=array, index=3, state="RUNNING")  # as read on the page, before the end
    fail_array(array, read_after=timedelta(0), state=state)

    reruns = index_reruns(sweep)
    assert {reruns[index].status.name for index in FAILED[:6]} == {"SUCCEEDED"}
    assert [job.array_index for job in again(sweep, member)] == [17]


@pytest.mark.parametrize("state", ["FAILED", "STOPPED"])
@pytest.mark.parametrize(
    ("read_after", "failures"), [(None, 1), (timedelta(seconds=-1), 1), (timedelta(seconds=1), 2)]
)
def test_before_they_are_read_none_runs_again(
    sweep: Job, member: Member, read_after: timedelta | None, failures: int, state: str
) -> None:
    [array] = again(sweep, member, "", ARRAY)
    fail_array(array, read_after=read_after, failures=failures, state=state)

    for indexes in ("", "2"):
        with pytest.raises(IndexRerunError, match="aren't read yet"):
            again(sweep, member, indexes)


def test_children_of_a_lost_array_are_lost_and_can_run_again(sweep: Job, member: Member) -> None:
    [array] = again(sweep, member, "", ARRAY)
    for child, state in enumerate(("SUCCEEDED", "RUNNING")):
        ArrayChild.objects.create(job=array, index=child, state=state)
    finish(array, "LOST")
    Job.objects.filter(pk=array.pk).update(ended_at=now())

    states = {index: rerun.status.name for index, rerun in index_reruns(sweep).items()}
    assert states == {index: "SUCCEEDED" if index == 2 else "LOST" for index in FAILED}
    assert [job.array_index for job in again(sweep, member)] == FAILED[1:]


def test_no_index_leaves_an_array_that_still_runs(sweep: Job, member: Member) -> None:
    [array] = again(sweep, member, "", ARRAY)
    finish(array, "PENDING")
    ArrayChild.objects.create(job=array, index=0, state="FAILED")
    with pytest.raises(IndexRerunError, match="No failed child job is left to run again"):
        again(sweep, member, "2")

    array.refresh_from_db()
    assert not array.superseded


def test_an_array_that_has_run_again_as_a_whole_since_it_was_loaded_is_history_too(
    sweep: Job, member: Member
) -> None:
    Job.objects.filter(pk=sweep.pk).update(superseded=True)
    with pytest.raises(IndexRerunError, match="Choose its newest run"):
        again(sweep, member)


@pytest.fixture
def workflow_sweep(member: Member) -> Job:
    """An array with one index that failed, as a step of a workflow."""
    job = actions.submit(json.dumps({"jobs": [DOCUMENT]}), member, source="json").jobs.get()
    finish(job, "FAILED")
    ArrayChild.objects.create(job=job, index=2, state="FAILED")
    return Job.objects.get(pk=job.pk)


def test_a_step_does_not_run_again_while_an_index_runs_whose_job_another_replaced(
    workflow_sweep: Job, member: Member
) -> None:
    [job] = again(workflow_sweep, member, "2")
    Job.objects.filter(pk=job.pk).update(superseded=True)
    with pytest.raises(actions.RunAgainError, match="sweep-2 hasn't ended"):
        actions.run_again(workflow_sweep.submission, member, ALL_STEPS)


def test_a_step_does_not_run_again_if_an_index_does_meanwhile(
    workflow_sweep: Job, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules[plan_run_again.__module__]

    def run_index_first(*arguments: Any, **options: Any) -> Any:
        again(workflow_sweep, member, "2")
        return actions.validate(*arguments, **options)

    monkeypatch.setattr(module, "validate", run_index_first)
    with pytest.raises(actions.RunAgainError, match="The steps have changed"):
        actions.run_again(workflow_sweep.submission, member, ALL_STEPS)


def test_the_threshold_of_a_day_is_that_of_the_person_of_the_submission(sweep: Job, member: Member) -> None:
    Team.objects.update(approval_vcpu_hours=20)  # as the array took already; each index adds one
    colleague = make.member(Team.objects.get(pk=sweep.team_id))
    assert actions.preview_index_rerun(sweep, colleague, "2", SINGLE).result.approval_reasons

    assert again(sweep, colleague, "2") == []
    assert sweep.submission.approvals.get().requester == colleague.user


def test_jobs_too_large_for_one_request_can_run_as_an_array(sweep: Job, member: Member) -> None:
    environment = [{"name": "LONG", "value": "x" * 200_000}]
    document = {**sweep.document, "containerOverrides": {"environment": environment}}
    Job.objects.filter(pk=sweep.pk).update(document=document)
    sweep.refresh_from_db()
    with pytest.raises(IndexRerunError, match=r"too large.* Run them as one array job\."):
        again(sweep, member)


def test_indexes_wait_while_the_portal_recovers(sweep: Job, member: Member) -> None:
    enter_recovery("A backup was restored.")
    with pytest.raises(actions.RecoveryError):
        again(sweep, member)
    assert not sweep.repeated_by.exists()
