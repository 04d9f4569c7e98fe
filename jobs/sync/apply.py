"""The only writer of job state: applies newer observations of AWS.

They are ordered by (finished attempts, rank of the state).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Case, DateTimeField, Value, When
from django.utils.timezone import now

from jobs.aws.batch import AttemptObservation, Observation, current_instance
from jobs.models import ContainerInstance, Job, StateChange
from jobs.models.bulk_insert import bulk_update
from jobs.models.job import milliseconds_between
from jobs.spec.redaction import redact_text
from jobs.states import FINAL_STATES, Delivery, State, state_rank
from jobs.sync.dependents import wake_dependents
from jobs.sync.poll_schedule import plan_polls

log = structlog.get_logger(__name__)
_encoder = DjangoJSONEncoder()


@dataclass
class StateUpdate:
    job: Job
    previous_progress: tuple[int, int]
    fields: dict[str, Any]
    is_state_change: bool


def apply(job: Job, observation: Observation, *, source: str) -> bool:
    return bool(apply_all([(job, observation)], source=source))


def apply_all(observations: Iterable[tuple[Job, Observation]], *, source: str) -> list[Job]:
    current_time = now()
    open_jobs = [(job, observation) for job, observation in observations if job.state not in FINAL_STATES]
    poll_times = plan_polls(open_jobs, current_time)
    updates = [_state_update(job, observation, poll_times[job.pk], current_time) for job, observation in open_jobs]
    return _write_updates(updates, current_time, source)


def _state_update(job: Job, observation: Observation, poll_at: datetime, current_time: datetime) -> StateUpdate:
    state = _portal_state(observation)
    progress, previous = (observation.finished_attempts, state_rank(state)), _progress(job)
    if progress < previous:
        return StateUpdate(job, previous, {"next_poll_at": poll_at}, is_state_change=False)
    changed = (observation.finished_attempts, state) != (job.finished_attempts, job.state)
    if not changed and observation.raw == job.raw:
        return StateUpdate(
            job,
            previous,
            {"observed_at": current_time, "missing_since": None, "next_poll_at": poll_at},
            is_state_change=False,
        )
    started_at = observation.started_at or job.started_at
    reason = redact_text(observation.status_reason)
    fields = {
        "state": state,
        "finished_attempts": observation.finished_attempts,
        "status_reason": reason,
        "reason_since": _reason_since(job, reason, current_time, is_new=changed),
        "container_reason": redact_text(observation.container_reason),
        "exit_code": observation.exit_code,
        "log_group": observation.log_group or job.log_group,
        "log_stream": observation.log_stream or job.log_stream,
        "task_arn": observation.task_arn or job.task_arn,
        "submitted_at": observation.submitted_at or job.submitted_at,
        "started_at": started_at,
        "stopped_at": observation.stopped_at,
        "run_ms": milliseconds_between(started_at, observation.stopped_at),
        "wait_ms": milliseconds_between(job.accepted_at, started_at),
        "attempts": [_attempt_json(attempt) for attempt in observation.attempts],
        "array_summary": dict(observation.array_summary),
        "raw": dict(observation.raw),
        "observed_at": current_time,
        "missing_since": None,
        "next_poll_at": poll_at,
        "ended_at": current_time if state in FINAL_STATES else None,
    }
    return StateUpdate(job, previous, fields, changed)


def mark_lost(job: Job, *, source: str) -> bool:
    """Mark as LOST, not FAILED, a job that AWS forgot before its end was observed."""
    current_time = now()
    fields = {
        "state": State.LOST,
        "ended_at": current_time,
        "status_reason": job.status_reason or "AWS no longer has this job.",
    }
    return bool(
        _write_updates([StateUpdate(job, _progress(job), fields, is_state_change=True)], current_time, source)
    )


def _progress(job: Job) -> tuple[int, int]:
    return job.finished_attempts, state_rank(job.state)


def _write_updates(updates: Sequence[StateUpdate], current_time: datetime, source: str) -> list[Job]:
    """Skip rows that another process has changed. Return the changed jobs."""
    if not updates:
        return []
    with transaction.atomic():
        open_jobs = Job.objects.filter(delivery=Delivery.SENT).exclude(state__in=FINAL_STATES)
        rows = open_jobs.filter(pk__in=[update.job.pk for update in updates]).order_by("-pk").select_for_update()
        current_progress, poll_times = {}, {}
        for pk, attempts, state, poll_at in rows.values_list("pk", "finished_attempts", "state", "next_poll_at"):
            current_progress[pk], poll_times[pk] = (attempts, state_rank(state)), poll_at
        applicable = [update for update in updates if current_progress.get(update.job.pk) == update.previous_progress]
        for update in applicable:
            _keep_sooner_poll(update, poll_times[update.job.pk])
        _save_fields(applicable)
        changed = [update for update in applicable if update.is_state_change]
        StateChange.objects.bulk_create(
            StateChange(
                job=update.job,
                at=current_time,
                delivery=Delivery.SENT,
                state=update.fields["state"],
                attempt=update.fields.get("finished_attempts", update.previous_progress[0]),
                note=update.fields["status_reason"],
                source=source,
            )
            for update in changed
        )
    _add_instances(changed)
    for update in applicable:
        for name, value in update.fields.items():
            setattr(update.job, name, value)
    wake_dependents([update.job for update in changed if update.job.state in FINAL_STATES])
    for update in changed:
        job = update.job
        log.info("job_changed", job=job.text_id, state=job.state, attempts=job.finished_attempts, told_by=source)
    return [update.job for update in changed]


def _add_instances(updates: Sequence[StateUpdate]) -> None:
    """Add the instances on which the jobs run and ran, so that their types are looked up while they exist."""
    pairs = set()
    for update in updates:
        names = {attempt["container_instance"] for attempt in update.fields.get("attempts", ())}
        names.add(current_instance(update.fields.get("raw", {})))
        pairs |= {(update.job.account_id, name) for name in names if name}
    if pairs:
        ContainerInstance.objects.add(pairs)


def _keep_sooner_poll(update: StateUpdate, poll_at: datetime | None) -> None:
    """Keep the row's time if an event, a viewer or a stop made the job due while AWS was asked."""
    planned = update.fields.get("next_poll_at")
    if planned is not None and poll_at != update.job.next_poll_at and (poll_at is None or poll_at < planned):
        update.fields["next_poll_at"] = poll_at


