"""Carries definitions to AWS. A repeat would only make one revision too many, so a lost answer is found again."""

from datetime import timedelta

import structlog
from django.db.models import Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import AwsError, RequestRefusedError
from jobs.aws.session import Purpose, client_for
from jobs.failpoints import reached
from jobs.models import Account, Registration, Revision
from jobs.models.definition import RevisionQuerySet
from jobs.spec.normal import fingerprint

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
RETRY_AFTER = timedelta(seconds=5)


def register_due(account: Account) -> int:
    """Register every revision that waits for it. How many AWS now has."""
    free = Q(lease_until=None) | Q(lease_until__lt=now())
    waiting = Revision.objects.unregistered().filter(free, definition__account=account)
    return sum(register(revision) for revision in waiting.select_related("definition__account").order_by("pk")[:50])


def register(revision: Revision) -> bool:
    """Carry one revision to AWS, unless another worker has it. True: AWS has it now."""
    moment = now()
    free = Q(lease_until=None) | Q(lease_until__lt=moment)
    mine = Revision.objects.unregistered().filter(free, pk=revision.pk)
    if not mine.update(lease_until=moment + LEASE, sent_at=moment):
        return False
    account = revision.definition.account
    try:
        known = _registered_before(revision) if revision.sent_at else None
        registered = known or batch.register(client_for(account, "batch", Purpose.SUBMIT), revision.document)
        reached("registered")
    except RequestRefusedError as refused:
        _pending(revision).update(registration=Registration.REFUSED, refusal=refused.message, active=False)
        return False
    except AwsError as error:
        log.warning("definition_not_registered", definition=revision.definition.name, error=error.message)
        _pending(revision).update(lease_until=now() + RETRY_AFTER, refusal=error.message)
        return False
    return bool(
        _pending(revision).update(
            registration=Registration.REGISTERED,
            number=registered.revision,
            arn=registered.arn,
            refusal="",
            registered_at=now(),
            lease_until=None,
        )
    )


def _registered_before(revision: Revision) -> batch.Registered | None:
    """The revision in AWS that says the same and that no row of ours knows: an answer that was lost."""
    reader = client_for(revision.definition.account, "batch", Purpose.READ)
    ours = set(revision.definition.revisions.exclude(number=None).values_list("number", flat=True))
    for described in batch.definitions_named(reader, revision.definition.name):
        if described["revision"] not in ours and fingerprint(described) == revision.fingerprint:
            return batch.Registered(described["jobDefinitionArn"], int(described["revision"]))
    return None


def _pending(revision: Revision) -> RevisionQuerySet:
    return Revision.objects.unregistered().filter(pk=revision.pk)
