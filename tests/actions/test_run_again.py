"""Steps of a workflow run again in the same submission."""

import json
from typing import Any

import pytest
from django.utils.timezone import now

from jobs import actions
from jobs.access import Member
from jobs.actions.reruns import RerunOutcome, RunAgainError, StaleRunAgainError
from jobs.actions.run_again import ALL_STEPS, FROM_FAILED, plan_run_again
from jobs.dispatch.submit_request import submit_request
from jobs.models import ArrayChild, AuditEntry, Job, Submission
from jobs.reports.workflow_graph import graph_edges
from jobs.states import Delivery
from tests import make
from tests.dispatch.test_conditions import end, make_sent

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

STEP: dict[str, Any] = {"jobQueue": "cpu", "jobDefinition": "hello"}
LOAD = {**STEP, "jobName": "load"}
TRAIN = {**STEP, "jobName": "train", "dependsOn": [{"jobId": "${load}"}], "tags": {"Sample": "7"}}
REPORT = {**STEP, "jobName": "report", "dependsOn": [{"jobId": "${train}"}]}
ALERT = {**STEP, "jobName": "alert"}
CONDITION = {"job": "alert", "after": "train", "when": "failure"}
WORKFLOW = {"jobs": [LOAD, TRAIN, REPORT, ALERT], "conditions": [CONDITION]}


@pytest.fixture
def member() -> Member:
    member = make.member(make.team("research", name="Research"))
    queue = make.queue("cpu", teams=(member.team,), raw={"state": "ENABLED"})
    make.revision("hello", of=member.team, where=queue.account)
    return member


@pytest.fixture
def failed(member: Member) -> Submission:
    """`load` succeeded and `train` failed, so `report` was withdrawn and `alert` ran."""
    submission = actions.submit(json.dumps(WORKFLOW), member, source="json")
    load, train, report, alert = submission.jobs.order_by("position")
    for job, state in ((load, "SUCCEEDED"), (train, "FAILED"), (alert, "SUCCEEDED")):
        make_sent(job)
        end(job, state)
    report.advance(Delivery.WITHDRAWN, source="dispatch", note="It depends on train, which is failed.")
    return submission


def current(submission: Submission) -> dict[str, Job]:
    return {job.name: job for job in submission.jobs.current_steps()}


def test_from_the_failed_step_on_all_that_depends_on_it_runs_again_and_the_rest_stays(
    failed: Submission, member: Member
) -> None:
    before = current(failed)
    jobs = actions.run_again(failed, member).jobs

    assert [(job.name, job.step, job.position, job.repeats) for job in jobs] == [
        ("train", 1, 4, before["train"]),
        ("report", 2, 5, before["report"]),
        ("alert", 3, 6, before["alert"]),
    ]
    assert current(failed) == {"load": before["load"], **{job.name: job for job in jobs}}
    edges = {
        (edge.job.name, edge.parent, edge.condition)
        for job in jobs
        for edge in job.dependencies.select_related("job")
    }
    train = jobs[0]
    assert edges == {("train", before["load"], ""), ("report", train, ""), ("alert", train, "failure")}
    assert train.tags == {"Sample": "7"}
    assert AuditEntry.objects.filter(action="run again", label=failed.name).count() == 1


def test_steps_that_run_again_together_say_so(failed: Submission, member: Member) -> None:
    jobs = actions.run_again(failed, member).jobs

    rerun = failed.reruns.get()
    assert set(rerun.jobs.all()) == set(jobs)
    assert rerun.created_at >= failed.created_at


def test_a_step_for_the_failure_of_a_skipped_step_does_not_run_again_alone(failed: Submission) -> None:
    jobs = current(failed)
    Job.objects.filter(pk=jobs["train"].pk).update(delivery=Delivery.SKIPPED, state="", batch_id=None)

    with pytest.raises(RunAgainError, match="alert runs only if train fails, and train was skipped"):
        plan_run_again(failed, jobs["alert"].text_id)


def test_a_step_and_what_follows_it_or_all_can_be_chosen(failed: Submission, member: Member) -> None:
    report = current(failed)["report"]
    with pytest.raises(RunAgainError, match=r"report depends on train, which is failed\. Run again from train\."):
        plan_run_again(failed, report.text_id)

    assert plan_run_again(failed, current(failed)["train"].text_id).numbers == (1, 2, 3)
    assert plan_run_again(failed, ALL_STEPS).numbers == (0, 1, 2, 3)


def test_an_edited_document_changes_the_steps_that_run_again_only(failed: Submission, member: Member) -> None:
    document = plan_run_again(failed).document
    size = {"resourceRequirements": [{"type": "MEMORY", "value": "1024"}]}
    document["jobs"][0]["containerOverrides"] = size

    train, *_ = actions.run_again(failed, member, text=json.dumps(document)).jobs

    assert (train.memory_mib, train.repeats.memory_mib) == (1024, 512)
    failed.refresh_from_db()
    assert failed.document == WORKFLOW
    for job in failed.jobs.current_steps().filter(step__gt=0):
        make_sent(job)
        end(job, "FAILED")
    again = plan_run_again(failed).document["jobs"]
    assert [step["jobName"] for step in again] == ["train", "report", "alert"]
    assert again[0]["containerOverrides"] == size


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda jobs: jobs.pop(), "Keep the steps"),
        (lambda jobs: jobs[1].update(jobName="other"), "Keep the steps"),
        (lambda jobs: jobs[1].pop("dependsOn"), "Keep the dependencies"),
    ],
)
def test_names_and_dependencies_stay(failed: Submission, member: Member, edit: Any, message: str) -> None:
    document = plan_run_again(failed).document
    document.pop("conditions")
    edit(document["jobs"])
    with pytest.raises(RunAgainError, match=message):
        actions.run_again(failed, member, text=json.dumps(document))
    assert failed.jobs.count() == 4


