"""Causes of failures, from exit codes and AWS's reasons."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from jobs.causes.entry import Cause
from jobs.causes.exit_codes import KILLED, NOT_EXECUTABLE, NOT_FOUND, NOT_STARTED, describe_exit_code, is_signal
from jobs.causes.table import CAUSES, Explanation, explain
from jobs.spec.forms.units import format_mib, format_seconds
from jobs.states import Delivery, State

USUAL_END = "Essential container in task exited"
"""AWS Batch's reason for every job whose container ended by itself, successful ones too."""

MAX_REASON_LENGTH = 2_000
"""Characters of AWS's reasons that are read. AWS's own limit for a container's is 255."""

_ENDS: dict[str, str] = {State.FAILED: "failed", State.STOPPED: "was stopped", State.LOST: "was lost"}


@dataclass(frozen=True)
class FailureFacts:
    """What the portal knows of a job that failed: its columns, and what surrounds it where that is at hand."""

    delivery: str = Delivery.SENT
    state: str = State.FAILED
    exit_code: int | None = None
    status_reason: str = ""
    container_reason: str = ""
    delivery_note: str = ""
    array_size: int | None = None

    # -- For the words
    has_log: bool = True
    is_note_from_aws: bool = False
    uses_spot: bool = False
    """Whether all compute environments of its queue are Spot."""
    failed_children: int = 0
    memory_mib: int = 0
    time_limit_seconds: int | None = None
    stop_reason: str = ""
    parent_name: str = ""
    """Of the first dependency that ended without success."""
    parent_state: str = State.FAILED

    @property
    def aws_messages(self) -> tuple[str, ...]:
        """AWS's own words, without the stop reason that the portal gave it."""
        if self.delivery != Delivery.SENT:
            return (self.delivery_note,) if self.is_note_from_aws and self.delivery_note else ()
        reasons = dict.fromkeys((self.container_reason, self.status_reason))
        return tuple(reason for reason in reasons if reason and reason != self.stop_reason)


# Texts of AWS in lower case, of which one or all must occur; the first match counts. Sources: “Troubleshooting AWS
# Batch” and “Job state time limit actions”, AWS Batch User Guide; “Stopped tasks error messages” and
# “CannotPullContainer task errors”, Amazon ECS Developer Guide.
_Pattern = tuple[Cause, tuple[tuple[str, ...], ...]]
_START = ("cannotstartcontainer", "oci runtime", "runc")

_EARLY_PATTERNS: tuple[_Pattern, ...] = (
    (Cause.DEPENDENCY_FAILED, (("dependent job failed",),)),
    (Cause.NEVER_PLACED, (("canceled by jobstatetimelimit",),)),
    (Cause.TIME_LIMIT, (("attempt duration exceeded timeout",),)),
    (Cause.SPOT_RECLAIMED, (("spot task was interrupted", "spotinterruption"),)),
    (Cause.HOST_TERMINATED, (("host ec2",), ("terminated", "deregistered"))),
    (Cause.OUT_OF_MEMORY, (("outofmemory", "oomkilled"),)),
    (Cause.ROLE_NOT_ASSUMABLE, (("unable to assume the role", "unable to assume role", "perform: sts:assumerole"),)),
    (Cause.LOG_GROUP_MISSING, (("log group does not exist",),)),
    (Cause.LOG_NOT_WRITABLE, (("log stream", "logging driver", "logger args"),)),
    (
        Cause.SECRET_UNAVAILABLE,
        (("unable to retrieve secret", "from ssm", "from asm", "specifying container secrets"),),
    ),
    (Cause.STORAGE_NOT_MOUNTED, (("efs utils", "mount.nfs"),)),
    (Cause.OVERRIDES_TOO_LONG, (("container overrides length",),)),
)
_PULL_WORDS = (
    "cannotpullcontainer",
    "cannotpullecrcontainer",
    "cannotpullimage",
    "registry auth",
    "imagepull",
    "invalidimagename",
)
_PULL_PATTERNS: tuple[_Pattern, ...] = (
    (Cause.IMAGE_NAME_INVALID, (("invalid reference format", "invalidimagename"),)),
    (Cause.IMAGE_RATE_LIMIT, (("toomanyrequests", "rate limit"),)),
    (Cause.DISK_FULL, (("no space left on device",),)),
    (Cause.IMAGE_ARCHITECTURE, (("matching platform", "no matching manifest"),)),
    (Cause.IMAGE_NOT_PERMITTED, (("not authorized", "accessdenied", "no basic auth"),)),
    (
        Cause.IMAGE_UNREACHABLE,
        (
            (
                "i/o timeout",
                "client.timeout",
                "request canceled",
                "deadline exceeded",
                "no such host",
                "connection refused",
                "connection reset",
                "connection issue",
                "handshake timeout",
                "network is unreachable",
                "send request failed",
            ),
        ),
    ),
    (Cause.IMAGE_NOT_FOUND, (("not found", "manifest unknown", "does not exist"),)),
    (Cause.IMAGE_NOT_PERMITTED, (("denied", "forbidden", "unauthorized"),)),
    (Cause.IMAGE_NOT_PULLED, ()),
)
_LATE_PATTERNS: tuple[_Pattern, ...] = (
    (Cause.IMAGE_ARCHITECTURE, (("exec format error",),)),
    (Cause.COMMAND_NOT_FOUND, (("executable file not found",),)),
    (Cause.COMMAND_NOT_FOUND, (_START, ("no such file or directory",))),
    (Cause.NOT_EXECUTABLE, (_START, ("permission denied",))),
    (Cause.DISK_FULL, (("no space left on device",),)),
    (Cause.INITIALIZATION_FAILED, (("resourceinitializationerror",),)),
    (
        Cause.CONTAINER_NOT_STARTED,
        (("cannotstartcontainer", "cannotcreatecontainer", "dockertimeouterror"),),
    ),
)
_SEEN_IN_LOG = (Cause.APPLICATION_ERROR, Cause.SIGNAL, Cause.LOST, Cause.UNKNOWN)
_START_FAILURE = "task failed to start"
_CAUSE_BY_CODE = {
    NOT_STARTED: Cause.CONTAINER_NOT_STARTED,
    NOT_EXECUTABLE: Cause.NOT_EXECUTABLE,
    NOT_FOUND: Cause.COMMAND_NOT_FOUND,
    KILLED: Cause.OUT_OF_MEMORY,
}


