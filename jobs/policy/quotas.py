"""Quotas: limits on the active jobs and vCPU of a team in a queue, over all its jobs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.policy.grants import Ceilings, Grants, Taken
from jobs.policy.requests import JobAsk
from jobs.policy.rules import Objection
from jobs.spec.job_size import VCPU


@dataclass(frozen=True)
class Rush:
    """Jobs of one document in one queue, the team's usage of it, and its limits."""

    team: str
    queue: str
    asks: tuple[JobAsk, ...]
    taken: Taken
    ceilings: Ceilings


def jobs_have_room(check: Rush) -> Iterator[Objection]:
    """Limit active jobs; each child of an array is one."""
    additional = sum(request.runs for request in check.asks)
    limit = check.ceilings.active_jobs
    if limit is not None and check.taken.jobs + additional > limit:
        message = (
            f"{check.team} may have {limit} jobs at once in {check.queue} and has {check.taken.jobs}; "
            f"{additional} more are too many. Wait until some have ended, or stop some."
        )
        yield Objection("policy.no-room-for-jobs", "/jobQueue", message)


def vcpus_have_room(check: Rush) -> Iterator[Objection]:
    """Limit active vCPU; those of an array count for each child."""
    additional = sum(request.size.vcpus * request.runs for request in check.asks)
    limit = check.ceilings.active_vcpus
    if limit is not None and check.taken.vcpus + additional > limit:
        message = (
            f"{check.team} may use {limit} vCPU at once in {check.queue} and uses {check.taken.vcpus.normalize():f}; "
            f"{additional} more are too many. Wait until some jobs have ended, or stop some."
        )
        yield Objection("policy.no-room-for-vcpus", "/jobQueue", message)


def vcpus_are_known(check: Rush) -> Iterator[Objection]:
    """Refuse what cannot be checked: new or active jobs whose vCPU are unknown."""
    limit = check.ceilings.active_vcpus
    if limit is None:
        return
    allowance = f"{check.team} may use {limit} vCPU at once in {check.queue}"
    reasons = [request.size.why_unknown(VCPU) for request in check.asks if request.definition]
    if reason := next(filter(None, reasons), ""):
        message = f"{allowance}, and the portal can't tell how many this takes, because {reason}."
        yield Objection("policy.size-unknown", "/jobQueue", message)
    if check.taken.unsized:
        message = (
            f"{allowance}, and the portal can't tell how many are in use by {check.taken.unsized} of its jobs there. "
            "Wait until they have ended, or stop them."
        )
        yield Objection("policy.size-unknown", "/jobQueue", message)


RoomRule = Callable[[Rush], Iterator[Objection]]
ROOM: tuple[RoomRule, ...] = (jobs_have_room, vcpus_have_room, vcpus_are_known)


def counted_queues(requests: Sequence[JobAsk], grants: Grants) -> set[int]:
    """Return the requested queues whose usage matters."""
    return {
        request.queue_id
        for request in requests
        if request.queue_id in grants.queues and grants.queues[request.queue_id].counted
    }


def crowding(
    requests: Sequence[JobAsk], grants: Grants, usage: Mapping[int, Taken]
) -> Iterator[tuple[int, Objection]]:
    """Yield violations by all jobs of a document together, each with the index of the first job in its queue."""
    for queue in sorted(counted_queues(requests, grants)):
        numbers = [number for number, request in enumerate(requests) if request.queue_id == queue]
        queue_requests = tuple(requests[number] for number in numbers)
        check = Rush(
            grants.team, queue_requests[0].queue_name, queue_requests, usage.get(queue, Taken()), grants.queues[queue]
        )
        for rule in ROOM:
            for violation in rule(check):
                yield numbers[0], violation
