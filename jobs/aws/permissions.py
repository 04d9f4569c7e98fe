"""What a way into AWS may do, found out by asking.

No call here changes anything: what does not only read names something that cannot exist, or asks for what AWS
refuses by its contents. AWS weighs permissions before it looks at either; so a denial means that the permission is
missing, and a refusal of the contents that it is there. Where a denial could have another reason, or a refusal come
from before the permissions were weighed, the answer is that it cannot be told.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.aws.answers import call
from jobs.aws.errors import AccessTroubleError, AwsError, RequestRefusedError, TryAgainError
from jobs.aws.logs import DEFAULT_GROUP
from jobs.aws.session import ASSUME_ROLE

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
UNREAD = frozenset({"ParamValidation", "SerializationException", "ValidationException", "ValidationError"})
"""Refusals that may come from before the permissions were weighed."""
NOBODY = "00000000-0000-4000-8000-000000000000"


class Answer(StrEnum):
    THERE = "there"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """Of one permission, as IAM writes it: whether it is there, and AWS's words for that."""

    action: str
    answer: Answer
    words: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What there is to ask about: without a queue, or a job that has ended well, some answers stay open."""

    region: str
    number: str
    partition: str
    queue: str
    ended_job: str
    installation: str
    by_role: bool


@dataclass(frozen=True)
class Report:
    """Who the portal is in the account, and what it may do there."""

    caller: str
    number: str
    findings: tuple[Finding, ...]
    trouble: str = ""


Clients = Callable[[str], Any]
Ask = Callable[[], Any]
NOT_ASKED = "Not asked: the portal did not get in."


def find_out(clients: Clients, around: Surroundings) -> Report:
    """Ask for everything that the portal does. It stops early where it does not get in at all."""
    made_up = f"portal-connection-test-{secrets.token_hex(4)}"
    probes = [*_reads(clients, around, made_up), *_writes(clients, around, made_up)]
    entry, caller, number, trouble = _enter(clients, around)
    if trouble:
        rest = [Finding(probe.action, Answer.UNKNOWN, NOT_ASKED) for probe in probes]
    else:
        rest = [probe.finding() for probe in probes]
    pass_role = Finding("iam:PassRole", Answer.UNKNOWN, "Only registering a definition that has a role would tell.")
    return Report(caller, number, (*entry, *rest, pass_role), trouble)


def who(sts: Any) -> str:
    """The ARN behind a client's credentials; empty where that cannot be told."""
    try:
        return call(sts.get_caller_identity).text("Arn")
    except AwsError:
        return ""


def _enter(clients: Clients, around: Surroundings) -> tuple[list[Finding], str, str, str]:
    """What getting in tells: findings, the caller's ARN and account, and what is in the way."""
    try:
        identity = call(lambda: clients("sts").get_caller_identity())
        caller, number = identity.required_text("Arn", at_most=300), identity.required_text("Account", at_most=12)
    except AwsError as failure:
        if failure.operation == ASSUME_ROLE:
            answer = Answer.MISSING if failure.code in DENIED else Answer.UNKNOWN
            return [Finding("sts:AssumeRole", answer, failure.message)], "", "", failure.message
        if isinstance(failure, AccessTroubleError | TryAgainError):
            return [], "", "", failure.message
        return [], "", "", ""  # an endpoint without STS, say
    entry = [Finding("sts:AssumeRole", Answer.THERE, f"As {caller}.")] if around.by_role else []
    return entry, caller, number, ""


@dataclass(frozen=True)
class Probe:
    """A harmless call that needs a permission, and what a denial of it says."""

    action: str
    ask: Ask
    denial: Callable[[AwsError], Finding]

    def finding(self) -> Finding:
        try:
            call(self.ask)
        except AwsError as failure:
            return self._of(failure)
        return Finding(self.action, Answer.THERE)

    def _of(self, failure: AwsError) -> Finding:
        if failure.code in DENIED:
            return self.denial(failure)
        words = failure.message
        if isinstance(failure, RequestRefusedError) and failure.code not in UNREAD:
            return Finding(self.action, Answer.THERE, f"Let through, then refused as meant to be: {words}")
        return Finding(self.action, Answer.UNKNOWN, words)


