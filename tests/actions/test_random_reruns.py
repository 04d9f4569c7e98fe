"""Random workflows, of which parts run again while others still run: the model says what runs, and in which order."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from jobs import actions
from jobs.access import Member
from jobs.actions.reruns import RunAgainError
from jobs.actions.run_again import ALL_STEPS, FROM_FAILED, plan_run_again
from jobs.dispatch.delivery import withdraw_blocked
from jobs.models import Job
from jobs.spec.step_conditions import Condition
from jobs.states import Delivery, State
from tests import make
from tests.dispatch.test_conditions import batch_can_start, end, fail_dependents_in_batch, make_sent
from tests.dispatch.workflow_model import Result, RunAgainModel, Step, workflow_document, workflows
from tests.examples import examples

MAX_RERUNS = 3
MEMORY_MIB = 512


class RandomRun:
    """A workflow of the portal beside its model. What happens next is drawn."""

    def __init__(self, member: Member, steps: list[Step], data: st.DataObject) -> None:
        self.data = data
        self.model = RunAgainModel(steps)
        self.member = member
        self.names = [f"s{number}" for number in range(len(steps))]
        document = workflow_document(steps, self.names, jobQueue="cpu", jobDefinition="hello")
        self.submission = actions.submit(json.dumps(document), self.member, source="json")
        self.ends: Counter[int] = Counter()
        self.memory = dict.fromkeys(self.names, MEMORY_MIB)

    def current(self) -> dict[int, Job]:
        return {job.step: job for job in self.submission.jobs.current_steps()}

    def settle(self) -> bool:
        """Do all that the portal and AWS Batch do by themselves. Return whether steps run."""
        while True:
            fail_dependents_in_batch(self.submission)
            count = withdraw_blocked(self.submission.account)
            ready = list(Job.objects.deliverable().order_by("pk"))
            for job in ready:
                self.check_order(job)
                make_sent(job)
            if not count and not ready:
                return bool(batch_can_start(self.submission))

    def check_order(self, job: Job) -> None:
        """What a job waits for are the last runs of the steps that its document names, and they were sent before."""
        edges = {(edge.parent.step, edge.condition): edge.parent for edge in job.dependencies.all() if edge.parent}
        assert set(edges) == set(self.model.steps[job.step].edges)
        current = self.current()
        for (number, condition), parent in edges.items():
            assert parent == current[number]
            assert parent.batch_id or condition != Condition.BATCH

    def end_step(self) -> None:
        running = {job.step: job for job in batch_can_start(self.submission)}
        number = self.data.draw(st.sampled_from(sorted(running)), "ends")
        succeeds = self.data.draw(st.booleans(), "succeeds")
        self.model.end(number, succeeds=succeeds)
        end(running[number], State.SUCCEEDED if succeeds else State.FAILED)
        self.ends[number] += 1

    def run_again(self) -> None:
        numbers = range(len(self.names))
        choice = self.data.draw(st.sampled_from([FROM_FAILED, ALL_STEPS, *numbers]), "run again")
        start = choice if isinstance(choice, int) else None
        rerun_steps = self.model.repeated(start, is_all=choice == ALL_STEPS)
        word = str(choice) if start is None else self.current()[start].text_id
        before = self.current()
        text = self.edited(word) if rerun_steps and self.data.draw(st.booleans(), "edit") else None
        try:
            jobs = actions.run_again(self.submission, self.member, word, text=text).jobs
        except RunAgainError:
            event("refused")
            assert rerun_steps is None
            assert self.current() == before
            return
        event("runs again while others run" if batch_can_start(self.submission) else "runs again")
        assert {job.step for job in jobs} == rerun_steps
        assert {job.step: job.repeats for job in jobs} == {number: before[number] for number in rerun_steps or ()}
        self.model.run_again(rerun_steps or ())

    def edited(self, start: str) -> str:
        """The document with another size for one of its steps."""
        document: Any = plan_run_again(self.submission, start).document
        step = self.data.draw(st.sampled_from(document["jobs"]), "edited step")
        self.memory[step["jobName"]] *= 2
        memory = {"type": "MEMORY", "value": str(self.memory[step["jobName"]])}
        step["containerOverrides"] = {"resourceRequirements": [memory]}
        return json.dumps(document)

    def check_settled(self) -> None:
        """The rows are as the model says, with all that may run at work."""
        results = self.model.results
        for number, job in self.current().items():
            assert result_of(job, results[number]) is results[number], (number, job.status, results)
            assert job.memory_mib == self.memory[job.name]
        running = {job.step for job in batch_can_start(self.submission)}
        assert all(results[number] is Result.OPEN for number in running)
        assert running or Result.OPEN not in results
        assert self.ends == Counter(self.model.runs)


def result_of(job: Job, expected: Result) -> Result:
    """AWS Batch fails a job after the failure of one that it depends on: it was withdrawn there."""
    if not job.status.is_final:
        return Result.OPEN
    if job.delivery == Delivery.SENT and job.state == State.FAILED and expected is Result.WITHDRAWN:
        return Result.WITHDRAWN
    return Result[job.state if job.delivery == Delivery.SENT else job.delivery]


@pytest.mark.long
class TestRandomReruns(TestCase):
    member: Member

    @classmethod
    def setUpTestData(cls) -> None:
        cls.member = make.member(make.team())
        queue = make.queue("cpu", teams=(cls.member.team,), raw={"state": "ENABLED"})
        make.revision("hello", of=cls.member.team, where=queue.account)

    @examples(6, 600)
    @given(steps=workflows(), data=st.data())
    def test_exactly_the_steps_run_that_the_model_names(self, steps: list[Step], data: st.DataObject) -> None:
        run = RandomRun(self.member, steps, data)
        reruns = 0
        while True:
            is_live = run.settle()
            run.check_settled()
            wants_rerun = reruns < MAX_RERUNS and data.draw(st.booleans(), "again")
            if wants_rerun:
                reruns += 1
                run.run_again()
            elif is_live:
                run.end_step()
            else:
                return
