"""Quotas: limits on a team's active jobs and vCPU in a queue."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.policy.grants import QueueLimits, QueueUsage, TeamGrants
from jobs.policy.requests import JobRequest
from jobs.policy.rules import Violation
from jobs.spec.job_size import VCPU


@dataclass(frozen=True)
class QuotaCheck:
    team: str
    queue: str
    requests: tuple[JobRequest, ...]
    usage: QueueUsage
    limits: QueueLimits


def active_jobs_are_within_limit(check: QuotaCheck) -> Iterator[Violation]:
    additional = sum(request.runs for request in check.requests)
    limit = check.limits.active_jobs
    if limit is not None and check.usage.jobs + additional > limit:
        message = (
            f"{check.team} can have {limit} active jobs in {check.queue} and has {check.usage.jobs}; "
            f"{additional} more would exceed the limit. Wait until some end, or stop some."
        )
        yield Violation("policy.no-room-for-jobs", "/jobQueue", message)


def active_vcpus_are_within_limit(check: QuotaCheck) -> Iterator[Violation]:
    additional = sum(request.size.vcpus * request.runs for request in check.requests)
    limit = check.limits.active_vcpus
    if limit is not None and check.usage.vcpus + additional > limit:
        message = (
            f"{check.team} can use {limit} vCPU at a time in {check.queue} and uses "
            f"{check.usage.vcpus.normalize():f}; "
            f"{additional} more would exceed the limit. Wait until some jobs end, or stop some."
        )
        yield Violation("policy.no-room-for-vcpus", "/jobQueue", message)


def active_vcpus_are_known(check: QuotaCheck) -> Iterator[Violation]:
    limit = check.limits.active_vcpus
    if limit is None:
        return
    allowance = f"{check.team} can use {limit} vCPU at a time in {check.queue}"
    reasons = [request.size.why_unknown(VCPU) for request in check.requests if request.definition]
    if reason := next(filter(None, reasons), ""):
        message = f"{allowance}, but the vCPU of this submission are unknown. {reason}"
        yield Violation("policy.size-unknown", "/jobQueue", message)
    if check.usage.unknown_vcpus:
        message = (
            f"{allowance}, but the vCPU of {check.usage.unknown_vcpus} of its active jobs are unknown. "
            "Wait until they end, or stop them."
        )
        yield Violation("policy.size-unknown", "/jobQueue", message)


QuotaRule = Callable[[QuotaCheck], Iterator[Violation]]
QUOTA_RULES: tuple[QuotaRule, ...] = (
    active_jobs_are_within_limit,
    active_vcpus_are_within_limit,
    active_vcpus_are_known,
)


def limited_queues(requests: Sequence[JobRequest], grants: TeamGrants) -> set[int]:
    return {
        request.queue_id
        for request in requests
        if request.queue_id in grants.queues and grants.queues[request.queue_id].has_active_limits
    }


def quota_violations(
    requests: Sequence[JobRequest], grants: TeamGrants, usage: Mapping[int, QueueUsage]
) -> Iterator[tuple[int, Violation]]:
    for queue in sorted(limited_queues(requests, grants)):
        numbers = [number for number, request in enumerate(requests) if request.queue_id == queue]
        queue_requests = tuple(requests[number] for number in numbers)
        check = QuotaCheck(
            grants.team,
            queue_requests[0].queue_name,
            queue_requests,
            usage.get(queue, QueueUsage()),
            grants.queues[queue],
        )
        for rule in QUOTA_RULES:
            for violation in rule(check):
                yield numbers[0], violation