def failure_cause(facts: FailureFacts) -> Cause:
    """Return the cause of a job that failed, was refused, stopped or lost."""
    if facts.delivery != Delivery.SENT:
        return Cause.REFUSED
    if facts.state == State.LOST:
        return Cause.LOST
    if facts.state == State.STOPPED:
        return Cause.STOPPED
    text = _reason_text(facts)
    cause = _first_match(_EARLY_PATTERNS, text)
    if facts.array_size and cause is not Cause.DEPENDENCY_FAILED:
        return Cause.CHILDREN_FAILED  # an array runs no container itself
    if cause is Cause.HOST_TERMINATED and facts.uses_spot:
        return Cause.SPOT_RECLAIMED
    if cause is None and any(word in text for word in _PULL_WORDS):
        cause = _first_match(_PULL_PATTERNS, text)
    return cause or _first_match(_LATE_PATTERNS, text) or _cause_of_exit(facts.exit_code, text)


def _reason_text(facts: FailureFacts) -> str:
    return f"{facts.container_reason[:MAX_REASON_LENGTH]}\n{facts.status_reason[:MAX_REASON_LENGTH]}".lower()


def _first_match(patterns: Iterable[_Pattern], text: str) -> Cause | None:
    for cause, groups in patterns:
        if all(any(word in text for word in group) for group in groups):
            return cause
    return None


def _cause_of_exit(code: int | None, text: str) -> Cause:
    if not code:
        return Cause.CONTAINER_NOT_STARTED if _START_FAILURE in text else Cause.UNKNOWN
    if code in _CAUSE_BY_CODE:
        return _CAUSE_BY_CODE[code]
    return Cause.SIGNAL if is_signal(code) else Cause.APPLICATION_ERROR


def explain_failure(facts: FailureFacts) -> Explanation:
    cause = failure_cause(facts)
    next_step = CAUSES[cause].next_step
    if cause is Cause.REFUSED and facts.delivery_note and not facts.is_note_from_aws:
        next_step = facts.delivery_note
    if cause in _SEEN_IN_LOG and not facts.has_log:
        next_step = "There is no log."
        if facts.aws_messages:
            next_step += " Check the reason from AWS Batch."
    explanation = explain(cause, _words(facts), next_step=next_step, aws_messages=facts.aws_messages)
    exit_text = f"exit code {facts.exit_code}"
    if facts.exit_code is None or exit_text in explanation.sentence:
        return explanation
    return replace(explanation, evidence=(exit_text.capitalize(),))


def _words(facts: FailureFacts) -> dict[str, object]:
    code = facts.exit_code
    is_certain = _first_match(_EARLY_PATTERNS, _reason_text(facts)) is Cause.OUT_OF_MEMORY
    return {
        "code": code,
        "words": describe_exit_code(code),
        "exit": f" (exit code {code})" if code else "",
        "certainty": "Out of memory:" if is_certain else f"Killed with exit code {code}, probably because",
        "memory": f"its {format_mib(facts.memory_mib)}" if facts.memory_mib else "it requested",
        "limit": f" of {format_seconds(facts.time_limit_seconds)}" if facts.time_limit_seconds else "",
        "parent": facts.parent_name or "a job",
        "end": _ENDS.get(facts.parent_state, "failed"),
        "children": _children_text(facts),
        "refuser": "AWS Batch" if facts.is_note_from_aws else "The portal",
        "reason": f": {facts.stop_reason.rstrip('.')}" if facts.stop_reason else "",
    }


def _children_text(facts: FailureFacts) -> str:
    failed, size = facts.failed_children, facts.array_size or 0
    noun = "child job" if size == 1 else "child jobs"
    if not failed:
        return "Child jobs"
    return f"All {failed:,} {noun}" if failed == size > 1 else f"{failed:,} of {size:,} {noun}"
