"""Pruning of audit chains; the rest stays verifiable."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max, QuerySet

from jobs.audit.log import AuditTarget, record
from jobs.models import AuditChain, AuditEntry, Team
from jobs.models.audit import PORTAL

BATCH_SIZE = 1_000


def prune(chain: int, cutoff: datetime) -> int:
    with transaction.atomic():
        head = AuditChain.objects.select_for_update().filter(pk=chain).first()
        if head is None:
            return 0
        entries = AuditEntry.objects.of_chain(chain)
        expired = entries.filter(created_at__lt=cutoff, number__gt=head.pruned_through)
        last = entries.filter(number=expired.aggregate(number=Max("number"))["number"]).first()
        if last:
            team = Team.objects.filter(pk=chain).first() if chain != PORTAL else None
            record(
                "let go",
                person=None,
                team=team,
                target=AuditTarget("audit", label=f"up to no. {last.number}"),
                before={"number": head.pruned_through, "hash": head.pruned_digest},
                after={"number": last.number, "hash": last.digest},
            )
            AuditChain.objects.filter(pk=chain).update(pruned_through=last.number, pruned_digest=last.digest)
    return delete_pruned(chain)


def delete_pruned(chain: int) -> int:
    """Delete in batches, so that nothing waits. Return how many."""
    head = AuditChain.objects.filter(pk=chain).first()
    entries = AuditEntry.objects.of_chain(chain).filter(number__lte=head.pruned_through if head else 0)
    deleted = 0
    while True:
        batch = list(entries.values_list("pk", flat=True)[:BATCH_SIZE])
        if not batch:
            return deleted
        # Django's own QuerySet: the model's refuses to delete, as the database does for all but these.
        QuerySet(AuditEntry).filter(pk__in=batch).delete()
        deleted += len(batch)
