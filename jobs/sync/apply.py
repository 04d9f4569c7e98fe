"""The one writer of state: what AWS told of a job becomes the job's row, if it is news.

News are ordered by (finished attempts, rank of the state). Late and repeated ones change nothing; a retry may go
back to RUNNABLE, because one more attempt has then finished; nothing leaves a final state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils.timezone import now

from jobs.aws.batch import Attempt, Observation
from jobs.models import Job, StateChange
from jobs.spec.redaction import redact_text
from jobs.states import FINAL_STATES, Delivery, State, rank_of
from jobs.sync.cadence import next_look

log = structlog.get_logger(__name__)
_encoder = DjangoJSONEncoder()


@dataclass
class _News:
    """What one job's row becomes, and what its copy said before."""

    job: Job
    known: tuple[int, int]
    fields: dict[str, Any]
    changed: bool


def apply(job: Job, seen: Observation, *, source: str) -> bool:
    """Take an observation into the job's row. True if its state or the number of its attempts changed."""
    return bool(apply_all([(job, seen)], source=source))


def apply_all(told: Iterable[tuple[Job, Observation]], *, source: str) -> list[Job]:
    """Take observations into their rows, in one transaction. The jobs whose state or number of attempts changed."""
    moment = now()
    found = [_news(job, seen, moment) for job, seen in told if job.state not in FINAL_STATES]
    return _write([news for news in found if news], moment, source)


def _news(job: Job, seen: Observation, moment: datetime) -> _News | None:
    """What is newer than what the copy knows."""
    state = _state(seen)
    told, known = (seen.finished_attempts, rank_of(state)), _known(job)
    if told < known:
        return None
    job.state, before = state, job.state  # how soon to look again depends on what it is now
    job.submitted_at = seen.submitted_at or job.submitted_at
    look = next_look(job, moment)
    changed = (seen.finished_attempts, state) != (job.finished_attempts, before)
    job.state = before
    if not changed and seen.raw == job.raw:
        return _News(job, known, {"observed_at": moment, "missing_since": None, "next_poll_at": look}, changed=False)
    fields = {
        "state": state,
        "finished_attempts": seen.finished_attempts,
        "status_reason": redact_text(seen.status_reason),
        "container_reason": redact_text(seen.container_reason),
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
        "next_poll_at": look,
        "ended_at": moment if state in FINAL_STATES else None,
    }
    return _News(job, known, fields, changed)


def lose(job: Job, *, source: str) -> bool:
    """AWS no longer knows the job and its end was never seen: LOST, with what is known, and never called FAILED."""
    moment = now()
    fields = {
        "state": State.LOST,
        "ended_at": moment,
        "status_reason": job.status_reason or "AWS no longer knows it.",
    }
    return bool(_write([_News(job, _known(job), fields, changed=True)], moment, source))


def _known(job: Job) -> tuple[int, int]:
    return job.finished_attempts, rank_of(job.state)


def _write(found: Sequence[_News], moment: datetime, source: str) -> list[Job]:
    """Write what was seen, unless another observer was quicker since a copy was read. Those that changed."""
    if not found:
        return []
    with transaction.atomic():
        open_ones = Job.objects.filter(delivery=Delivery.SENT).exclude(state__in=FINAL_STATES)
        rows = open_ones.filter(pk__in=[news.job.pk for news in found]).order_by("-pk").select_for_update()
        here = {pk: (attempts, rank_of(state)) for pk, attempts, state in
                rows.values_list("pk", "finished_attempts", "state")}  # fmt: skip
        written = [news for news in found if here.get(news.job.pk) == news.known]
        _save(written)
        changed = [news for news in written if news.changed]
        StateChange.objects.bulk_create(
            StateChange(
                job=news.job,
                at=moment,
                delivery=Delivery.SENT,
                state=news.fields["state"],
                attempt=news.fields.get("finished_attempts", news.known[0]),
                note=news.fields["status_reason"],
                source=source,
            )
            for news in changed
        )
    for news in written:
        for name, value in news.fields.items():
            setattr(news.job, name, value)
    for news in changed:
        job = news.job
        log.info("job_changed", job=job.text_id, state=job.state, attempts=job.finished_attempts, told_by=source)
    return [news.job for news in changed]


def _save(written: Sequence[_News]) -> None:
    """What is the same for many rows, as when nothing is new but the time, is one statement for them all."""
    alike: dict[str, tuple[list[int], dict[str, Any]]] = {}
    for news in written:
        if "raw" in news.fields:
            Job.objects.filter(pk=news.job.pk).update(**news.fields)
        else:
            alike.setdefault(repr(news.fields), ([], news.fields))[0].append(news.job.pk)
    for pks, fields in alike.values():
        Job.objects.filter(pk__in=pks).update(**fields)


def _state(seen: Observation) -> str:
    """AWS calls a stopped job FAILED; people would look for a fault."""
    return State.STOPPED if seen.state == State.FAILED and seen.stopped_by_request else seen.state


def _plain(attempt: Attempt) -> dict[str, Any]:
    return {
        name: _encoder.default(value) if isinstance(value, datetime) else value
        for name, value in asdict(attempt).items()
    }
