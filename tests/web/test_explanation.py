"""Why a job waits, runs or ended, in one sentence with one advice."""

from datetime import UTC, datetime
from typing import Any

import pytest

from jobs.causes import CAUSES, Cause, describe_exit_code
from jobs.models import Job, Queue
from jobs.reports.children import ChildCounts
from jobs.states import Delivery, State
from jobs.web.jobs.explanation import explain_job

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def sent_job(state: State, **fields: Any) -> Job:
    return Job(delivery=Delivery.SENT, state=state, queue=Queue(name="cpu"), **fields)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, ""),
        (0, "success"),
        (127, "command not found in the image"),
        (129, "terminated by signal 1"),
        (192, "terminated by signal 64"),
        (193, "application error"),
        (3, "application error"),
    ],
)
def test_an_exit_code_is_put_into_words(code: int | None, words: str) -> None:
    assert describe_exit_code(code) == words


@pytest.mark.parametrize(
    ("code", "reason", "cause"),
    [
        (137, "", Cause.OUT_OF_MEMORY),
        (1, "OutOfMemoryError: Container killed due to memory usage", Cause.OUT_OF_MEMORY),
        (None, "CannotPullContainerError: no such image", Cause.IMAGE_NOT_PULLED),
        (None, "Dependent Job failed", Cause.DEPENDENCY_FAILED),
        (None, "Host EC2 (instance i-1) terminated.", Cause.HOST_TERMINATED),
        (None, "Job attempt duration exceeded timeout", Cause.TIME_LIMIT),
        (127, "", Cause.COMMAND_NOT_FOUND),
        (1, "", Cause.APPLICATION_ERROR),
    ],
)
def test_a_failure_comes_with_the_next_step_of_its_cause(code: int | None, reason: str, cause: Cause) -> None:
    explanation = explain_job(sent_job(State.FAILED, exit_code=code, status_reason=reason, log_stream="a"))

    assert (explanation.cause, explanation.next_step) == (cause, CAUSES[cause].next_step)


def test_a_failure_without_a_log_sends_nobody_to_it() -> None:
    assert explain_job(sent_job(State.FAILED)).next_step == "There is no log."
    refused = explain_job(sent_job(State.FAILED, status_reason="Job queue deleted"))
    assert refused.next_step == "There is no log. Check the reason from AWS Batch."


@pytest.mark.parametrize(
    ("counts", "size", "summary", "sentence"),
    [
        ({"SUCCEEDED": 16, "FAILED": 4}, 20, {}, "4 of 20 child jobs failed."),
        ({"FAILED": 6}, 6, {}, "All 6 child jobs failed."),
        ({"FAILED": 1}, 20, {"FAILED": 7}, "7 of 20 child jobs failed."),  # AWS counts what was not read
        ({}, 20, {}, "Child jobs failed."),
    ],
)
def test_a_failed_array_is_explained_by_its_children(
    counts: dict[str, int], size: int, summary: dict[str, int], sentence: str
) -> None:
    job = sent_job(State.FAILED, array_size=size, array_summary=summary)
    assert explain_job(job, children=ChildCounts(counts, size)).sentence == sentence


@pytest.mark.parametrize(
    ("failed", "successes", "tone", "sentence"),
    [
        (4, 4, "good", "4 of 20 child jobs failed, and succeeded when they ran again."),
        (1, 1, "good", "1 of 20 child jobs failed, and succeeded when it ran again."),
        (4, 3, "bad", "4 of 20 child jobs failed."),
    ],
)
def test_an_array_whose_failed_children_succeeded_later_asks_for_nothing(
    failed: int, successes: int, tone: str, sentence: str
) -> None:
    job = sent_job(State.FAILED, array_size=20)
    explanation = explain_job(job, children=ChildCounts({"FAILED": failed}, 20), rerun_successes=successes)

    assert (explanation.tone, explanation.sentence) == (tone, sentence)


def test_the_reason_of_a_stop_is_said_once() -> None:
    reason = "Stopped in the portal by analyst."
    stopped = explain_job(sent_job(State.STOPPED, stop_reason=reason, status_reason=reason))

    assert (stopped.sentence, stopped.aws_messages) == (f"The job was stopped: {reason}", ())


def test_a_failure_says_its_exit_code_or_that_there_is_none() -> None:
    assert explain_job(sent_job(State.FAILED, exit_code=2)).sentence == (
        "Failed with exit code 2: incorrect usage, such as an invalid argument or a missing file."
    )
    assert explain_job(sent_job(State.FAILED)).sentence == "The job failed before its container exited."


