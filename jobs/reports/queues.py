"""The queues a team may use, with its limits in each."""

from django.db.models import QuerySet

from jobs.models import QueueGrant, Team


def queue_grants(team: Team) -> QuerySet[QueueGrant]:
    grants = QueueGrant.objects.filter(team=team, queue__account__active=True).select_related("queue__account")
    return grants.order_by("queue__account__name", "queue__name")
