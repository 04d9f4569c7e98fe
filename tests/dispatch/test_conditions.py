"""Steps that wait for a failure or for any end: held by the portal, sent when it is observed, or withdrawn."""

from collections.abc import Sequence

import pytest
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from jobs.actions.reruns import RunAgainError
from jobs.actions.run_again import plan_run_again
from jobs.dispatch.delivery import deliver_due, withdraw_blocked
from jobs.models import Job, JobDependency, Submission
from jobs.reports.submissions import overall_status, status_summary
from jobs.spec.step_conditions import Condition
from jobs.states import Delivery, State
from tests import http_wire, make
from tests.dispatch.workflow_model import Result, Step, expected_results, workflow_document, workflows
from tests.examples import examples


def wait_for(job: Job, parent: Job, condition: str) -> None:
    JobDependency.objects.create(job=job, parent=parent, condition=condition)


def end(job: Job, state: str) -> None:
    Job.objects.filter(pk=job.pk).update(state=state, ended_at=now())


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.parametrize(
    ("condition", "state"), [("failure", "FAILED"), ("always", "FAILED"), ("always", "SUCCEEDED")]
)
def test_a_step_is_sent_when_another_has_ended_as_it_waits_for(condition: str, state: str) -> None:
    with http_wire.wire(http_wire.accepts) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        parent = make.job(submission, state="RUNNING")
        held = make.job(submission, position=1)
        wait_for(held, parent, condition)
        deliver_due(held.account)
        assert aws.requests == []

        end(parent, state)
        deliver_due(held.account)

    [(_, request)] = aws.requests
    assert request["jobName"] == held.marker
    assert "dependsOn" not in request  # AWS Batch would fail it


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("condition", "state", "note"),
    [
        ("success", "STOPPED", "It depends on train, which is stopped."),
        ("", "FAILED", "It depends on train, which is failed."),
    ],
)
def test_a_step_whose_condition_cannot_hold_is_withdrawn_and_says_why(condition: str, state: str, note: str) -> None:
    submission = make.submission()
    parent = make.job(submission, name="train", state=state, ended_at=now())
    step = make.job(submission, position=1)
    wait_for(step, parent, condition)

    assert withdraw_blocked(step.account) == 1
    step.refresh_from_db()
    assert (step.delivery, step.delivery_note) == (Delivery.WITHDRAWN, note)


@pytest.mark.django_db
def test_a_step_for_a_failure_that_did_not_come_is_skipped_with_what_depends_on_it() -> None:
    document = {"jobs": [{"jobName": name} for name in ("train", "clean", "tell")]}
    submission = make.submission(kind="workflow", job_count=3, document=document)
    train = make.job(submission, name="train", state="SUCCEEDED", ended_at=now())
    clean = make.job(submission, name="clean", position=1)
    wait_for(clean, train, "failure")
    tell = make.job(submission, name="tell", position=2)
    wait_for(tell, clean, "")

    assert [withdraw_blocked(clean.account), withdraw_blocked(clean.account)] == [1, 1]
    clean.refresh_from_db()
    tell.refresh_from_db()
    assert (clean.delivery, clean.delivery_note) == (
        Delivery.SKIPPED,
        "It runs only if train fails, and train succeeded.",
    )
    assert (tell.delivery, tell.delivery_note) == (Delivery.SKIPPED, "It depends on clean, which is skipped.")
    summary = status_summary(submission)
    assert (overall_status(summary.counts).name, summary.failed) == ("SUCCEEDED", 0)
    with pytest.raises(RunAgainError, match="No step has failed"):
        plan_run_again(submission, "failed")


@pytest.mark.django_db
def test_a_skipped_step_has_not_failed_but_has_ended() -> None:
    submission = make.submission()
    clean = make.job(submission, name="clean", delivery=Delivery.SKIPPED, ended_at=now())
    repair = make.job(submission, position=1)
    wait_for(repair, clean, "failure")
    tell = make.job(submission, position=2)
    wait_for(tell, clean, "always")

    assert list(Job.objects.deliverable()) == [tell]
    assert withdraw_blocked(repair.account) == 1
    repair.refresh_from_db()
    assert (repair.delivery, repair.delivery_note) == (
        Delivery.SKIPPED,
        "It runs only if clean fails, and clean was skipped.",
    )


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "delivery"), [("FAILED", Delivery.WITHDRAWN), ("SUCCEEDED", Delivery.SKIPPED)])
def test_a_step_is_skipped_only_when_no_failure_can_withdraw_it_any_more(state: str, delivery: str) -> None:
    submission = make.submission()
    train = make.job(submission, name="train", state="SUCCEEDED", ended_at=now())
    load = make.job(submission, name="load", position=1, state="RUNNING")
    step = make.job(submission, position=2)
    wait_for(step, train, "failure")
    wait_for(step, load, "success")

    assert withdraw_blocked(step.account) == 0
    end(load, state)
    assert withdraw_blocked(step.account) == 1
    step.refresh_from_db()
    assert step.delivery == delivery


