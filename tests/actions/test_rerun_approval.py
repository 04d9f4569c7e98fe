"""Jobs that run again and need approval: requested, decided, and carried out in their submission."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from jobs import actions
from jobs.access import Member
from jobs.actions import job_control
from jobs.actions.approval import StaleApprovalError
from jobs.actions.daily_usage import daily_usage
from jobs.actions.reruns import RunAgainError, StaleRunAgainError
from jobs.actions.run_again import _RequestKey, plan_run_again
from jobs.models import Approval, ArrayChild, AuditEntry, Job, JobDependency, Membership, Role, Submission
from jobs.models.database_generation import enter_recovery
from jobs.spec.index_rerun import IndexRerunError, IndexRerunPlan, RerunKind
from jobs.spec.parsing.parser import DocumentParseError
from jobs.states import Delivery
from tests import make
from tests.dispatch.test_conditions import end, make_sent

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

STEP: dict[str, Any] = {"jobQueue": "cpu", "jobDefinition": "hello"}
LOAD = {**STEP, "jobName": "load"}
TRAIN = {**STEP, "jobName": "train", "dependsOn": [{"jobId": "${load}"}]}
REPORT = {**STEP, "jobName": "report", "dependsOn": [{"jobId": "${train}"}]}


class Research:
    """A team that requires approval of arrays above four. `train` failed, so `report` was withdrawn."""

    def __init__(self) -> None:
        self.team = make.team("research", name="Research", approval_array_size=4)
        self.analyst = make.member(self.team)
        self.lead = make.member(self.team, Role.LEAD, make.user("lead"))
        self.other = make.member(self.team, Role.LEAD, make.user("other"))
        queue = make.queue("cpu", teams=(self.team,), raw={"state": "ENABLED"})
        make.revision("hello", of=self.team, where=queue.account)
        document = json.dumps({"jobs": [LOAD, TRAIN, REPORT]})
        self.submission = actions.submit(document, self.analyst, source="json")
        load, train, report = self.submission.jobs.order_by("position")
        for job, state in ((load, "SUCCEEDED"), (train, "FAILED")):
            make_sent(job)
            end(job, state)
        report.advance(Delivery.WITHDRAWN, source="dispatch", note="It depends on train, which is failed.")

    def edited_text(self, size: int = 10) -> str:
        document = plan_run_again(self.submission).document
        document["jobs"][0]["arrayProperties"] = {"size": size}
        return json.dumps(document)

    def request(self, member: Member | None = None, **fields: Any) -> Approval:
        outcome = actions.run_again(self.submission, member or self.analyst, text=self.edited_text(), **fields)
        assert outcome.jobs == ()
        assert outcome.approval
        return outcome.approval

    def current(self) -> dict[str, Job]:
        return {job.name: job for job in self.submission.jobs.current_steps()}


@pytest.fixture
def research() -> Research:
    return Research()


def test_a_request_changes_no_job_until_it_is_approved(research: Research) -> None:
    before = research.current()
    approval = research.request()

    assert [reason["rule"] for reason in approval.reasons] == ["approval.array-size"]
    assert approval.forecast["jobs"][0]["runs"] == 10
    assert approval.requester == research.analyst.user
    assert approval.rerun
    assert approval.rerun.job_names == ["train", "report"]
    assert research.current() == before
    assert research.submission.jobs.count() == 3
    entry = AuditEntry.objects.filter(action="run again").get()
    assert json.loads(entry.after)["approval"] == "requested"

    actions.approve(approval, research.lead, version=1)
    after = research.current()
    assert after["load"] == before["load"]
    assert [(after[name].repeats, after[name].delivery) for name in ("train", "report")] == [
        (before["train"], "ACCEPTED"),
        (before["report"], "ACCEPTED"),
    ]
    assert after["train"].array_size == 10
    assert after["train"].rerun == approval.rerun
    assert after["train"].delivery_note == f"Run again by {research.analyst.user.display_name}. Approved by lead."
    edges = JobDependency.objects.filter(job__in=[after["train"], after["report"]]).values_list("job", "parent")
    assert set(edges) == {(after["train"].pk, before["load"].pk), (after["report"].pk, after["train"].pk)}
    approval.refresh_from_db()
    assert (approval.decision, approval.decided_by) == ("approved", research.lead.user)
    assert AuditEntry.objects.filter(action="approve", label=research.submission.name).count() == 1


def test_the_same_request_twice_is_one(research: Research) -> None:
    research.request(request_key="key")

    outcome = actions.run_again(research.submission, research.analyst, text=research.edited_text(), request_key="key")
    assert (outcome.jobs, outcome.approval) == ((), None)
    with pytest.raises(RunAgainError, match="already wait for approval"):
        actions.run_again(research.submission, research.lead, text=research.edited_text())
    assert Approval.objects.count() == 1


def test_a_request_that_comes_twice_at_once_is_made_once(research: Research, monkeypatch: pytest.MonkeyPatch) -> None:
    research.request(request_key="key")
    is_repeat = _RequestKey.is_repeat
    results = iter([False])  # the other is not committed yet
    monkeypatch.setattr(_RequestKey, "is_repeat", lambda key: next(results, None) is None and is_repeat(key))

    outcome = actions.run_again(research.submission, research.analyst, text=research.edited_text(), request_key="key")
    assert (outcome.jobs, outcome.approval) == ((), None)
    assert Approval.objects.count() == 1


def test_a_request_that_is_approved_while_all_is_stopped_stops_too(
    research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = research.request()

    def approve_and_withdraw(request: Approval, member: Member) -> None:
        actions.approve(approval, research.lead, 1)
        actions.withdraw(request, member)

    monkeypatch.setattr(job_control, "withdraw", approve_and_withdraw)
    assert actions.stop_all(research.submission, research.analyst) == 2
    assert {job.delivery for job in research.current().values() if job.repeats_id} == {Delivery.WITHDRAWN}


def test_nothing_is_approved_while_the_portal_recovers(research: Research) -> None:
    approval = research.request()
    enter_recovery("A backup was restored.")
    with pytest.raises(actions.RecoveryError):
        actions.approve(approval, research.lead, 1)
    approval.refresh_from_db()
    assert approval.is_waiting


def test_a_declined_or_withdrawn_request_leaves_all_as_it_was_and_can_come_again(research: Research) -> None:
    before = research.current()
    actions.decline(research.request(), research.lead, 1, "Too many.")
    actions.withdraw(research.request(), research.analyst)
    assert actions.stop_all(research.submission, make.member(research.team)) == 0
    research.request()
    actions.stop_all(research.submission, research.analyst)

    assert research.current() == before
    assert [*Approval.objects.order_by("pk").values_list("decision", flat=True)] == [
        "declined",
        "withdrawn",
        "withdrawn",
    ]
    assert [*AuditEntry.objects.filter(action="withdraw").values_list("label", flat=True)] == [
        research.submission.name
    ] * 2


def test_a_request_for_steps_that_ran_again_meanwhile_runs_nothing(research: Research) -> None:
    approval = research.request()
    jobs = actions.run_again(research.submission, research.lead).jobs
    with pytest.raises(RunAgainError, match="No step has failed"):
        actions.approve(approval, research.lead, version=1)
    for job in jobs:
        make_sent(job)
        end(job, "SUCCEEDED" if job.name == "train" else "FAILED")

    for approver in (research.lead, research.other):
        with pytest.raises(StaleRunAgainError, match="since approval was requested"):
            actions.approve(approval, approver, version=1)
    assert actions.preview_rerun(approval, research.lead).obstacle
    approval.refresh_from_db()
    assert approval.is_waiting
    assert research.submission.jobs.count() == 5
    actions.decline(approval, research.lead, 1, "Not needed any more.")


def test_a_request_whose_steps_have_succeeded_says_so(research: Research) -> None:
    approval = research.request()
    for job in research.submission.jobs.exclude(name="load"):
        Job.objects.filter(pk=job.pk).update(delivery="SENT", state="SUCCEEDED", batch_id=f"id-{job.pk}")

    with pytest.raises(RunAgainError, match="No step has failed"):
        actions.approve(approval, research.lead, version=1)


def test_what_the_portal_no_longer_allows_is_not_approved(research: Research) -> None:
    approval = research.request()
    research.team.queue_grants.all().delete()

    with pytest.raises(actions.ValidationFailedError):
        actions.approve(approval, research.lead, version=1)
    assert research.submission.jobs.count() == 3


def test_a_requester_who_left_the_team_is_not_served(research: Research) -> None:
    approval = research.request()
    Membership.objects.filter(user=research.analyst.user).update(role="viewer")

    with pytest.raises(actions.ValidationFailedError, match="can no longer submit"):
        actions.approve(approval, research.lead, version=1)


def test_nobody_decides_their_own_request(research: Research) -> None:
    approval = research.request(research.lead)

    with pytest.raises(PermissionDenied):
        actions.approve(approval, research.lead, version=1)
    with pytest.raises(PermissionDenied):
        actions.edit_request(approval, research.lead, 1, research.edited_text(5))
    with pytest.raises(PermissionDenied):
        actions.withdraw(approval, make.member(research.team, "viewer", make.user("viewer")))
    assert [*Approval.objects.decidable_by(research.lead.user)] == []
    assert [*Approval.objects.decidable_by(research.other.user)] == [approval]
    actions.approve(approval, research.other, version=1)
    with pytest.raises(StaleApprovalError):
        actions.approve(approval, research.other, version=1)


def test_a_smaller_edit_is_approved_with_it_and_a_larger_one_waits_for_another(research: Research) -> None:
    approval = research.request()
    assert not actions.edit_request(approval, research.lead, 1, research.edited_text(20))
    approval.refresh_from_db()
    assert approval.forecast["jobs"][0]["runs"] == 20

    assert actions.edit_request(approval, research.other, 2, research.edited_text(6))
    assert research.current()["train"].array_size == 6
    assert [edit.editor for edit in approval.edits.all()] == [research.lead.user, research.other.user]


def test_an_edit_keeps_the_steps_and_their_dependencies(research: Research) -> None:
    approval = research.request()
    document = json.loads(research.edited_text())
    document["jobs"].pop()

    with pytest.raises(DocumentParseError, match="Keep the steps"):
        actions.edit_request(approval, research.lead, 1, json.dumps(document))
    approval.refresh_from_db()
    assert (approval.version, approval.is_waiting) == (1, True)


def test_an_approved_rerun_does_not_count_against_the_day(research: Research) -> None:
    approval = research.request()
    actions.approve(approval, research.lead, version=1)

    usage = daily_usage(research.analyst.user, research.team, approval.requested_at)
    assert usage.array_jobs == 0
    actions.stop_all(research.submission, research.analyst)
    text = json.loads(research.edited_text())
    text["jobs"][0]["arrayProperties"]["size"] = 3
    actions.run_again(research.submission, research.analyst, text=json.dumps(text))
    assert daily_usage(research.analyst.user, research.team, approval.requested_at).array_jobs == 3


# -- Indexes of an array


@pytest.fixture
def sweep(research: Research) -> Job:
    job = make.job(
        make.submission(research.analyst),
        name="sweep",
        array_size=20,
        state="FAILED",
        document={"jobName": "sweep", "jobQueue": "cpu", "jobDefinition": "hello", "arrayProperties": {"size": 20}},
    )
    failed = range(6)
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state="FAILED" if index in failed else "SUCCEEDED") for index in range(20)
    )
    return job


def request_indexes(research: Research, sweep: Job) -> Approval:
    outcome = actions.rerun_indexes(sweep, research.analyst, "0-5", IndexRerunPlan(RerunKind.ARRAY))
    assert outcome.approval
    return outcome.approval


def test_indexes_run_again_once_approved(research: Research, sweep: Job) -> None:
    approval = request_indexes(research, sweep)
    assert not sweep.repeated_by.exists()

    actions.approve(approval, research.lead, version=1)
    job = sweep.repeated_by.get()
    assert (job.array_index, job.array_size, job.step, job.rerun) == (0, 6, sweep.step, approval.rerun)
    assert job.delivery_note == "Approved by lead."


def test_indexes_that_ran_again_meanwhile_are_not_run_twice(research: Research, sweep: Job) -> None:
    approval = request_indexes(research, sweep)
    actions.rerun_indexes(sweep, research.other, "3", IndexRerunPlan())

    with pytest.raises(IndexRerunError, match="Child job 3 hasn't failed or is already running again"):
        actions.approve(approval, research.lead, version=1)
    assert sweep.repeated_by.count() == 1
    with pytest.raises(DocumentParseError, match="A request for child jobs can't be edited"):
        actions.edit_request(approval, research.lead, 1, "{}")


def test_a_submission_has_one_waiting_request(research: Research) -> None:
    submission = Submission.objects.get(pk=research.submission.pk)
    approval = research.request()

    assert submission.waiting_rerun_or_none == approval
    assert submission.approval_or_none is None
