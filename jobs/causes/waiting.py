"""Causes of waits, from what the portal knows of a job, its queue and the jobs ahead of it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from jobs.causes.entry import Cause
from jobs.causes.table import Explanation, explain
from jobs.spec.forms.units import format_seconds
from jobs.spec.job_size import RunSize
from jobs.spec.placement import UNUSABLE_STATUSES, EnvironmentFacts, PlacementVerdict, check_placement
from jobs.spec.problems import join_words
from jobs.spec.rules.workflow import MAX_PARENTS, is_held_for_parents
from jobs.states import STATUSES, Delivery, State, status_of

CONFIRMATION = timedelta(minutes=5)
"""A reason of AWS Batch may pass. One seen again after this time counts as a mistake."""
START_TIME = timedelta(minutes=5)
"""Within which AWS Batch usually starts an instance for the first job of a queue."""
SNAPSHOT_SIZE = 100
"""Jobs at the front of a queue that GetJobQueueSnapshot returns."""
MAX_TEAMS = 3

_BLOCKED = re.compile(
    r"(?P<kind>CAPACITY|MISCONFIGURATION|UNDETERMINED)(?::(?P<code>[A-Z_]{1,60}))?(?:\W.*)?", re.DOTALL
)
"""Reasons of a RUNNABLE job: JobDetail, AWS Batch API reference; “Jobs stuck in a RUNNABLE status”, User Guide."""
_MISCONFIGURATIONS = {
    "COMPUTE_ENVIRONMENT_MAX_RESOURCE": "the job needs more vCPU than any compute environment of {queue} may have",
    "JOB_RESOURCE_REQUIREMENT": "no instance type of {queue} meets the job's requirements",
    "SERVICE_ROLE_PERMISSIONS": "the service role of {queue}'s compute environments lacks permissions",
}


@dataclass(frozen=True)
class QueueState:
    """As AWS last described it."""

    name: str = ""
    state: str = "ENABLED"
    status: str = "VALID"
    status_reason: str = ""
    is_removed: bool = False
    is_fair_share: bool = False
    environments: tuple[EnvironmentFacts, ...] = ()


@dataclass(frozen=True)
class TeamUsage:
    """vCPU of a team's jobs that start or run in the queue's compute environments."""

    team: str
    """Empty for teams that the reader may not see, together."""
    vcpus: Decimal


@dataclass(frozen=True)
class QueuePlace:
    position: int | None
    """From 1; None: behind the first `SNAPSHOT_SIZE` jobs."""
    age: timedelta = timedelta()
    """Of the snapshot."""


@dataclass(frozen=True)
class WaitingFacts:
    delivery: str = Delivery.SENT
    state: str = State.RUNNABLE
    note: str = ""
    is_note_from_aws: bool = False
    account_problem: str = ""
    """Why the portal doesn't call AWS at the moment."""
    parents: tuple[str, ...] = ()
    """Names of unfinished dependencies."""
    held_for: tuple[str, ...] = ()
    """Of those, the ones that must end before the portal submits the job."""
    parent_count: int = 0

    # -- Of a job that waits for capacity
    queue: QueueState = field(default_factory=QueueState)
    size: RunSize | None = None
    """None: can't be compared with a compute environment, as of a multi-node job."""
    usage: tuple[TeamUsage, ...] = ()
    place: QueuePlace | None = None
    reason: str = ""
    """The job's statusReason."""
    reason_age: timedelta = timedelta()
    """Between the first and the last time it was seen."""
    waited: timedelta = timedelta()
    share: str = ""
    resources: tuple[str, ...] = ()
    """Consumable resources that the job requests."""
    finished_attempts: int = 0


def waiting_cause(facts: WaitingFacts) -> Explanation:
    """Return the first cause that applies. What can never end by itself comes before what passes."""
    if facts.delivery != Delivery.SENT:
        return _explain_unsent(facts)
    if facts.state == State.PENDING:
        return explain(
            Cause.DEPENDENCIES,
            {"parents": f"{_join_names(facts.parents) or 'the jobs it depends on'} to succeed"},
            aws_messages=_messages(facts),
        )
    if facts.state != State.RUNNABLE:
        status = status_of(facts.delivery, facts.state)
        return Explanation(status.meaning, None, status.tone, status.icon, aws_messages=_messages(facts))
    explanation = next(_runnable_causes(facts))
    evidence = (*explanation.evidence, *_evidence(facts, explanation))
    return replace(explanation, evidence=evidence, aws_messages=explanation.aws_messages or _messages(facts))


