"""Facts about jobs that wait or failed, which `jobs.causes` decides on, read with few queries for many jobs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F
from django.utils.timezone import now

from jobs.causes import (
    Explanation,
    FailureFacts,
    QueuePlace,
    QueueState,
    TeamUsage,
    WaitingFacts,
    explain_failure,
    waiting_cause,
)
from jobs.models import DeliveryAttempt, Job, Queue, QueueSnapshot, Team, User
from jobs.models.job import SIZE_FIELDS
from jobs.models.queue_snapshot import MAX_SNAPSHOT_AGE
from jobs.reports.queues import neighbouring_queues, running_vcpus
from jobs.spec.documents import text_at
from jobs.spec.job_size import RunSize
from jobs.spec.placement import PlacementVerdict, check_placement
from jobs.spec.time_limit import timeout_seconds
from jobs.states import UNSENT_DELIVERIES, Delivery, State

Viewer = User | Team
"""Whose view of other teams counts: a person's, or that of a token, which knows its own team only."""

_EXPLAINED_DELIVERIES = (Delivery.SENT, Delivery.REFUSED)
_COLUMNS = (
    "batch_id", "queue", "delivery", "state", "delivery_note", "status_reason", "reason_since", "container_reason",
    "exit_code", "array_size", "array_summary", "log_stream", "stop_reason", "submitted_at", "accepted_at",
    "observed_at", "finished_attempts", *SIZE_FIELDS,
)  # fmt: skip


def queue_state(queue: Queue) -> QueueState:
    return QueueState(
        queue.name,
        queue.state,
        queue.status,
        queue.status_reason,
        is_removed=queue.removed_at is not None,
        is_fair_share=bool(queue.scheduling_policy),
        environments=queue.environment_facts,
    )


def can_hold(queue: Queue, size: RunSize) -> bool:
    """Return whether the queue accepts jobs, certainly can run one of this size, and wastes no GPU on it."""
    if not size.gpus and queue.environment_facts and all(facts.has_gpus for facts in queue.environment_facts):
        return False
    return queue.is_open and check_placement(size, queue.environment_facts).verdict is PlacementVerdict.YES


def failure_facts(job: Job) -> FailureFacts:
    """Add to a job's own facts what its queue and its last description say."""
    if job.delivery != Delivery.SENT:
        return job.failure_facts
    limit = timeout_seconds(job.raw)
    return replace(
        job.failure_facts,
        uses_spot=job.queue.is_spot,
        time_limit_seconds=limit if isinstance(limit, int) else None,
    )


def waiting_facts(job: Job, viewer: Viewer) -> WaitingFacts:
    """Return the facts of a job that waits for capacity."""
    rows = _read_rows([job.pk])
    return _facts(rows[0], _read_surroundings(rows, viewer), now())


def last_snapshot_at(job: Job) -> datetime | None:
    """Return when the front of its queue was last read."""
    return QueueSnapshot.objects.filter(pk=job.queue_id).values_list("read_at", flat=True).first()


def explanations(jobs: Iterable[Job], viewer: Viewer) -> dict[int, Explanation]:
    """Explain by key those of a list that wait or failed, in at most six queries."""
    jobs = list(jobs)
    ids_with_answer = _ids_with_answer(jobs)
    by_key = {
        job.pk: _explain_state(job, is_note_from_aws=job.pk in ids_with_answer)
        for job in jobs
        if _waits_for_others(job)
    }
    ids = [job.pk for job in jobs if job.waits_for_capacity or _has_failed(job)]
    rows = _read_rows(ids) if ids else []
    if not rows:
        return by_key
    surroundings, current_time = _read_surroundings(rows, viewer), now()
    return by_key | {
        job.pk: explain_failure(
            replace(
                job.failure_facts,
                uses_spot=surroundings.queues[job.queue_id].is_spot,
                is_note_from_aws=job.pk in ids_with_answer,
            )
        )
        if _has_failed(job)
        else waiting_cause(_facts(job, surroundings, current_time))
        for job in rows
    }


def add_explanations(jobs: Iterable[Job], viewer: Viewer) -> None:
    """Set `explanation` of each that waits or failed."""
    jobs = list(jobs)
    by_key = explanations(jobs, viewer)
    for job in jobs:
        job.explanation = by_key.get(job.pk)


def _has_failed(job: Job) -> bool:
    return job.delivery in _EXPLAINED_DELIVERIES and job.status.is_final and not job.status.is_success


def _waits_for_others(job: Job) -> bool:
    """Return whether it waits for other jobs, a person or the portal."""
    is_array_in_progress = bool(job.array_size and job.array_summary)
    return job.delivery in UNSENT_DELIVERIES or (job.state == State.PENDING and not is_array_in_progress)


def _ids_with_answer(jobs: Iterable[Job]) -> set[int]:
    """Return the keys of those that AWS doesn't have and whose note is its answer."""
    notes = {job.pk: job.delivery_note for job in jobs if job.delivery != Delivery.SENT and job.delivery_note}
    attempts = DeliveryAttempt.objects.filter(job__in=notes).order_by("epoch") if notes else ()
    newest = {attempt.job_id: attempt for attempt in attempts}
    return {pk for pk, attempt in newest.items() if attempt.explains(notes[pk])}


