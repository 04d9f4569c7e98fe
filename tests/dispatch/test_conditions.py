"""Steps that wait for a failure or for any end: held by the portal, sent when it is observed, or withdrawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from jobs.dispatch.delivery import deliver_due, withdraw_blocked
from jobs.models import Job, JobDependency, Submission
from jobs.spec.step_conditions import Condition
from jobs.states import Delivery, State
from tests import http_wire, make
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
        ("failure", "SUCCEEDED", "It runs only if train fails, and train succeeded."),
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
def test_a_step_is_not_sent_while_a_step_that_it_needs_is_being_withdrawn() -> None:
    submission = make.submission()
    failed = make.job(submission, state="FAILED", ended_at=now())
    withdrawn = make.job(submission, position=1, delivery=Delivery.WITHDRAWN, ended_at=now())
    step = make.job(submission, position=2)
    wait_for(step, failed, "failure")
    wait_for(step, withdrawn, "success")

    assert not Job.objects.deliverable().exists()


@dataclass(frozen=True)
class Step:
    """`succeeds` says how it ends if it runs; each edge is an earlier step and a condition."""

    succeeds: bool
    edges: tuple[tuple[int, Condition], ...]


@st.composite
def workflows(draw: st.DrawFn) -> list[Step]:
    conditions = st.sampled_from(list(Condition))
    steps = []
    for number in range(draw(st.integers(2, 6))):
        parents = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        edges = tuple((parent, draw(conditions)) for parent in sorted(parents))
        steps.append(Step(draw(st.booleans()), edges))
    return steps


def expected_results(steps: Sequence[Step]) -> list[bool | None]:
    """Whether each step succeeds; None if it doesn't run."""
    results: list[bool | None] = []
    for step in steps:
        runs = all(
            condition == Condition.ALWAYS or (results[parent] is True) == (condition != Condition.FAILURE)
            for parent, condition in step.edges
        )
        results.append(step.succeeds if runs else None)
    return results


class TestRandomWorkflows(TestCase):
    @examples(40, 400)
    @given(steps=workflows(), data=st.data())
    def test_exactly_the_steps_run_whose_conditions_hold(self, steps: list[Step], data: st.DataObject) -> None:
        submission = make.submission()
        jobs = [make.job(submission, position=number, name=f"s{number}") for number in range(len(steps))]
        for job, step in zip(jobs, steps, strict=True):
            for parent, condition in step.edges:
                wait_for(job, jobs[parent], condition)

        ran: set[int] = set()
        while True:
            withdrawn = withdraw_blocked(submission.account)
            sent = list(Job.objects.deliverable().order_by("pk"))
            for job in sent:
                make_sent(job)
            running = [job.position for job in batch_can_start(submission)]
            if not running:
                if withdrawn or sent:
                    continue
                break
            number = data.draw(st.sampled_from(running))
            ran.add(number)
            end(jobs[number], "SUCCEEDED" if steps[number].succeeds else "FAILED")
            fail_dependents_in_batch(submission)

        expected = expected_results(steps)
        assert ran == {number for number, result in enumerate(expected) if result is not None}
        assert not Job.objects.filter(ended_at=None).exists()


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