def _messages(facts: WaitingFacts) -> tuple[str, ...]:
    return (facts.reason,) if facts.reason else ()


# -- Before AWS has the job


def _explain_unsent(facts: WaitingFacts) -> Explanation:
    own_words = {"next_step": facts.note} if facts.note and not facts.is_note_from_aws else {}
    messages = {"aws_messages": (facts.note,)} if facts.is_note_from_aws else {}
    if facts.delivery == Delivery.AWAITING:
        return explain(Cause.APPROVAL, {}, **own_words)
    if facts.delivery == Delivery.HELD:
        return explain(Cause.HELD, {}, **own_words)
    if facts.held_for:
        step = "The portal submits the job then."
        if is_held_for_parents(facts.parent_count):
            step = (
                f"Depends on {facts.parent_count} jobs, and AWS Batch allows {MAX_PARENTS}. The portal submits it "
                "when all have succeeded."
            )
        return explain(Cause.DEPENDENCIES, {"parents": f"{_join_names(facts.held_for)} to end"}, next_step=step)
    if facts.parents:
        values = {"parents": f"{_join_names(facts.parents)} to be sent first"}
        return explain(Cause.DEPENDENCIES, values, **{"next_step": "", **own_words}, **messages)
    if facts.account_problem:
        return explain(Cause.AWS_UNREACHABLE, {"problem": facts.account_problem.rstrip(".")}, **messages)
    return explain(Cause.NOT_SENT, {"meaning": STATUSES[facts.delivery].meaning}, **own_words, **messages)


def _join_names(names: Sequence[str]) -> str:
    first_names = list(names[:3])
    if len(names) > len(first_names):
        return f"{', '.join(first_names)} and {len(names) - len(first_names)} more"
    return (
        " and ".join([", ".join(first_names[:-1]), first_names[-1]]) if len(first_names) > 1 else "".join(first_names)
    )


# -- RUNNABLE


def _runnable_causes(facts: WaitingFacts) -> Iterator[Explanation]:
    """Yield all that apply, the gravest first, and last one that always does."""
    yield from queue_causes(facts.queue)
    yield from environment_causes(facts.queue, facts.size)
    yield from _causes_from_aws(facts)
    yield from _full_queue(facts)
    yield from _line(facts)
    if facts.resources:
        yield explain(Cause.CONSUMABLE_RESOURCE, {"resources": join_words(facts.resources, limit=3)})
    if facts.queue.state == "DISABLED":
        yield explain(Cause.QUEUE_DISABLED, {"queue": facts.queue.name})
    if facts.waited < START_TIME:
        yield explain(Cause.SCHEDULING, {"queue": facts.queue.name})
    yield explain(Cause.CAPACITY, {"queue": facts.queue.name})


def queue_causes(queue: QueueState) -> Iterator[Explanation]:
    """Yield why the queue starts no job of any size."""
    messages = (queue.status_reason,) if queue.status_reason else ()
    if queue.is_removed:
        yield explain(Cause.QUEUE_INVALID, {"queue": queue.name, "is": "no longer exists in AWS"})
    elif queue.status in UNUSABLE_STATUSES:
        values = {"queue": queue.name, "is": f"is {queue.status.lower()}"}
        yield explain(Cause.QUEUE_INVALID, values, aws_messages=messages)


def environment_causes(queue: QueueState, size: RunSize | None) -> Iterator[Explanation]:
    """Yield why no compute environment of the queue starts a job of this size, None: of any size."""
    unusable = [environment for environment in queue.environments if not environment.is_usable]
    is_all = len(unusable) == len(queue.environments)
    result = check_placement(size, queue.environments) if size and queue.environments else None
    if unusable and (is_all if result is None else result.may_change):
        yield _explain_unusable(queue.name, unusable, is_all=is_all)
    elif result and result.verdict is PlacementVerdict.NO:
        yield explain(Cause.FITS_NOTHING, {"reason": result.reason})


def _explain_unusable(queue: str, environments: Sequence[EnvironmentFacts], *, is_all: bool) -> Explanation:
    invalid = [environment for environment in environments if environment.status in UNUSABLE_STATUSES]
    cause = Cause.ENVIRONMENT_INVALID if invalid else Cause.ENVIRONMENT_DISABLED
    relevant = invalid or environments
    values = {
        "environments": join_words((environment.name for environment in relevant), limit=3),
        "queue": queue,
        "are": "is" if len(relevant) == 1 else "are",
        "which": "its compute environment" if len(environments) == 1 else "its compute environments",
        "only": "" if is_all else ", and no other one fits the job",
    }
    messages = tuple(
        f"{environment.name}: {environment.status_reason}" for environment in relevant if environment.status_reason
    )
    return explain(cause, values, aws_messages=messages if invalid else ())