def _explain_state(job: Job, *, is_note_from_aws: bool) -> Explanation:
    facts = WaitingFacts(
        delivery=job.delivery, state=job.state, note=job.delivery_note, is_note_from_aws=is_note_from_aws
    )
    return waiting_cause(facts)


def unstartable_jobs(jobs: Iterable[Job]) -> list[tuple[Job, Explanation]]:
    """Return those of RUNNABLE jobs that wait for what can't come by itself, in two queries."""
    jobs_by_key = {job.pk: job for job in jobs}
    rows = _read_rows(jobs_by_key) if jobs_by_key else []
    surroundings, current_time = _Surroundings(_read_queues(rows)), now()  # what runs elsewhere passes
    explained = ((jobs_by_key[row.pk], waiting_cause(_facts(row, surroundings, current_time))) for row in rows)
    return [(job, explanation) for job, explanation in explained if explanation.tone == "bad"]


def _read_rows(ids: Iterable[int]) -> list[Job]:
    """Read what an explanation needs, of the last description three members only."""
    properties = {
        "node_count": F("raw__nodeProperties__numNodes"),
        "share": F("raw__shareIdentifier"),
        "consumable_resources": F("raw__consumableResourceProperties__consumableResourceList"),
    }
    return list(Job.objects.filter(pk__in=list(ids)).order_by("pk").only(*_COLUMNS).annotate(**properties))


@dataclass(frozen=True)
class _Surroundings:
    queues: Mapping[int, Queue]
    usage: Mapping[int, tuple[TeamUsage, ...]] = field(default_factory=dict)
    snapshots: Mapping[int, QueueSnapshot] = field(default_factory=dict)


def _read_queues(rows: Iterable[Job]) -> dict[int, Queue]:
    """Return by key their queues and all others of the accounts."""
    keys = {job.queue_id for job in rows}
    queues = Queue.objects.filter(account__queues__in=keys).distinct().defer("raw") if keys else ()
    return {queue.pk: queue for queue in queues}


def _read_surroundings(rows: Sequence[Job], viewer: Viewer) -> _Surroundings:
    queues = _read_queues(rows)
    waiting = {job.queue_id for job in rows if job.waits_for_capacity}
    if not waiting:
        return _Surroundings(queues)
    snapshots = QueueSnapshot.objects.filter(pk__in=waiting, read_at__gte=now() - MAX_SNAPSHOT_AGE)
    return _Surroundings(
        queues, _usage(waiting, queues.values(), viewer), {snapshot.pk: snapshot for snapshot in snapshots}
    )


def _usage(queue_ids: Collection[int], queues: Iterable[Queue], viewer: Viewer) -> dict[int, tuple[TeamUsage, ...]]:
    """Return by queue the vCPU that run in its compute environments, by team, also from other queues."""
    neighbours = neighbouring_queues(queues)
    sources = {pk: {pk, *neighbours.get(pk, ())} for pk in queue_ids}
    running = running_vcpus({pk for keys in sources.values() for pk in keys})
    visible = _visible_names({team for _, team in running}, viewer)
    return {pk: tuple(_team_usage(running, keys, visible)) for pk, keys in sources.items()}


def _visible_names(team_ids: Collection[int], viewer: Viewer) -> dict[int, str]:
    if isinstance(viewer, Team):
        return {viewer.pk: viewer.name}
    if not team_ids:
        return {}
    return dict(Team.objects.visible_to(viewer).filter(pk__in=team_ids).values_list("pk", "name"))


def _team_usage(
    running: Mapping[tuple[int, int], Decimal], queues: Collection[int], names: Mapping[int, str]
) -> Iterable[TeamUsage]:
    by_name: dict[str, Decimal] = defaultdict(Decimal)
    for (queue, team), vcpus in running.items():
        if queue in queues:
            by_name[names.get(team, "")] += vcpus
    return (TeamUsage(name, vcpus) for name, vcpus in by_name.items())


def _facts(job: Job, surroundings: _Surroundings, current_time: datetime) -> WaitingFacts:
    """`job` is a row of `_read_rows`."""
    details = vars(job)
    snapshot = surroundings.snapshots.get(job.queue_id)
    is_comparable = job.vcpus and job.memory_mib and details["node_count"] is None
    return WaitingFacts(
        queue=queue_state(surroundings.queues[job.queue_id]),
        size=job if is_comparable else None,
        usage=surroundings.usage.get(job.queue_id, ()),
        place=_place(job, snapshot, current_time) if snapshot else None,
        reason=job.status_reason,
        reason_age=job.observed_at - job.reason_since if job.observed_at and job.reason_since else timedelta(),
        waited=current_time - (job.submitted_at or job.accepted_at),
        share=details["share"] if isinstance(details["share"], str) else "",
        resources=_resource_names(details["consumable_resources"]),
        finished_attempts=job.finished_attempts,
    )


def _place(job: Job, snapshot: QueueSnapshot, current_time: datetime) -> QueuePlace | None:
    """Return None if the job may have become RUNNABLE since."""
    position = snapshot.position(job.batch_id)
    if snapshot.read_at is None or (position is None and not snapshot.is_full):
        return None
    return QueuePlace(position, current_time - snapshot.read_at)


def _resource_names(entries: object) -> tuple[str, ...]:
    names = [text_at(entry, "consumableResource") for entry in entries] if isinstance(entries, list) else []
    return tuple(name.rpartition("/")[2] for name in names if name)
