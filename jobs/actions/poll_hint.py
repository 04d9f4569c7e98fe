"""Someone has jobs on a page: they are polled sooner for a while."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now

from jobs.models import Job

# A live page asks every few seconds; not each time needs a write.
FRESH = timedelta(seconds=10)


def look_at(jobs: Iterable[Job]) -> None:
    """Remember that these are on someone's page. Those long waiting for their next poll are brought forward."""
    current_time = now()
    stale_ids = [
        job.pk
        for job in jobs
        if not job.status.final and (job.looked_at is None or current_time - job.looked_at > FRESH)
    ]
    if stale_ids:
        Job.objects.filter(pk__in=stale_ids[:1000]).update(looked_at=current_time)
        distant = Q(next_poll_at__gt=current_time + timedelta(seconds=20))
        Job.objects.filter(distant, pk__in=stale_ids[:1000]).active().update(
            next_poll_at=current_time + timedelta(seconds=1)
        )
