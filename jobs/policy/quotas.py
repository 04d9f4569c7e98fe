"""Whether there is room for more: ceilings on what runs at once, counted over all jobs of a team in a queue."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from jobs.policy.grants import Ceilings, Grants, Taken
from jobs.policy.requests import JobAsk
from jobs.policy.rules import Objection
from jobs.spec.job_size import VCPU


@dataclass(frozen=True)
class Rush:
    """The jobs of one document that go to one queue, what the team has there already, and what it may have."""

    team: str
    queue: str
    asks: tuple[JobAsk, ...]
    taken: Taken
    ceilings: Ceilings


def jobs_have_room(rush: Rush) -> Iterator[Objection]:
    """So many jobs at once; each child of an array is one."""
    more = sum(ask.runs for ask in rush.asks)
    most = rush.ceilings.active_jobs
    if most is not None and rush.taken.jobs + more > most:
        message = (
            f"{rush.team} may have {most} jobs at once in {rush.queue} and has {rush.taken.jobs}; "
            f"{more} more are too many. Wait until some have ended, or stop some."
        )
        yield Objection("policy.no-room-for-jobs", "/jobQueue", message)


def vcpus_have_room(rush: Rush) -> Iterator[Objection]:
    """So many vCPU at once, those of an array as many times as it has children."""
    more = sum(ask.size.vcpus * ask.runs for ask in rush.asks)
    most = rush.ceilings.active_vcpus
    if most is not None and rush.taken.vcpus + more > most:
        message = (
            f"{rush.team} may use {most} vCPU at once in {rush.queue} and uses {rush.taken.vcpus.normalize():f}; "
            f"{more} more are too many. Wait until some jobs have ended, or stop some."
        )
        yield Objection("policy.no-room-for-vcpus", "/jobQueue", message)


def vcpus_are_known(rush: Rush) -> Iterator[Objection]:
    """What cannot be told cannot be shown to have room, neither the new jobs nor those that are there."""
    most = rush.ceilings.active_vcpus
    if most is None:
        return
    limit = f"{rush.team} may use {most} vCPU at once in {rush.queue}"
    reasons = [ask.size.why_unknown(VCPU) for ask in rush.asks if ask.definition]
    if reason := next(filter(None, reasons), ""):
        message = f"{limit}, and the portal can't tell how many this takes, because {reason}."
        yield Objection("policy.size-unknown", "/jobQueue", message)
    if rush.taken.unsized:
        message = (
            f"{limit}, and the portal can't tell how many are in use by {rush.taken.unsized} of its jobs there. "
            "Wait until they have ended, or stop them."
        )
        yield Objection("policy.size-unknown", "/jobQueue", message)


RoomRule = Callable[[Rush], Iterator[Objection]]
ROOM: tuple[RoomRule, ...] = (jobs_have_room, vcpus_have_room, vcpus_are_known)


def counted_queues(asks: Sequence[JobAsk], grants: Grants) -> set[int]:
    """Those of the asks' queues for which it matters how much is taken."""
    return {ask.queue_id for ask in asks if ask.queue_id in grants.queues and grants.queues[ask.queue_id].counted}


def crowding(asks: Sequence[JobAsk], grants: Grants, taken: Mapping[int, Taken]) -> Iterator[tuple[int, Objection]]:
    """What is said against all jobs of a document together, each with the number of the first job it is about."""
    for queue in sorted(counted_queues(asks, grants)):
        numbers = [number for number, ask in enumerate(asks) if ask.queue_id == queue]
        here = tuple(asks[number] for number in numbers)
        rush = Rush(grants.team, here[0].queue_name, here, taken.get(queue, Taken()), grants.queues[queue])
        for rule in ROOM:
            for objection in rule(rush):
                yield numbers[0], objection
