"""Connection test: tells by harmless calls which permissions the portal has.

AWS checks permissions before content.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from jobs.aws.errors import AwsError, CredentialsError, RejectedError, RetryableError
from jobs.aws.logs import DEFAULT_GROUP
from jobs.aws.response_reader import call
from jobs.aws.session import ASSUME_ROLE

DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"})
VALIDATION_CODES = frozenset({"ParamValidation", "SerializationException", "ValidationException", "ValidationError"})
"""Rejections that may come before the permission check."""
NO_JOB_ID = "00000000-0000-4000-8000-000000000000"


class PermissionStatus(StrEnum):
    GRANTED = "granted"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PermissionCheck:
    action: str
    status: PermissionStatus
    message: str = ""


@dataclass(frozen=True)
class ProbeTargets:
    region: str
    number: str
    partition: str
    queue: str
    ended_job: str
    installation: str
    uses_role: bool


@dataclass(frozen=True)
class ConnectionTestResult:
    caller: str
    number: str
    checks: tuple[PermissionCheck, ...]
    error: str = ""


ClientFactory = Callable[[str], Any]
ProbeCall = Callable[[], Any]
NOT_TESTED = "Not tested: the portal has no access to the account."


def probe_permissions(clients: ClientFactory, targets: ProbeTargets) -> ConnectionTestResult:
    fake_name = f"portal-connection-test-{secrets.token_hex(4)}"
    probes = [*_read_probes(clients, targets, fake_name), *_write_probes(clients, targets, fake_name)]
    access_checks, caller, number, error = _check_access(clients, targets)
    if error:
        checks = [PermissionCheck(probe.action, PermissionStatus.UNKNOWN, NOT_TESTED) for probe in probes]
    else:
        checks = [probe.run() for probe in probes]
    pass_role = PermissionCheck(
        "iam:PassRole", PermissionStatus.UNKNOWN, "Can only be tested by registering a definition with a role."
    )
    return ConnectionTestResult(caller, number, (*access_checks, *checks, pass_role), error)


def caller_arn(sts: Any) -> str:
    try:
        return call(sts.get_caller_identity).text("Arn")
    except AwsError:
        return ""


def _check_access(clients: ClientFactory, targets: ProbeTargets) -> tuple[list[PermissionCheck], str, str, str]:
    try:
        identity = call(lambda: clients("sts").get_caller_identity())
        caller, number = (
            identity.required_text("Arn", max_length=300),
            identity.required_text("Account", max_length=12),
        )
    except AwsError as error:
        if error.operation == ASSUME_ROLE:
            status = PermissionStatus.MISSING if error.code in DENIED_CODES else PermissionStatus.UNKNOWN
            return [PermissionCheck("sts:AssumeRole", status, error.message)], "", "", error.message
        if isinstance(error, CredentialsError | RetryableError):
            return [], "", "", error.message
        return [], "", "", ""  # for example an endpoint without STS
    checks = (
        [PermissionCheck("sts:AssumeRole", PermissionStatus.GRANTED, f"As {caller}.")] if targets.uses_role else []
    )
    return checks, caller, number, ""


@dataclass(frozen=True)
class Probe:
    action: str
    request: ProbeCall
    on_denied: Callable[[AwsError], PermissionCheck]

    def run(self) -> PermissionCheck:
        try:
            call(self.request)
        except AwsError as failure:
            return self._from_error(failure)
        return PermissionCheck(self.action, PermissionStatus.GRANTED)

    def _from_error(self, failure: AwsError) -> PermissionCheck:
        if failure.code in DENIED_CODES:
            return self.on_denied(failure)
        message = failure.message
        if isinstance(failure, RejectedError) and failure.code not in VALIDATION_CODES:
            return PermissionCheck(
                self.action,
                PermissionStatus.GRANTED,
                f"Allowed. The test request was rejected as intended: {message}",
            )
        return PermissionCheck(self.action, PermissionStatus.UNKNOWN, message)


def _report_missing(action: str) -> Callable[[AwsError], PermissionCheck]:
    return lambda failure: PermissionCheck(action, PermissionStatus.MISSING, failure.message)


def _report_unknown(action: str, reason: str) -> Callable[[AwsError], PermissionCheck]:
    return lambda failure: PermissionCheck(action, PermissionStatus.UNKNOWN, f"{reason} AWS: {failure.message}")


def _read_probes(clients: ClientFactory, targets: ProbeTargets, fake_name: str) -> Iterator[Probe]:
    policy = (
        f"arn:{targets.partition}:batch:{targets.region}:{targets.number or '0' * 12}:scheduling-policy/{fake_name}"
    )
    requests: dict[str, ProbeCall] = {
        "batch:DescribeJobQueues": lambda: clients("batch").describe_job_queues(maxResults=1),
        "batch:DescribeComputeEnvironments": lambda: clients("batch").describe_compute_environments(maxResults=1),
        "batch:DescribeSchedulingPolicies": lambda: clients("batch").describe_scheduling_policies(arns=[policy]),
        "batch:GetJobQueueSnapshot": lambda: clients("batch").get_job_queue_snapshot(
            jobQueue=targets.queue or fake_name
        ),
        "batch:DescribeJobDefinitions": lambda: clients("batch").describe_job_definitions(
            jobDefinitionName=fake_name
        ),
        "batch:DescribeJobs": lambda: clients("batch").describe_jobs(jobs=[NO_JOB_ID]),
        "batch:ListJobs": lambda: clients("batch").list_jobs(jobQueue=targets.queue or fake_name, maxResults=1),
        "ecs:DescribeContainerInstances": lambda: clients("ecs").describe_container_instances(
            cluster=fake_name, containerInstances=[fake_name]
        ),
        "logs:GetLogEvents": lambda: clients("logs").get_log_events(
            logGroupName=DEFAULT_GROUP, logStreamName=fake_name, limit=1
        ),
        "logs:FilterLogEvents": lambda: clients("logs").filter_log_events(
            logGroupName=DEFAULT_GROUP, logStreamNames=[fake_name], limit=1
        ),
    }
    for action, request in requests.items():
        yield Probe(action, request, _report_missing(action))


def _end_job(clients: ClientFactory, method: str, job: str) -> Any:
    return getattr(clients("batch"), method)(jobId=job, reason="Connection test")


def _write_probes(clients: ClientFactory, targets: ProbeTargets, fake_name: str) -> Iterator[Probe]:
    """Probe permissions that a policy may deny for the fake resources only."""
    arn = f"arn:{targets.partition}:batch:{targets.region}:{targets.number or '0' * 12}:job-definition/{fake_name}"

    def submit() -> Any:
        name, queue = "portal-connection-test", targets.queue or fake_name
        return clients("batch").submit_job(jobName=name, jobQueue=queue, jobDefinition=fake_name)

    def not_submitted(failure: AwsError) -> PermissionCheck:
        if targets.queue and fake_name not in failure.message:
            return PermissionCheck("batch:SubmitJob", PermissionStatus.MISSING, failure.message)
        reason = (
            "Denied for a fictitious definition."
            if targets.queue
            else "No queues have been read from this account yet."
        )
        return _report_unknown("batch:SubmitJob", reason)(failure)

    yield Probe("batch:SubmitJob", submit, not_submitted)
    job = targets.ended_job
    for action, name in (("batch:TerminateJob", "terminate_job"), ("batch:CancelJob", "cancel_job")):
        yield Probe(
            action,
            # An ended job doesn't change.
            partial(_end_job, clients, name, job or NO_JOB_ID),
            _report_missing(action) if job else _report_unknown(action, "Denied for a fictitious job without tags."),
        )
    yield Probe(
        "batch:RegisterJobDefinition",
        # Without a container, and with a timeout of 1 s, nothing is registered.
        lambda: clients("batch").register_job_definition(
            jobDefinitionName=fake_name, type="container", timeout={"attemptDurationSeconds": 1}
        ),
        _report_missing("batch:RegisterJobDefinition"),
    )
    yield Probe(
        "batch:DeregisterJobDefinition",
        lambda: clients("batch").deregister_job_definition(jobDefinition=f"{arn}:1"),
        _report_missing("batch:DeregisterJobDefinition"),
    )
    yield Probe(
        "batch:TagResource",
        lambda: clients("batch").tag_resource(
            resourceArn=f"{arn}:1", tags={"portal:installation": targets.installation}
        ),
        _report_missing("batch:TagResource"),
    )
