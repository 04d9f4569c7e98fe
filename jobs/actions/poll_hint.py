"""Sooner news of jobs on a page: their next poll, and the front of the queues in which they wait."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Case, F, Q, When
from django.utils.timezone import now

from jobs.actions.queue_snapshot import request_snapshots
from jobs.models import Job, Submission
from jobs.models.job import JobQuerySet
from jobs.states import ACTIVE_STATES, Delivery

# A live page refreshes every few seconds; not every refresh writes.
HINT_INTERVAL = timedelta(seconds=10)
SOON = timedelta(seconds=10)


def hint_poll(jobs: Iterable[Job]) -> None:
    earliest = now() - HINT_INTERVAL
    stale = [job for job in jobs if not job.status.is_final and (job.viewed_at is None or job.viewed_at < earliest)]
    if stale:
        _write_hint(Job.objects.filter(pk__in=[job.pk for job in stale]))
        request_snapshots({job.queue_id: job.account_id for job in stale if job.waits_for_capacity})


def hint_submission_poll(submission: Submission) -> None:
    jobs = Job.objects.filter(_is_hint_due(), submission=submission, ended_at=None)
    if jobs.exists():
        _write_hint(jobs)


def _is_hint_due() -> Q:
    return Q(viewed_at=None) | Q(viewed_at__lt=now() - HINT_INTERVAL)


def _write_hint(jobs: JobQuerySet) -> None:
    """Use one statement; of simultaneous requests the first one writes."""
    current_time = now()
    is_far_away = Q(next_poll_at__gt=current_time + SOON, delivery=Delivery.SENT, state__in=ACTIVE_STATES)
    jobs.filter(_is_hint_due()).update_in_order(
        viewed_at=current_time,
        next_poll_at=Case(When(is_far_away, then=current_time + timedelta(seconds=1)), default=F("next_poll_at")),
    )