def _causes_from_aws(facts: WaitingFacts) -> Iterator[Explanation]:
    """Yield what AWS Batch reports of the job at the head of a queue."""
    match = _BLOCKED.fullmatch(facts.reason)
    if match is None:
        return
    is_confirmed = facts.reason_age >= CONFIRMATION
    queue = facts.queue.name
    if match["kind"] == "CAPACITY":
        usable = [environment for environment in facts.queue.environments if environment.is_usable]
        is_spot = bool(usable) and all(environment.is_spot for environment in usable)
        cause = Cause.SPOT_CAPACITY if is_spot else Cause.INSUFFICIENT_CAPACITY
        yield explain(cause, {"queue": queue}, tone="warn" if is_confirmed else "wait")
    elif match["kind"] == "MISCONFIGURATION":
        template = _MISCONFIGURATIONS.get(match["code"] or "", "AWS Batch reports a misconfiguration of {queue}")
        problem = template.format(queue=queue)
        if is_confirmed:
            yield explain(Cause.MISCONFIGURATION, {"problem": f"The job can't start: {problem}"})
        else:
            yield explain(
                Cause.MISCONFIGURATION,
                {"problem": f"AWS Batch reports that the job can't start: {problem}"},
                tone="warn",
                icon="alert-triangle",
                next_step="The reason can be temporary. If AWS Batch still reports it after "
                f"{format_seconds(int(CONFIRMATION.total_seconds()))}, the job needs a change.",
            )
    else:
        yield explain(Cause.BLOCKED, {"queue": queue}, tone="warn" if is_confirmed else "wait")


def _full_queue(facts: WaitingFacts) -> Iterator[Explanation]:
    """Yield if the jobs that run leave too little of maxvCpus for this one."""
    if facts.size is None:
        return
    fitting = [
        environment
        for environment in facts.queue.environments
        if environment.is_usable and check_placement(facts.size, [environment]).verdict is not PlacementVerdict.NO
    ]
    if not fitting or any(environment.max_vcpus is None for environment in fitting):
        return
    maximum = sum(environment.max_vcpus or 0 for environment in fitting)
    used = sum((usage.vcpus for usage in facts.usage), Decimal(0))
    if used and used + facts.size.vcpus > maximum:
        values = {"queue": facts.queue.name, "used": f"{used.normalize():,f}", "maximum": f"{maximum:,}"}
        yield explain(Cause.MAX_VCPUS, values | {"teams": _teams_text(facts.usage)})


def _teams_text(usage: Sequence[TeamUsage]) -> str:
    visible = sorted((team for team in usage if team.team), key=lambda team: (-team.vcpus, team.team))
    others = sum((team.vcpus for team in usage if not team.team), Decimal(0))
    others += sum((team.vcpus for team in visible[MAX_TEAMS:]), Decimal(0))
    parts = [f"{team.team} {team.vcpus.normalize():,f}" for team in visible[:MAX_TEAMS]]
    return ", ".join([*parts, f"other teams {others.normalize():,f}"] if others else parts)


def _line(facts: WaitingFacts) -> Iterator[Explanation]:
    place = facts.place
    if place is None or place.position == 1:
        return
    ahead = f", behind {place.position - 1:,} job{'s' * (place.position != 2)}" if place.position else ""
    position = f"Place {place.position}" if place.position else f"Behind the first {SNAPSHOT_SIZE} jobs"
    values = {"queue": facts.queue.name, "place": position, "ahead": ahead}
    if facts.queue.is_fair_share:
        yield explain(Cause.FAIR_SHARE, values | {"share": f" of share {facts.share}" if facts.share else ""})
    else:
        yield explain(Cause.QUEUE_POSITION, values)


def _evidence(facts: WaitingFacts, explanation: Explanation) -> Iterator[str]:
    place = facts.place
    if place and explanation.cause not in (Cause.QUEUE_POSITION, Cause.FAIR_SHARE):
        if place.position is None:
            yield f"Behind the first {SNAPSHOT_SIZE} jobs of the queue"
        else:
            yield "First in the queue" if place.position == 1 else f"Place {place.position} in the queue"
    if place and place.age >= timedelta(minutes=1):
        yield f"Place read {format_seconds(int(place.age.total_seconds()) // 60 * 60)} ago"
    if facts.finished_attempts:
        yield f"Waiting for attempt {facts.finished_attempts + 1}"
