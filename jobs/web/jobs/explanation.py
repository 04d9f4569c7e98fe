"""The explanation of a job's state: one sentence on why it waits, runs or ended, and what to do."""

from dataclasses import dataclass

from jobs.models import Job
from jobs.states import Delivery, State

EXIT_CODES = {
    0: "it ended well",
    1: "a general error of the program",
    2: "the command was misused: a wrong argument, or a file that is not there",
    125: "the container itself could not be started",
    126: "the command was found but may not be executed",
    127: "the command was not found in the image",
    128: "the program left with an invalid exit code",
    130: "interrupted (SIGINT)",
    134: "the program aborted (SIGABRT)",
    135: "a bus error (SIGBUS)",
    136: "an arithmetic error such as a division by zero (SIGFPE)",
    137: "killed (SIGKILL), often because it needed more memory than it asked for",
    139: "a segmentation fault (SIGSEGV): the program touched memory that is not its own",
    141: "a broken pipe (SIGPIPE)",
    143: "asked to end (SIGTERM): stopped, timed out, or its machine was taken away",
    255: "the program failed without saying how",
}
MAX_SIGNAL = 64
DECISION_ADVICE = "A lead of the team has it sent; whoever may stop jobs withdraws it for good."


@dataclass(frozen=True)
class JobExplanation:
    """The explanation as the page shows it: tone, icon, sentence, AWS's own messages and one advice."""

    tone: str
    icon: str
    sentence: str
    aws_messages: tuple[str, ...] = ()
    advice: str = ""


def describe_exit_code(code: int | None) -> str:
    """Describe an exit code by the convention of shells and container runtimes; empty for None."""
    if code is None:
        return ""
    if code in EXIT_CODES:
        return EXIT_CODES[code]
    if 128 < code <= 128 + MAX_SIGNAL:
        return f"ended by signal {code - 128}"
    return "an exit code of the program's own"


def explain_job(job: Job, waiting_for: tuple[str, ...] = ()) -> JobExplanation:
    """Explain the job's state; `waiting_for` names the unfinished jobs it depends on."""
    messages = tuple(dict.fromkeys(message for message in (job.container_reason, job.status_reason) if message))
    status = job.status
    if job.is_stopping:
        return JobExplanation(
            "warn", "hand-stop", "It is being stopped.", messages, "It ends as soon as AWS Batch has stopped it."
        )
    if job.delivery != Delivery.SENT:
        return _explain_unsent(job, waiting_for)
    match job.state:
        case State.SUCCEEDED:
            return JobExplanation("good", status.icon, "It ended well.", messages)
        case State.FAILED:
            return _explain_failure(job, messages)
        case State.STOPPED:
            return JobExplanation("off", status.icon, f"It was stopped{_reason_suffix(job.stop_reason)}.", messages)
        case State.LOST:
            return JobExplanation(
                "warn",
                status.icon,
                "AWS forgot it before its end was seen.",
                messages,
                "Its log may still tell how it ended.",
            )
        case State.PENDING if job.array_size and job.array_summary:
            return JobExplanation(
                "wait", status.icon, "Its children are under way; it ends with the last of them.", messages
            )
        case State.PENDING:
            return JobExplanation(
                "wait", status.icon, f"It waits for {_join_names(waiting_for) or 'jobs it depends on'}.", messages
            )
        case State.RUNNABLE:
            return JobExplanation(
                "wait",
                status.icon,
                f"It waits in {job.queue} for a free place to run.",
                messages,
                "If it waits unusually long: has a compute environment of the queue room for its vCPU and memory?",
            )
    return JobExplanation(status.tone, status.icon, status.meaning, messages)


def _explain_unsent(job: Job, waiting_for: tuple[str, ...]) -> JobExplanation:
    """Explain a job that is not with AWS yet, from what the portal noted about it."""
    status, note = job.status, (job.delivery_note,) if job.delivery_note else ()
    match job.delivery:
        case Delivery.AWAITING:
            sentence = "It is sent once a lead of the team or an administrator has approved it."
            return JobExplanation("warn", status.icon, sentence, advice=job.delivery_note)
        case Delivery.DECLINED:
            return JobExplanation("bad", status.icon, "It was declined, and nothing ran.", advice=job.delivery_note)
        case Delivery.REFUSED:
            return JobExplanation(
                "bad",
                status.icon,
                "It was refused, and nothing ran.",
                note,
                "Change the document and submit it anew.",
            )
        case Delivery.WITHDRAWN:
            sentence = "It was withdrawn before it was sent; nothing ran."
            # the portal's words, not AWS's
            return JobExplanation("off", status.icon, sentence, advice=job.delivery_note)
        case Delivery.HELD:
            sentence = "A person must decide before it is sent."
            return JobExplanation("warn", status.icon, sentence, advice=job.delivery_note or DECISION_ADVICE)
    if waiting_for:
        return JobExplanation(
            "wait", status.icon, f"It is sent as soon as {_join_names(waiting_for)} has been.", note
        )
    return JobExplanation("wait", status.icon, status.meaning, note)


def _explain_failure(job: Job, messages: tuple[str, ...]) -> JobExplanation:
    if job.exit_code is None:
        sentence = "It failed before its command could end."
        return JobExplanation("bad", "circle-x", sentence, messages, _advice(None, messages))
    sentence = f"It failed with exit code {job.exit_code}: {describe_exit_code(job.exit_code)}."
    return JobExplanation("bad", "circle-x", sentence, messages, _advice(job.exit_code, messages))


def _advice(code: int | None, messages: tuple[str, ...]) -> str:
    text = " ".join(messages).lower()
    if "outofmemory" in text or code == 137:
        return "Give it more memory, or let it use less."
    if "cannotpullcontainer" in text:
        return "Check the image's name and tag, and that the job's execution role may pull it."
    if "dependent job failed" in text or "dependency" in text:
        return "Look at the job it waited for."
    if "host ec2" in text and "terminated" in text:
        return "Its machine was taken away (Spot). A retry strategy lets it begin again by itself."
    if "timeout" in text:
        return "It ran into its time limit. Allow more, or find out what took so long."
    return "The end of its log usually tells why."


def _reason_suffix(reason: str) -> str:
    return f": {reason.rstrip('.')}" if reason else ""


def _join_names(names: tuple[str, ...]) -> str:
    first_names = list(names[:3])
    if len(names) > len(first_names):
        return f"{', '.join(first_names)} and {len(names) - len(first_names)} more"
    return (
        " and ".join([", ".join(first_names[:-1]), first_names[-1]]) if len(first_names) > 1 else "".join(first_names)
    )