def test_an_error_in_a_step_stops_all_of_it(failed: Submission, member: Member) -> None:
    document = plan_run_again(failed).document
    document["jobs"][1]["jobQueue"] = "unknown"
    with pytest.raises(actions.ValidationFailedError):
        actions.run_again(failed, member, text=json.dumps(document))
    assert failed.jobs.count() == 4


def test_the_same_request_twice_runs_the_steps_once(failed: Submission, member: Member) -> None:
    assert len(actions.run_again(failed, member, request_key="key").jobs) == 3
    assert actions.run_again(failed, member, request_key="key") == RerunOutcome()
    with pytest.raises(actions.IdempotencyConflictError):
        actions.run_again(failed, member, ALL_STEPS, request_key="key")
    with pytest.raises(RunAgainError, match="ended"):
        actions.run_again(failed, member, ALL_STEPS)
    assert failed.jobs.count() == 7


def test_steps_that_ran_again_since_the_page_was_opened_do_not_run_once_more(
    failed: Submission, member: Member
) -> None:
    version = plan_run_again(failed).version
    for job in actions.run_again(failed, member).jobs:
        end(job, "FAILED")
        Job.objects.filter(pk=job.pk).update(delivery="SENT", batch_id=f"id-{job.pk}")
    with pytest.raises(StaleRunAgainError):
        actions.run_again(failed, member, version=version)


SWEEP = {**STEP, "jobName": "sweep", "arrayProperties": {"size": 4}}
SUM = {**STEP, "jobName": "sum", "dependsOn": [{"jobId": "${sweep}"}]}
PLOT = {**STEP, "jobName": "plot", "dependsOn": [{"jobId": "${sum}"}]}
SWEEP_CONDITION = {"job": "alert", "after": "sweep", "when": "failure"}


@pytest.fixture
def sweep(member: Member) -> Job:
    """An array whose child 2 failed: `sum` and `plot` did not run, `alert` did and failed itself."""
    document = {"jobs": [SWEEP, SUM, PLOT, ALERT], "conditions": [SWEEP_CONDITION]}
    jobs = current(actions.submit(json.dumps(document), member, source="json"))
    for name in ("sweep", "alert"):
        make_sent(jobs[name])
        end(jobs[name], "FAILED")
    Job.objects.filter(pk=jobs["sweep"].pk).update(
        array_summary={"FAILED": 1, "SUCCEEDED": 3}, children_read_at=now()
    )
    ArrayChild.objects.create(job=jobs["sweep"], index=2, state="FAILED")
    return jobs["sweep"]


def rerun_index(sweep: Job, state: str) -> Job:
    fields = {"step": sweep.step, "position": 9, "batch_id": "again", "ended_at": now()}
    return make.job(sweep.submission, name="sweep-2", repeats=sweep, array_index=2, state=state, **fields)


@pytest.mark.parametrize("outcome", ["withdrawn", "failed in AWS Batch"])
@pytest.mark.parametrize("is_chosen", [False, True])
def test_an_array_whose_failed_indexes_succeeded_since_counts_as_succeeded(
    sweep: Job, member: Member, outcome: str, is_chosen: bool
) -> None:
    waiting = current(sweep.submission)
    for name in ("sum", "plot"):
        if outcome == "withdrawn":
            waiting[name].advance(Delivery.WITHDRAWN, source="dispatch", note="It depends on sweep, which is failed.")
        else:
            make_sent(waiting[name])
            end(waiting[name], "FAILED")
    completion = rerun_index(sweep, "SUCCEEDED")

    start = waiting["sum"].text_id if is_chosen else FROM_FAILED
    total, plot = actions.run_again(sweep.submission, member, start).jobs

    assert (total.name, plot.name) == ("sum", "plot")
    edge = total.dependencies.get()
    assert (edge.parent, edge.parent.step) == (completion, sweep.step)
    assert total in Job.objects.deliverable()
    assert total not in Job.objects.blocked()
    assert "dependsOn" not in submit_request(total)
    edges = {(parent, step) for parent, step, _ in graph_edges(sweep.submission)}
    assert edges == {(0, 1), (1, 2), (0, 3)}


def test_an_array_with_an_index_that_failed_again_still_runs_again(sweep: Job) -> None:
    jobs = current(sweep.submission)
    for name in ("sum", "plot"):
        make_sent(jobs[name])
        end(jobs[name], "FAILED")
    rerun_index(sweep, "FAILED")

    assert plan_run_again(sweep.submission).numbers == (0, 1, 2, 3)
    with pytest.raises(RunAgainError, match=r"sum depends on sweep, which is failed\. Run again from sweep\."):
        plan_run_again(sweep.submission, jobs["sum"].text_id)


def test_a_step_for_the_failure_of_an_array_does_not_run_again_once_all_indexes_succeeded(sweep: Job) -> None:
    for name in ("sum", "plot"):
        current(sweep.submission)[name].advance(Delivery.WITHDRAWN, source="dispatch", note="")
    rerun_index(sweep, "SUCCEEDED")
    with pytest.raises(RunAgainError, match="alert runs only if sweep fails, and sweep succeeded"):
        plan_run_again(sweep.submission, current(sweep.submission)["alert"].text_id)


def test_a_workflow_in_which_nothing_failed_says_so(member: Member) -> None:
    submission = actions.submit(json.dumps({"jobs": [LOAD]}), member, source="json")
    for job in submission.jobs.all():
        make_sent(job)
        end(job, "SUCCEEDED")
    with pytest.raises(RunAgainError, match="No step has failed"):
        actions.run_again(submission, member)
    assert len(actions.run_again(submission, member, ALL_STEPS).jobs) == 1