def _save_fields(updates: Sequence[StateUpdate]) -> None:
    """Write rows with news by one prepared statement, and those of which only times differ in one statement."""
    observed_rows: dict[tuple[str, ...], list[StateUpdate]] = {}
    by_fields: dict[str, tuple[dict[str, Any], dict[datetime | None, list[int]]]] = {}
    for update in updates:
        if "state" in update.fields:
            observed_rows.setdefault(tuple(update.fields), []).append(update)
            continue
        fields = {name: value for name, value in update.fields.items() if name != "next_poll_at"}
        by_time = by_fields.setdefault(repr(fields), (fields, {}))[1]
        by_time.setdefault(update.fields["next_poll_at"], []).append(update.job.pk)
    for names, rows in observed_rows.items():
        bulk_update(Job, names, [(row.job.pk, list(row.fields.values())) for row in rows])
    for fields, by_time in by_fields.values():
        cases = [When(pk__in=pks, then=Value(time)) for time, pks in by_time.items()]
        poll_at = Case(*cases, output_field=DateTimeField())
        Job.objects.filter(pk__in=[pk for pks in by_time.values() for pk in pks]).update(
            **fields, next_poll_at=poll_at
        )


def _reason_since(job: Job, reason: str, current_time: datetime, *, is_new: bool) -> datetime | None:
    """Return since when AWS gives this reason for the present state."""
    if not reason:
        return None
    is_same = not is_new and reason == job.status_reason
    return job.reason_since if is_same and job.reason_since else current_time


def _portal_state(observation: Observation) -> str:
    """Return STOPPED for a FAILED that a person caused."""
    return (
        State.STOPPED if observation.state == State.FAILED and observation.stopped_by_request else observation.state
    )


def _attempt_json(attempt: AttemptObservation) -> dict[str, Any]:
    return {
        name: _encoder.default(value) if isinstance(value, datetime) else value
        for name, value in asdict(attempt).items()
    }