def _missing(action: str) -> Callable[[AwsError], Finding]:
    return lambda failure: Finding(action, Answer.MISSING, failure.message)


def _open(action: str, why: str) -> Callable[[AwsError], Finding]:
    return lambda failure: Finding(action, Answer.UNKNOWN, f"{why} AWS: {failure.message}")


def _reads(clients: Clients, around: Surroundings, made_up: str) -> Iterator[Probe]:
    """These are for all of an account or for none of it."""
    policy = f"arn:{around.partition}:batch:{around.region}:{around.number or '0' * 12}:scheduling-policy/{made_up}"
    asked: dict[str, Ask] = {
        "batch:DescribeJobQueues": lambda: clients("batch").describe_job_queues(maxResults=1),
        "batch:DescribeComputeEnvironments": lambda: clients("batch").describe_compute_environments(maxResults=1),
        "batch:DescribeSchedulingPolicies": lambda: clients("batch").describe_scheduling_policies(arns=[policy]),
        "batch:DescribeJobDefinitions": lambda: clients("batch").describe_job_definitions(jobDefinitionName=made_up),
        "batch:DescribeJobs": lambda: clients("batch").describe_jobs(jobs=[NOBODY]),
        "batch:ListJobs": lambda: clients("batch").list_jobs(jobQueue=around.queue or made_up, maxResults=1),
        "logs:GetLogEvents": lambda: clients("logs").get_log_events(
            logGroupName=DEFAULT_GROUP, logStreamName=made_up, limit=1
        ),
    }
    for action, ask in asked.items():
        yield Probe(action, ask, _missing(action))


def _writes(clients: Clients, around: Surroundings, made_up: str) -> Iterator[Probe]:
    """A policy may allow these for some queues, definitions and jobs: what was made up may be what it denies."""
    arn = f"arn:{around.partition}:batch:{around.region}:{around.number or '0' * 12}:job-definition/{made_up}"

    def submit() -> Any:
        name, queue = "portal-connection-test", around.queue or made_up
        return clients("batch").submit_job(jobName=name, jobQueue=queue, jobDefinition=made_up)

    def not_submitted(failure: AwsError) -> Finding:
        if around.queue and made_up not in failure.message:
            return Finding("batch:SubmitJob", Answer.MISSING, failure.message)
        why = "Denied for a definition that was made up." if around.queue else "The portal knows no queue here yet."
        return _open("batch:SubmitJob", why)(failure)

    yield Probe("batch:SubmitJob", submit, not_submitted)
    job = around.ended_job
    for action, name in (("batch:TerminateJob", "terminate_job"), ("batch:CancelJob", "cancel_job")):
        yield Probe(
            action,
            # A job that has ended stays as it is.
            lambda name=name: getattr(clients("batch"), name)(jobId=job or NOBODY, reason="Connection test"),  # type: ignore[misc]
            _missing(action) if job else _open(action, "Denied for a job that was made up, and has no tags."),
        )
    yield Probe(
        "batch:RegisterJobDefinition",
        # Without a container, and with a second to run, nothing is registered.
        lambda: clients("batch").register_job_definition(
            jobDefinitionName=made_up, type="container", timeout={"attemptDurationSeconds": 1}
        ),
        _missing("batch:RegisterJobDefinition"),
    )
    yield Probe(
        "batch:DeregisterJobDefinition",
        lambda: clients("batch").deregister_job_definition(jobDefinition=f"{arn}:1"),
        _missing("batch:DeregisterJobDefinition"),
    )
    yield Probe(
        "batch:TagResource",
        lambda: clients("batch").tag_resource(
            resourceArn=f"{arn}:1", tags={"portal:installation": around.installation}
        ),
        _missing("batch:TagResource"),
    )