@pytest.mark.parametrize(
    ("state", "words"), [(State.FAILED, "failed"), (State.STOPPED, "was stopped"), (State.LOST, "was lost")]
)
def test_a_step_that_never_ran_says_whose_failure_that_is(state: State, words: str) -> None:
    step = sent_job(State.FAILED, status_reason="Dependent Job failed")
    explanation = explain_job(step, failed_parent=Job(name="train", delivery=Delivery.SENT, state=state))

    assert explanation.sentence == f"Nothing ran: it depends on train, which {words}."
    assert explanation.next_step == "Check the job it depends on."


def test_what_aws_says_twice_is_shown_once() -> None:
    job = sent_job(State.FAILED, container_reason="OutOfMemoryError", status_reason="OutOfMemoryError")

    assert explain_job(job).aws_messages == ("OutOfMemoryError",)


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (sent_job(State.SUCCEEDED), "The job succeeded."),
        (sent_job(State.STOPPED, stop_reason="too dear."), "The job was stopped: too dear."),
        (sent_job(State.STOPPED), "The job was stopped."),
        (sent_job(State.LOST), "AWS no longer has the job, and the portal never saw its final state."),
        (sent_job(State.RUNNABLE), "AWS Batch is looking for capacity in cpu."),
        (sent_job(State.RUNNING, stop_requested_at=NOW), "The job is being stopped."),
        (
            sent_job(State.PENDING, array_size=4, array_summary={"RUNNING": 4}),
            "The array's child jobs are in progress. The array job ends with the last one.",
        ),
    ],
)
def test_a_job_that_aws_has_is_explained_by_its_state(job: Job, sentence: str) -> None:
    assert explain_job(job).sentence == sentence


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "Waiting for the jobs it depends on to succeed."),
        (("a",), "Waiting for a to succeed."),
        (("a", "b", "c"), "Waiting for a, b and c to succeed."),
        (("a", "b", "c", "d", "e"), "Waiting for a, b, c and 2 more to succeed."),
    ],
)
def test_a_job_that_waits_for_others_names_three_of_them(names: tuple[str, ...], sentence: str) -> None:
    assert explain_job(sent_job(State.PENDING), names).sentence == sentence


@pytest.mark.parametrize(
    ("delivery", "sentence", "advice"),
    [
        (
            Delivery.AWAITING,
            "Waiting for approval by a team lead or an administrator.",
            "Above the limit.",
        ),
        (Delivery.DECLINED, "The approval request was declined. Nothing ran.", "Above the limit."),
        (Delivery.REFUSED, "The portal refused the job. Nothing ran.", "Above the limit."),
        (Delivery.ACCEPTED, "Accepted by the portal, not sent to AWS Batch yet.", "Above the limit."),
        (Delivery.SENDING, "Being sent to AWS Batch.", "Above the limit."),
        (Delivery.SKIPPED, "The step was skipped. Nothing ran.", "Above the limit."),
        (Delivery.WITHDRAWN, "The job was withdrawn before it was sent. Nothing ran.", "Above the limit."),
        (Delivery.HELD, "Held until a team lead releases or withdraws it.", "Above the limit."),
    ],
)
def test_a_job_that_aws_does_not_have_is_explained_by_what_the_portal_noted(
    delivery: Delivery, sentence: str, advice: str
) -> None:
    explanation = explain_job(Job(delivery=delivery, delivery_note="Above the limit."))

    assert (explanation.sentence, explanation.aws_messages, explanation.next_step) == (sentence, (), advice)


@pytest.mark.parametrize(
    ("delivery", "sentence", "advice"),
    [
        (
            Delivery.REFUSED,
            "AWS Batch refused the job. Nothing ran.",
            "Correct the document and submit it again.",
        ),
        (Delivery.ACCEPTED, "Accepted by the portal, not sent to AWS Batch yet.", ""),
        (Delivery.SENDING, "Being sent to AWS Batch.", ""),
    ],
)
def test_only_aws_responses_are_shown_as_from_aws(delivery: Delivery, sentence: str, advice: str) -> None:
    job = Job(delivery=delivery, delivery_note="Rate exceeded")
    explanation = explain_job(job, is_note_from_aws=True)

    assert (explanation.sentence, explanation.aws_messages) == (sentence, ("Rate exceeded",))
    assert explanation.next_step == advice


def test_a_held_job_without_a_note_says_who_decides() -> None:
    assert explain_job(Job(delivery=Delivery.HELD)).next_step == CAUSES[Cause.HELD].next_step


def test_an_accepted_job_is_sent_after_those_it_waits_for() -> None:
    assert (
        explain_job(Job(delivery=Delivery.ACCEPTED), ("a", "b")).sentence == "Waiting for a and b to be sent first."
    )
