"""The explanation of a job's state: why it waits, runs or ended, and what to do."""

from dataclasses import replace

from jobs.causes import (
    Explanation,
    FailureFacts,
    QueueState,
    WaitingFacts,
    explain_failure,
    waiting_cause,
)
from jobs.causes.failure import USUAL_END
from jobs.models import Job
from jobs.reports.causes import failure_facts
from jobs.reports.children import ChildCounts
from jobs.states import Delivery, State

_UNWANTED = {
    Delivery.DECLINED: ("bad", "The approval request was declined. Nothing ran."),
    Delivery.WITHDRAWN: ("off", "The job was withdrawn before it was sent. Nothing ran."),
    Delivery.SKIPPED: ("off", "The step was skipped. Nothing ran."),
}
"""Ends that nothing failed for."""


def explain_job(
    job: Job,
    waiting_for: tuple[str, ...] = (),
    children: ChildCounts | None = None,
    *,
    held_for: tuple[str, ...] = (),
    parent_count: int = 0,
    failed_parent: Job | None = None,
    rerun_successes: int = 0,
    is_note_from_aws: bool = False,
    waiting: WaitingFacts | None = None,
    account_problem: str = "",
) -> Explanation:
    """Explain the job's state. Only with `is_note_from_aws` the note is shown as AWS's.

    `waiting_for` names unfinished parents, `held_for` those that must end before the portal submits the job.
    `failed_parent` is the first one whose success it needed and that ended without.
    `waiting` has what is known of its queue, if it waits for capacity, and `account_problem` why AWS isn't called.
    `rerun_successes` counts the child jobs of an array that failed and have succeeded when they ran again.
    """
    if job.is_stopping:
        return Explanation(
            "The job is being stopped.",
            tone="warn",
            icon="hand-stop",
            aws_messages=job.reasons,
            next_step="It ends when AWS Batch has stopped it.",
        )
    if job.delivery in _UNWANTED:
        tone, sentence = _UNWANTED[Delivery(job.delivery)]
        return Explanation(sentence, tone=tone, icon=job.status.icon, next_step=job.delivery_note)
    if job.status.is_final and not job.status.is_success:
        facts = _failure_facts(job, children, failed_parent, is_note_from_aws=is_note_from_aws)
        explanation = explain_failure(facts)
        return _with_reruns(explanation, facts.failed_children, rerun_successes)
    if job.status.is_success:
        messages = tuple(message for message in job.reasons if message != USUAL_END)
        return Explanation("The job succeeded.", tone="good", icon=job.status.icon, aws_messages=messages)
    if waiting:
        return waiting_cause(waiting)
    if job.state == State.PENDING and job.array_size and job.array_summary:
        return Explanation(
            "The array's child jobs are in progress. The array job ends with the last one.",
            tone="wait",
            icon=job.status.icon,
            aws_messages=job.reasons,
        )
    return waiting_cause(
        WaitingFacts(
            delivery=job.delivery,
            state=job.state,
            note=job.delivery_note,
            is_note_from_aws=is_note_from_aws,
            account_problem=account_problem,
            parents=waiting_for,
            held_for=held_for,
            parent_count=parent_count,
            queue=QueueState(job.queue.name if job.delivery == Delivery.SENT else ""),
            reason=job.status_reason,
        )
    )


def _failure_facts(
    job: Job, children: ChildCounts | None, failed_parent: Job | None, *, is_note_from_aws: bool
) -> FailureFacts:
    facts = replace(failure_facts(job), is_note_from_aws=is_note_from_aws)
    if children:
        facts = replace(facts, failed_children=children.final_count(job, State.FAILED))
    if failed_parent is None:
        return facts
    return replace(facts, parent_name=failed_parent.name, parent_state=failed_parent.state)


def _with_reruns(explanation: Explanation, failed: int, successes: int) -> Explanation:
    """Say so if all children that failed have succeeded when they ran again."""
    if not failed or successes < failed:
        return explanation
    sentence = f"{explanation.sentence.rstrip('.')}, and succeeded when {'it' if failed == 1 else 'they'} ran again."
    return replace(explanation, sentence=sentence, tone="good", icon="circle-check", next_step="", action=None)
