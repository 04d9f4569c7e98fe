"""Consumer of Batch events from EventBridge: each only makes a job due for a poll.

Events come at least once, in any order, before our own commit, malformed, or about jobs of others. Nothing in them is
trusted; polling alone would find the same.
"""

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from django.db.models import Q
from django.utils.timezone import now

from jobs.models import Job

log = structlog.get_logger(__name__)

KINDS = frozenset({"Batch Job State Change", "Batch Job Queue Blocked"})
LONGEST_ID = 100
# An event may arrive before the commit that records its job's id.
PATIENCE_SECONDS = 180.0
WAITING_AT_MOST = 10_000


class MalformedError(Exception):
    """The message is no Batch event."""


def job_id_in(body: str) -> str:
    """Return the id of an event's job, for a child that of its array. Raise MalformedError."""
    try:
        event = json.loads(body)
        kind, job_id = event["detail-type"], event["detail"]["jobId"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MalformedError(f"{type(error).__name__}: {body[:100]!r}") from error
    if (
        not isinstance(kind, str)
        or kind not in KINDS
        or not isinstance(job_id, str)
        or not 0 < len(job_id) <= LONGEST_ID
        or "\0" in job_id
    ):
        raise MalformedError(f"Not about a job of Batch: {body[:100]!r}")
    return job_id.partition(":")[0]


@dataclass
class Ear:
    """Makes the jobs of events due for a poll. Keeps unknown ids for a while: their jobs may be committed later."""

    unknown: dict[str, float] = field(default_factory=dict)
    heard: int = 0
    malformed: int = 0

    def hear(self, bodies: Iterable[str]) -> set[int]:
        """Make the events' jobs due for a poll. Return the ids of their accounts."""
        job_ids: set[str] = set()
        for body in bodies:
            self.heard += 1
            try:
                job_ids.add(job_id_in(body))
            except MalformedError as error:
                self.malformed += 1
                log.warning("event_malformed", error=str(error))
        return self._look(job_ids)

    def again(self) -> set[int]:
        """Retry the ids that were unknown when their event came. Return the ids of the accounts."""
        deadline = time.monotonic() - PATIENCE_SECONDS
        self.unknown = {job_id: since for job_id, since in self.unknown.items() if since > deadline}
        return self._look(set(self.unknown))

    def _look(self, job_ids: set[str]) -> set[int]:
        if not job_ids:
            return set()
        current_time = now()
        accounts = dict(Job.objects.filter(batch_id__in=job_ids).order_by().values_list("batch_id", "account"))
        later = Q(next_poll_at=None) | Q(next_poll_at__gt=current_time)
        Job.objects.filter(later, batch_id__in=list(accounts)).active().update(next_poll_at=current_time)
        for job_id in job_ids:
            if job_id in accounts:
                self.unknown.pop(job_id, None)
            elif len(self.unknown) < WAITING_AT_MOST:
                self.unknown.setdefault(job_id, time.monotonic())
        return set(accounts.values())
