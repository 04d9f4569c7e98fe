"""Which jobs a poll would ask AWS about."""

from django.db.models import Q
from django.utils.timezone import now

from jobs.models import Job
from jobs.models.job import JobQuerySet


def due_jobs() -> JobQuerySet:
    return Job.objects.active().filter(Q(next_poll_at=None) | Q(next_poll_at__lte=now()))
