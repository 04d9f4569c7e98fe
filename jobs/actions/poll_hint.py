"""Sooner polls for jobs that someone has on a page."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now

from jobs.models import Job

# A live page refreshes every few seconds; not every refresh writes.
HINT_INTERVAL = timedelta(seconds=10)


def hint_poll(jobs: Iterable[Job]) -> None:
    """Record that these jobs are on a page, and bring forward their next poll if it is far away."""
    current_time = now()
    stale_ids = [
        job.pk
        for job in jobs
        if not job.status.is_final and (job.viewed_at is None or current_time - job.viewed_at > HINT_INTERVAL)
    ]
    if stale_ids:
        Job.objects.filter(pk__in=stale_ids[:1000]).update(viewed_at=current_time)
        distant = Q(next_poll_at__gt=current_time + timedelta(seconds=20))
        Job.objects.filter(distant, pk__in=stale_ids[:1000]).active().update(
            next_poll_at=current_time + timedelta(seconds=1)
        )
