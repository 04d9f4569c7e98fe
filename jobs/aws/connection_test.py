"""Connection test: finds out by harmless calls which permissions the portal has in AWS.

No call changes anything: a call that isn't a read names something that can't exist, or has content that AWS rejects.
AWS checks permissions before both; so a denial means that the permission is missing, and a rejection of the content
that it is granted. Where a denial could have another reason, or the rejection could come before the permission check,
the result is unknown.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from jobs.aws.errors import AccessTroubleError, AwsError, RequestRefusedError, TryAgainError
from jobs.aws.logs import DEFAULT_GROUP
from jobs.aws.response_reader import call
from jobs.aws.session import ASSUME_ROLE

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
UNREAD = frozenset({"ParamValidation", "SerializationException", "ValidationException", "ValidationError"})
"""Codes of rejections that may come before the permission check."""
NOBODY = "00000000-0000-4000-8000-000000000000"


class Answer(StrEnum):
    THERE = "there"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """The result for one permission, named as in IAM, with AWS's message."""

    action: str
    answer: Answer
    words: str = ""


@dataclass(frozen=True)
class Surroundings:
    """Resources to test with. Without a queue or a succeeded job some results stay unknown."""

    region: str
    number: str
    partition: str
    queue: str
    ended_job: str
    installation: str
    by_role: bool


@dataclass(frozen=True)
class Report:
    """The portal's identity in the account, and its permissions there."""

    caller: str
    number: str
    findings: tuple[Finding, ...]
    trouble: str = ""


Clients = Callable[[str], Any]
Ask = Callable[[], Any]
NOT_ASKED = "Not asked: the portal did not get in."


def find_out(clients: Clients, targets: Surroundings) -> Report:
    """Test every permission that the portal uses. Stop early if it has no access at all."""
    fake_name = f"portal-connection-test-{secrets.token_hex(4)}"
    probes = [*_reads(clients, targets, fake_name), *_writes(clients, targets, fake_name)]
    access_checks, caller, number, error = _enter(clients, targets)
    if error:
        checks = [Finding(probe.action, Answer.UNKNOWN, NOT_ASKED) for probe in probes]
    else:
        checks = [probe.finding() for probe in probes]
    pass_role = Finding("iam:PassRole", Answer.UNKNOWN, "Only registering a definition that has a role would tell.")
    return Report(caller, number, (*access_checks, *checks, pass_role), error)


def who(sts: Any) -> str:
    """Return the ARN of a client's credentials; empty if unknown."""
    try:
        return call(sts.get_caller_identity).text("Arn")
    except AwsError:
        return ""


def _enter(clients: Clients, targets: Surroundings) -> tuple[list[Finding], str, str, str]:
    """Return the checks of the access itself, the caller's ARN and account, and the error if access failed."""
    try:
        identity = call(lambda: clients("sts").get_caller_identity())
        caller, number = (
            identity.required_text("Arn", max_length=300),
            identity.required_text("Account", max_length=12),
        )
    except AwsError as error:
        if error.operation == ASSUME_ROLE:
            answer = Answer.MISSING if error.code in DENIED else Answer.UNKNOWN
            return [Finding("sts:AssumeRole", answer, error.message)], "", "", error.message
        if isinstance(error, AccessTroubleError | TryAgainError):
            return [], "", "", error.message
        return [], "", "", ""  # for example an endpoint without STS
    checks = [Finding("sts:AssumeRole", Answer.THERE, f"As {caller}.")] if targets.by_role else []
    return checks, caller, number, ""


@dataclass(frozen=True)
class Probe:
    """A harmless call that needs a permission, and the meaning of a denial."""

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
        message = failure.message
        if isinstance(failure, RequestRefusedError) and failure.code not in UNREAD:
            return Finding(self.action, Answer.THERE, f"Let through, then refused as meant to be: {message}")
        return Finding(self.action, Answer.UNKNOWN, message)


def _missing(action: str) -> Callable[[AwsError], Finding]:
    return lambda failure: Finding(action, Answer.MISSING, failure.message)


def _open(action: str, reason: str) -> Callable[[AwsError], Finding]:
    return lambda failure: Finding(action, Answer.UNKNOWN, f"{reason} AWS: {failure.message}")


def _reads(clients: Clients, targets: Surroundings, fake_name: str) -> Iterator[Probe]:
    """Yield probes of permissions that apply to the whole account."""
    policy = (
        f"arn:{targets.partition}:batch:{targets.region}:{targets.number or '0' * 12}:scheduling-policy/{fake_name}"
    )
    requests: dict[str, Ask] = {
        "batch:DescribeJobQueues": lambda: clients("batch").describe_job_queues(maxResults=1),
        "batch:DescribeComputeEnvironments": lambda: clients("batch").describe_compute_environments(maxResults=1),
        "batch:DescribeSchedulingPolicies": lambda: clients("batch").describe_scheduling_policies(arns=[policy]),
        "batch:DescribeJobDefinitions": lambda: clients("batch").describe_job_definitions(
            jobDefinitionName=fake_name
        ),
        "batch:DescribeJobs": lambda: clients("batch").describe_jobs(jobs=[NOBODY]),
        "batch:ListJobs": lambda: clients("batch").list_jobs(jobQueue=targets.queue or fake_name, maxResults=1),
        "logs:GetLogEvents": lambda: clients("logs").get_log_events(
            logGroupName=DEFAULT_GROUP, logStreamName=fake_name, limit=1
        ),
    }
    for action, request in requests.items():
        yield Probe(action, request, _missing(action))


def _writes(clients: Clients, targets: Surroundings, fake_name: str) -> Iterator[Probe]:
    """Yield probes of permissions that a policy may restrict to some resources: it may deny only the fake ones."""
    arn = f"arn:{targets.partition}:batch:{targets.region}:{targets.number or '0' * 12}:job-definition/{fake_name}"

    def submit() -> Any:
        name, queue = "portal-connection-test", targets.queue or fake_name
        return clients("batch").submit_job(jobName=name, jobQueue=queue, jobDefinition=fake_name)

    def not_submitted(failure: AwsError) -> Finding:
        if targets.queue and fake_name not in failure.message:
            return Finding("batch:SubmitJob", Answer.MISSING, failure.message)
        reason = (
            "Denied for a definition that was made up." if targets.queue else "The portal knows no queue here yet."
        )
        return _open("batch:SubmitJob", reason)(failure)

    yield Probe("batch:SubmitJob", submit, not_submitted)
    job = targets.ended_job
    for action, name in (("batch:TerminateJob", "terminate_job"), ("batch:CancelJob", "cancel_job")):
        yield Probe(
            action,
            # An ended job doesn't change.
            lambda name=name: getattr(clients("batch"), name)(jobId=job or NOBODY, reason="Connection test"),  # type: ignore[misc]
            _missing(action) if job else _open(action, "Denied for a job that was made up, and has no tags."),
        )
    yield Probe(
        "batch:RegisterJobDefinition",
        # Without a container, and with a timeout of 1 s, nothing is registered.
        lambda: clients("batch").register_job_definition(
            jobDefinitionName=fake_name, type="container", timeout={"attemptDurationSeconds": 1}
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
            resourceArn=f"{arn}:1", tags={"portal:installation": targets.installation}
        ),
        _missing("batch:TagResource"),
    )
