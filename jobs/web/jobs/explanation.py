"""The explanation of a job's state: why it waits, runs or ended, and what to do."""

from dataclasses import dataclass

from jobs.models import Job
from jobs.reports.children import ChildCounts
from jobs.spec.rules.workflow import MAX_PARENTS, is_held_for_parents
from jobs.states import Delivery, State

EXIT_CODES = {
    0: "success",
    1: "general error",
    2: "incorrect usage, such as an invalid argument or a missing file",
    125: "the container couldn't be started",
    126: "the command isn't executable",
    127: "command not found in the image",
    128: "the program exited with an invalid exit code",
    130: "interrupted (SIGINT)",
    134: "the program aborted (SIGABRT)",
    135: "bus error (SIGBUS)",
    136: "arithmetic error, such as a division by zero (SIGFPE)",
    137: "killed (SIGKILL), often because it needed more memory than requested",
    139: "segmentation fault (SIGSEGV)",
    141: "broken pipe (SIGPIPE)",
    143: "terminated (SIGTERM): stopped, timed out, or its host was shut down",
    255: "unspecified error",
}
_NOT_STARTED_CODES = (126, 127)
MAX_SIGNAL = 64
USUAL_END = "Essential container in task exited"
"""AWS Batch's reason for every job whose container ended by itself, successful ones too."""
DECISION_ADVICE = "A team lead can release the job. Members who can stop jobs can withdraw it."


@dataclass(frozen=True)
class JobExplanation:
    tone: str
    icon: str
    sentence: str
    aws_messages: tuple[str, ...] = ()
    advice: str = ""


def describe_exit_code(code: int | None) -> str:
    """Describe by the convention of shells and container runtimes."""
    if code is None:
        return ""
    if code in EXIT_CODES:
        return EXIT_CODES[code]
    if 128 < code <= 128 + MAX_SIGNAL:
        return f"terminated by signal {code - 128}"
    return "application error"


_END_VERBS: dict[str, str] = {State.FAILED: "failed", State.STOPPED: "was stopped", State.LOST: "was lost"}


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
) -> JobExplanation:
    """Explain the job's state. Only with `is_note_from_aws` the note is shown as AWS's.

    `waiting_for` names unfinished parents, `held_for` those that must end before the portal submits the job.
    `failed_parent` is the first one whose success it needed and that ended without.
    `rerun_successes` counts the child jobs of an array that failed and have succeeded when they ran again.
    """
    messages = job.reasons
    status = job.status
    if job.is_stopping:
        return JobExplanation(
            "warn", "hand-stop", "The job is being stopped.", messages, "It ends when AWS Batch has stopped it."
        )
    if job.delivery != Delivery.SENT:
        return _explain_unsent(job, waiting_for, held_for, parent_count, is_note_from_aws=is_note_from_aws)
    match job.state:
        case State.SUCCEEDED:
            other_messages = tuple(message for message in messages if message != USUAL_END)
            return JobExplanation("good", status.icon, "The job succeeded.", other_messages)
        case State.FAILED:
            return _explain_failure(job, messages, children, failed_parent, rerun_successes)
        case State.STOPPED:
            return _explain_stop(job, messages)
        case State.LOST:
            return JobExplanation(
                "warn",
                status.icon,
                "AWS no longer has the job, and the portal never saw its final state.",
                messages,
                "Check the log to see how it ended.",
            )
        case State.PENDING if job.array_size and job.array_summary:
            return JobExplanation(
                "wait",
                status.icon,
                "The array's child jobs are in progress. The array job ends with the last one.",
                messages,
            )
        case State.PENDING:
            return JobExplanation(
                "wait", status.icon, f"Waiting for {_join_names(waiting_for) or 'the jobs it depends on'}.", messages
            )
        case State.RUNNABLE:
            return JobExplanation(
                "wait",
                status.icon,
                f"Waiting for capacity in {job.queue}.",
                messages,
                "If it waits longer than usual, check that a compute environment of the queue has room for its vCPU "
                "and memory.",
            )
    return JobExplanation(status.tone, status.icon, status.meaning, messages)


