"""The queues a team may use."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from jobs.models import Job, QueueGrant, Team
from jobs.states import State


@dataclass(frozen=True)
class QueueRow:
    grant: QueueGrant
    running: int
    """The team's jobs that run or start."""
    waiting: int
    """The team's other active jobs."""


def queue_grants(team: Team) -> QuerySet[QueueGrant]:
    grants = QueueGrant.objects.filter(team=team, queue__account__active=True).select_related("queue__account")
    return grants.order_by("queue__account__name", "queue__name")


def queue_rows(team: Team) -> list[QueueRow]:
    """Return the team's queues with its active jobs in each, in two queries."""
    is_running = Q(state__in=[State.STARTING, State.RUNNING])
    groups = Job.objects.filter(team=team, ended_at=None).active().order_by().values_list("queue")
    counts = {
        queue: (running, total - running)
        for queue, running, total in groups.annotate(running=Count("pk", filter=is_running), total=Count("pk"))
    }
    return [QueueRow(grant, *counts.get(grant.queue_id, (0, 0))) for grant in queue_grants(team)]
