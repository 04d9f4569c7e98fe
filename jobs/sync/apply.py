"""The one writer of state: what AWS told of a job becomes the job's row, if it is news.

News are ordered by (finished attempts, rank of the state). Late and repeated ones change nothing; a retry may go
back to RUNNABLE, because one more attempt has then finished; nothing leaves a final state.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.timezone import now

from jobs.aws.batch import Attempt, Observation
from jobs.models import Job, StateChange
from jobs.states import FINAL_STATES, Delivery, State, rank_of
from jobs.sync.cadence import next_look

log = structlog.get_logger(__name__)
_encoder = DjangoJSONEncoder()


def apply(job: Job, seen: Observation, *, source: str) -> bool:
    """Take an observation into the job's row. True if its state or the number of its attempts changed."""
    moment = now()
    state = _state(seen)
    told = (seen.finished_attempts, rank_of(state))
    known = (job.finished_attempts, rank_of(job.state))
    if job.state in FINAL_STATES or told < known:
        return False

    changed = (seen.finished_attempts, state) != (job.finished_attempts, job.state)
    job.state, job.submitted_at = state, seen.submitted_at or job.submitted_at
    fields = {
        "state": state,
        "finished_attempts": seen.finished_attempts,
        "status_reason": seen.status_reason,
        "container_reason": seen.container_reason,
        "exit_code": seen.exit_code,
        "log_group": seen.log_group or job.log_group,
        "log_stream": seen.log_stream or job.log_stream,
        "task_arn": seen.task_arn or job.task_arn,
        "submitted_at": job.submitted_at,
        "started_at": seen.started_at or job.started_at,
        "stopped_at": seen.stopped_at,
        "attempts": [_plain(attempt) for attempt in seen.attempts],
        "array_summary": dict(seen.array_summary),
        "raw": dict(seen.raw),
        "observed_at": moment,
        "missing_since": None,
        "next_poll_at": next_look(job, moment),
        "ended_at": moment if state in FINAL_STATES else None,
    }
    return _write(job, known, fields, changed=changed, moment=moment, source=source)


def lose(job: Job, *, source: str) -> bool:
    """AWS no longer knows the job and its end was never seen: LOST, with what is known, and never called FAILED."""
    moment = now()
    known = (job.finished_attempts, rank_of(job.state))
    fields = {
        "state": State.LOST,
        "ended_at": moment,
        "status_reason": job.status_reason or "AWS no longer knows it.",
    }
    return _write(job, known, fields, changed=True, moment=moment, source=source)


def _write(
    job: Job, known: tuple[int, int], fields: dict[str, Any], *, changed: bool, moment: datetime, source: str
) -> bool:
    """Write what was seen, unless another observer was quicker since this copy of the job was read."""
    before = Job.objects.filter(pk=job.pk, delivery=Delivery.SENT, finished_attempts=known[0]).exclude(
        state__in=FINAL_STATES
    )
    with transaction.atomic():
        row = before.select_for_update().values_list("state", flat=True).first()
        if row is None or rank_of(row) != known[1]:
            return False
        Job.objects.filter(pk=job.pk).update(**fields)
        if changed:
            StateChange.objects.create(
                job=job,
                at=moment,
                delivery=Delivery.SENT,
                state=fields["state"],
                attempt=fields.get("finished_attempts", known[0]),
                note=fields["status_reason"],
                source=source,
            )
    for name, value in fields.items():
        setattr(job, name, value)
    if changed:
        log.info("job_changed", job=job.text_id, state=job.state, attempts=job.finished_attempts, told_by=source)
    return changed


def _state(seen: Observation) -> str:
    """AWS calls a stopped job FAILED; people would look for a fault."""
    return State.STOPPED if seen.state == State.FAILED and seen.stopped_by_request else seen.state


def _plain(attempt: Attempt) -> dict[str, Any]:
    return {
        name: _encoder.default(value) if isinstance(value, datetime) else value
        for name, value in asdict(attempt).items()
    }
