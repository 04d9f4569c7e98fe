"""Why a job waits, runs or ended, in one sentence with one advice."""

from datetime import UTC, datetime
from typing import Any

import pytest

from jobs.models import Job, Queue
from jobs.states import Delivery, State
from jobs.web.jobs.explanation import DECISION_ADVICE, describe_exit_code, explain_job

NOW = datetime(2026, 3, 4, tzinfo=UTC)


def sent_job(state: State, **fields: Any) -> Job:
    return Job(delivery=Delivery.SENT, state=state, queue=Queue(name="cpu"), **fields)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, ""),
        (0, "it ended well"),
        (127, "the command was not found in the image"),
        (129, "ended by signal 1"),
        (192, "ended by signal 64"),
        (193, "an exit code of the program's own"),
        (3, "an exit code of the program's own"),
    ],
)
def test_an_exit_code_is_put_into_words(code: int | None, words: str) -> None:
    assert describe_exit_code(code) == words


@pytest.mark.parametrize(
    ("code", "reason", "advice"),
    [
        (137, "", "Give it more memory, or let it use less."),
        (1, "OutOfMemoryError: Container killed due to memory usage", "Give it more memory, or let it use less."),
        (
            None,
            "CannotPullContainerError: no such image",
            "Check the image's name and tag, and that the job's execution role may pull it.",
        ),
        (None, "Dependent Job failed", "Look at the job it waited for."),
        (
            None,
            "Host EC2 (instance i-1) terminated.",
            "Its machine was taken away (Spot). A retry strategy lets it begin again by itself.",
        ),
        (
            None,
            "Job attempt duration exceeded timeout",
            "It ran into its time limit. Allow more, or find out what took so long.",
        ),
        (1, "", "The end of its log usually tells why."),
    ],
)
def test_a_failure_comes_with_one_advice(code: int | None, reason: str, advice: str) -> None:
    assert explain_job(sent_job(State.FAILED, exit_code=code, status_reason=reason)).advice == advice


def test_a_failure_says_its_exit_code_or_that_there_is_none() -> None:
    assert explain_job(sent_job(State.FAILED, exit_code=2)).sentence == (
        "It failed with exit code 2: the command was misused: a wrong argument, or a file that is not there."
    )
    assert explain_job(sent_job(State.FAILED)).sentence == "It failed before its command could end."


def test_what_aws_says_twice_is_shown_once() -> None:
    job = sent_job(State.FAILED, container_reason="OutOfMemoryError", status_reason="OutOfMemoryError")

    assert explain_job(job).aws_messages == ("OutOfMemoryError",)


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        (sent_job(State.SUCCEEDED), "It ended well."),
        (sent_job(State.STOPPED, stop_reason="too dear."), "It was stopped: too dear."),
        (sent_job(State.STOPPED), "It was stopped."),
        (sent_job(State.LOST), "AWS forgot it before its end was seen."),
        (sent_job(State.RUNNABLE), "It waits in cpu for a free place to run."),
        (sent_job(State.RUNNING, stop_requested_at=NOW), "It is being stopped."),
        (
            sent_job(State.PENDING, array_size=4, array_summary={"RUNNING": 4}),
            "Its children are under way; it ends with the last of them.",
        ),
    ],
)
def test_a_job_that_aws_has_is_explained_by_its_state(job: Job, sentence: str) -> None:
    assert explain_job(job).sentence == sentence


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "It waits for jobs it depends on."),
        (("a",), "It waits for a."),
        (("a", "b", "c"), "It waits for a, b and c."),
        (("a", "b", "c", "d", "e"), "It waits for a, b, c and 2 more."),
    ],
)
def test_a_job_that_waits_for_others_names_three_of_them(names: tuple[str, ...], sentence: str) -> None:
    assert explain_job(sent_job(State.PENDING), names).sentence == sentence


@pytest.mark.parametrize(
    ("delivery", "sentence", "advice"),
    [
        (
            Delivery.AWAITING,
            "It is sent once a lead of the team or an administrator has approved it.",
            "Above the limit.",
        ),
        (Delivery.DECLINED, "It was declined, and nothing ran.", "Above the limit."),
        (Delivery.REFUSED, "It was refused, and nothing ran.", "Change the document and submit it anew."),
        (Delivery.WITHDRAWN, "It was withdrawn before it was sent; nothing ran.", "Above the limit."),
        (Delivery.HELD, "A person must decide before it is sent.", "Above the limit."),
    ],
)
def test_a_job_that_aws_does_not_have_is_explained_by_what_the_portal_noted(
    delivery: Delivery, sentence: str, advice: str
) -> None:
    explanation = explain_job(Job(delivery=delivery, delivery_note="Above the limit."))

    assert (explanation.sentence, explanation.advice) == (sentence, advice)


def test_a_held_job_without_a_note_says_who_decides() -> None:
    assert explain_job(Job(delivery=Delivery.HELD)).advice == DECISION_ADVICE


def test_an_accepted_job_is_sent_after_those_it_waits_for() -> None:
    assert (
        explain_job(Job(delivery=Delivery.ACCEPTED), ("a", "b")).sentence == "It is sent as soon as a and b has been."
    )
