"""Faults of jobs: containers that can't start or end suddenly, and queues that AWS reports as blocked.

The texts are AWS's: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html and
https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html
"""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.sandbox.context import Document
from jobs.sandbox.faults import FaultPlan, JobFault, JobFaultEffect
from jobs.sandbox.groups import job_groups
from jobs.sandbox.jobs import SandboxJob
from jobs.sandbox.start_failures import FAILED_TO_START

_NOT_AUTHORIZED = "AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/execution/1 is not authorized"
_RETRIEVAL = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed"
)
_NO_PULL = "CannotPullContainerError"
_START_REASONS = {
    JobFaultEffect.IMAGE_NOT_FOUND: (
        f"{_NO_PULL}: pull image manifest has been retried 1 time(s): failed to resolve ref {{image}}: {{image}}: "
        "not found"
    ),
    JobFaultEffect.IMAGE_DENIED: (
        f"{_NO_PULL}: pull access denied for {{image}}, repository does not exist or may require 'docker login': "
        f"denied: {_NOT_AUTHORIZED} to perform: ecr:BatchGetImage"
    ),
    JobFaultEffect.IMAGE_UNREACHABLE: (
        f"{_NO_PULL}: failed to do request: Head {{image}}: dial tcp 10.0.0.9:443: i/o timeout"
    ),
    JobFaultEffect.LOG_GROUP_MISSING: (
        "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed "
        "to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."
    ),
    JobFaultEffect.SECRET_DENIED: f"{_RETRIEVAL}: unable to retrieve secret from asm: {_NOT_AUTHORIZED}",
    JobFaultEffect.NETWORK_BROKEN: (
        f"{_RETRIEVAL}: unable to retrieve ecr registry auth: RequestError: send request failed"
    ),
}
_ROLE_DENIED = (
    "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being "
    "passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this "
    "role."
)
_KILLED: dict[JobFaultEffect, Document] = {
    JobFaultEffect.OUT_OF_MEMORY: {"reason": "OutOfMemoryError: Container killed due to memory usage"},
    JobFaultEffect.HOST_TERMINATED: {
        "exitCode": None,
        "statusReason": "Host EC2 (instance i-0123456789abcdef0) terminated.",
    },
    JobFaultEffect.SPOT_INTERRUPTED: {"exitCode": None, "statusReason": "Your Spot Task was interrupted."},
}
MAX_REASON_LENGTH = 255
NO_ROLE = "arn:aws:iam::123456789012:role/unknown"


@dataclass(frozen=True)
class SuddenEnd:
    seconds: float
    """After the start."""
    record: Document
    """What the attempt says instead."""


class JobFaults:
    def __init__(self, plan: Callable[[], FaultPlan]) -> None:
        self._plan = plan

    def start_failure(self, job: SandboxJob) -> Document | None:
        fault = self._fault_of(job)
        if fault is None:
            return None
        if fault.does is JobFaultEffect.ROLE_DENIED:
            container = job.spec.get("container") or {}
            role = container.get("jobRoleArn") or container.get("executionRoleArn") or NO_ROLE
            return {"statusReason": _ROLE_DENIED.format(role=role)}
        template = _START_REASONS.get(fault.does)
        if template is None:
            return None
        reason = template.format(image=_images(job)[0])
        return {"statusReason": FAILED_TO_START, "reason": reason[:MAX_REASON_LENGTH]}

    def sudden_end(self, job: SandboxJob) -> SuddenEnd | None:
        fault = self._fault_of(job)
        record = _KILLED.get(fault.does) if fault else None
        return SuddenEnd(fault.after_seconds, record) if fault and record else None

    def blocked_reason(self, queue: str) -> str | None:
        name = queue.rpartition("/")[2]
        return next((entry.reason for entry in self._plan().queues if entry.applies_to(name)), None)

    def _fault_of(self, job: SandboxJob) -> JobFault | None:
        plan = self._plan()
        if not plan.jobs:
            return None
        images = _images(job)
        return next((fault for fault in plan.jobs if any(fault.applies_to(image) for image in images)), None)


def _images(job: SandboxJob) -> list[str]:
    return [container.image for group in job_groups(job.spec) for container in group.containers]