def _explain_unsent(
    job: Job, waiting_for: tuple[str, ...], held_for: tuple[str, ...], parent_count: int, *, is_note_from_aws: bool
) -> JobExplanation:
    status, note = job.status, job.delivery_note
    match job.delivery:
        case Delivery.AWAITING:
            sentence = "Waiting for approval by a team lead or an administrator."
            return JobExplanation("warn", status.icon, sentence, advice=note)
        case Delivery.DECLINED:
            return JobExplanation("bad", status.icon, "The approval request was declined. Nothing ran.", advice=note)
        case Delivery.REFUSED:
            if not is_note_from_aws:
                sentence = "The portal refused the job. Nothing ran."
                return JobExplanation("bad", status.icon, sentence, advice=note)
            sentence = "AWS Batch refused the job. Nothing ran."
            return JobExplanation("bad", status.icon, sentence, (note,), "Correct the document and submit it again.")
        case Delivery.WITHDRAWN | Delivery.SKIPPED:
            withdrawn, skipped = "The job was withdrawn before it was sent.", "The step was skipped."
            sentence = f"{skipped if job.delivery == Delivery.SKIPPED else withdrawn} Nothing ran."
            return JobExplanation("off", status.icon, sentence, advice=note)
        case Delivery.HELD:
            return JobExplanation("warn", status.icon, status.meaning, advice=note or DECISION_ADVICE)
    if held_for:
        sentence = f"Waiting for {_join_names(held_for)} to end."
        advice = "The portal submits the job then."
        if is_held_for_parents(parent_count):
            advice = (
                f"Depends on {parent_count} jobs, and AWS Batch allows {MAX_PARENTS}. The portal submits it when all "
                "have succeeded."
            )
        return JobExplanation("wait", status.icon, sentence, advice=advice)
    sentence = f"Waiting for {_join_names(waiting_for)} to be sent first." if waiting_for else status.meaning
    if is_note_from_aws:
        return JobExplanation("wait", status.icon, sentence, (note,))
    return JobExplanation("wait", status.icon, sentence, advice=note)


def _explain_stop(job: Job, messages: tuple[str, ...]) -> JobExplanation:
    other_messages = tuple(message for message in messages if message != job.stop_reason)  # AWS repeats the reason
    sentence = f"The job was stopped{_reason_suffix(job.stop_reason)}."
    return JobExplanation("off", job.status.icon, sentence, other_messages)


def _explain_failure(
    job: Job,
    messages: tuple[str, ...],
    children: ChildCounts | None,
    failed_parent: Job | None,
    rerun_successes: int,
) -> JobExplanation:
    # An array runs no container itself: it has neither an exit code nor a log.
    if children and (failed := children.final_count(job, State.FAILED)):
        noun = "child job" if children.size == 1 else "child jobs"
        subject = (
            f"All {failed:,} {noun}" if failed == children.size > 1 else f"{failed:,} of {children.size:,} {noun}"
        )
        if rerun_successes >= failed:
            sentence = f"{subject} failed, and succeeded when {'it' if failed == 1 else 'they'} ran again."
            return JobExplanation("good", "circle-check", sentence, messages)
        advice = "Check the exit codes and logs of the failed child jobs."
        return JobExplanation("bad", "circle-x", f"{subject} failed.", messages, advice)
    if job.exit_code is None:
        sentence = "The job failed before its container exited."
        if failed_parent and not job.started_at:
            sentence = f"Nothing ran: it depends on {failed_parent.name}, which {_END_VERBS[failed_parent.state]}."
        return JobExplanation("bad", "circle-x", sentence, messages, _advice(job, messages))
    sentence = f"Failed with exit code {job.exit_code}: {describe_exit_code(job.exit_code)}."
    return JobExplanation("bad", "circle-x", sentence, messages, _advice(job, messages))


def _advice(job: Job, messages: tuple[str, ...]) -> str:
    text = " ".join(messages).lower()
    if "outofmemory" in text or job.exit_code == 137:
        return "Request more memory, or reduce what the job uses."
    if "cannotpullcontainer" in text:
        return "Check the image name and tag, and that the execution role can pull the image."
    if "dependent job failed" in text or "dependency" in text:
        return "Check the job it depends on."
    if "host ec2" in text and "terminated" in text:
        return "Its host was terminated (Spot). Add a retry strategy to restart such jobs automatically."
    if "timeout" in text:
        return "The job reached its time limit. Increase the limit, or check what took so long."
    if job.exit_code in _NOT_STARTED_CODES:
        return "Check the command, and that the image contains it as an executable file."
    if not job.log_stream:
        return "There is no log. Check the reason from AWS Batch." if messages else "There is no log."
    return "Check the end of the log for the cause."


def _reason_suffix(reason: str) -> str:
    return f": {reason.rstrip('.')}" if reason else ""


def _join_names(names: tuple[str, ...]) -> str:
    first_names = list(names[:3])
    if len(names) > len(first_names):
        return f"{', '.join(first_names)} and {len(names) - len(first_names)} more"
    return (
        " and ".join([", ".join(first_names[:-1]), first_names[-1]]) if len(first_names) > 1 else "".join(first_names)
    )