@pytest.mark.django_db
def test_a_step_that_also_lacks_a_success_is_withdrawn_and_not_skipped() -> None:
    submission = make.submission()
    train = make.job(submission, name="train", state="SUCCEEDED", ended_at=now())
    load = make.job(submission, name="load", position=1, state="FAILED", ended_at=now())
    step = make.job(submission, position=2)
    wait_for(step, train, "failure")
    wait_for(step, load, "success")

    assert withdraw_blocked(step.account) == 1
    step.refresh_from_db()
    assert step.delivery == Delivery.WITHDRAWN


@pytest.mark.django_db
def test_one_delivery_withdraws_a_whole_chain_and_sends_what_waits_for_its_end() -> None:
    with http_wire.wire(http_wire.accepts) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        chain = [make.job(submission, state="FAILED", ended_at=now())]
        for position in range(1, 6):
            chain.append(make.job(submission, position=position))
            wait_for(chain[-1], chain[-2], "")
        tell = make.job(submission, position=6)
        wait_for(tell, chain[-1], "always")
        deliver_due(tell.account)

    assert [Job.objects.get(pk=job.pk).delivery for job in chain[1:]] == [Delivery.WITHDRAWN] * 5
    assert [request["jobName"] for _, request in aws.requests] == [tell.marker]


@pytest.mark.django_db
def test_a_step_is_not_sent_while_a_step_that_it_needs_is_being_withdrawn() -> None:
    submission = make.submission()
    failed = make.job(submission, state="FAILED", ended_at=now())
    withdrawn = make.job(submission, position=1, delivery=Delivery.WITHDRAWN, ended_at=now())
    step = make.job(submission, position=2)
    wait_for(step, failed, "failure")
    wait_for(step, withdrawn, "success")

    assert not Job.objects.deliverable().exists()


@pytest.mark.long
class TestRandomWorkflows(TestCase):
    @examples(10, 400)
    @given(steps=workflows(), data=st.data())
    def test_exactly_the_steps_run_whose_conditions_hold(self, steps: list[Step], data: st.DataObject) -> None:
        submission = submit_steps(steps)
        ran = run_until_all_ended(submission, steps, data)

        expected = expected_results(steps)
        assert ran == {number for number, result in enumerate(expected) if result.has_run}
        assert skipped_steps(submission) == {
            number for number, result in enumerate(expected) if result is Result.SKIPPED
        }
        assert not Job.objects.filter(ended_at=None).exists()


def skipped_steps(submission: Submission) -> set[int]:
    return set(submission.jobs.current_steps().filter(delivery=Delivery.SKIPPED).values_list("step", flat=True))


def submit_steps(steps: Sequence[Step]) -> Submission:
    names = [f"s{number}" for number in range(len(steps))]
    document = workflow_document(steps, names)
    submission = make.submission(kind="workflow", job_count=len(steps), document=document)
    jobs = [make.job(submission, position=number, name=name) for number, name in enumerate(names)]
    for job, step in zip(jobs, steps, strict=True):
        for parent, condition in step.edges:
            wait_for(job, jobs[parent], condition)
    return submission


def run_until_all_ended(submission: Submission, steps: Sequence[Step], data: st.DataObject) -> set[int]:
    """Return the steps that ran. Which of the running ones ends next is drawn."""
    ran: set[int] = set()
    while True:
        withdrawn = withdraw_blocked(submission.account)
        sent = list(Job.objects.deliverable().order_by("pk"))
        for job in sent:
            make_sent(job)
        running = {job.step: job for job in batch_can_start(submission)}
        if not running:
            if withdrawn or sent:
                continue
            return ran
        number = data.draw(st.sampled_from(sorted(running)))
        ran.add(number)
        end(running[number], "SUCCEEDED" if steps[number].succeeds else "FAILED")
        fail_dependents_in_batch(submission)


def make_sent(job: Job) -> None:
    assert job.adopt(f"00000000-0000-4000-8000-{job.pk:012d}", source="dispatch")


def batch_can_start(submission: Submission) -> list[Job]:
    """Return the jobs in Batch that wait for nothing more there."""
    unfinished = JobDependency.objects.filter(condition=Condition.BATCH).exclude(parent__state=State.SUCCEEDED)
    sent = submission.jobs.filter(delivery=Delivery.SENT, ended_at=None)
    return list(sent.exclude(pk__in=unfinished.values("job")).order_by("position"))


def fail_dependents_in_batch(submission: Submission) -> None:
    """Fail the jobs in Batch whose parent failed, as it does, one generation after the other."""
    failed = JobDependency.objects.filter(condition=Condition.BATCH, parent__state=State.FAILED)
    while submission.jobs.filter(delivery=Delivery.SENT, ended_at=None, pk__in=failed.values("job")).update(
        state=State.FAILED, ended_at=now()
    ):
        pass
