"""Consumer of Batch events: each only makes a job due for a poll. Nothing in them is trusted."""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from django.db.models import Q
from django.utils.timezone import now

from jobs.models import Job

log = structlog.get_logger(__name__)

EVENT_TYPES = frozenset({"Batch Job State Change", "Batch Job Queue Blocked"})
MAX_ID_LENGTH = 100
# An event may arrive before the commit that records its job's id.
UNKNOWN_ID_SECONDS = 180.0
MAX_UNKNOWN_IDS = 10_000


class MalformedEventError(Exception):
    """The message is no Batch event."""


def parse_job_id(body: str) -> str:
    """Return the job's id, for a child its array's. Raise MalformedEventError."""
    try:
        event = json.loads(body)
        kind, job_id = event["detail-type"], event["detail"]["jobId"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MalformedEventError(f"{type(error).__name__}: {body[:100]!r}") from error
    if (
        not isinstance(kind, str)
        or kind not in EVENT_TYPES
        or not isinstance(job_id, str)
        or not 0 < len(job_id) <= MAX_ID_LENGTH
        or job_id.startswith(":")
        or "\0" in job_id
    ):
        raise MalformedEventError(f"Not an AWS Batch job event: {body[:100]!r}")
    return job_id.partition(":")[0]


@dataclass
class EventConsumer:
    unknown_ids: dict[str, float] = field(default_factory=dict)
    received_count: int = 0
    malformed_count: int = 0

    def consume(self, bodies: Iterable[str]) -> set[int]:
        job_ids: set[str] = set()
        for body in bodies:
            self.received_count += 1
            try:
                job_ids.add(parse_job_id(body))
            except MalformedEventError as error:
                self.malformed_count += 1
                log.warning("event_malformed", error=str(error))
        return self._schedule_polls(job_ids)

    def retry_unknown(self) -> set[int]:
        deadline = time.monotonic() - UNKNOWN_ID_SECONDS
        self.unknown_ids = {job_id: since for job_id, since in self.unknown_ids.items() if since > deadline}
        return self._schedule_polls(set(self.unknown_ids))

    def _schedule_polls(self, job_ids: set[str]) -> set[int]:
        if not job_ids:
            return set()
        current_time = now()
        accounts = dict(Job.objects.filter(batch_id__in=job_ids).order_by().values_list("batch_id", "account"))
        later = Q(next_poll_at=None) | Q(next_poll_at__gt=current_time)
        Job.objects.filter(later, batch_id__in=list(accounts)).active().update_in_order(next_poll_at=current_time)
        for job_id in job_ids:
            if job_id in accounts:
                self.unknown_ids.pop(job_id, None)
            elif len(self.unknown_ids) < MAX_UNKNOWN_IDS:
                self.unknown_ids.setdefault(job_id, time.monotonic())
        return set(accounts.values())
