"""Registration of job definitions with AWS, and deregistration.

A repeat makes a superfluous revision, so a lost response is looked up first.
"""

from datetime import timedelta

import structlog
from django.db.models import Exists, OuterRef, Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.deadline import iterate_within
from jobs.aws.errors import AwsError, RejectedError
from jobs.aws.session import Purpose, client_for
from jobs.failpoints import hit_failpoint
from jobs.models import Account, Job, Registration, Revision
from jobs.models.definition import RevisionQuerySet
from jobs.policy.grants import TeamGrants
from jobs.policy.requests import build_definition_request
from jobs.policy.rules import definition_violations_now
from jobs.spec.normalize import fingerprint
from jobs.spec.time_limit import without_empty_timeout
from jobs.states import Delivery

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
RETRY_INTERVAL = timedelta(seconds=5)
BATCH_SIZE = 50
MAX_RUN_SECONDS = 20.0
NOT_FOUND_CODE = "ClientException"
"""AWS Batch's code for any client error; in this call it can only mean that there is no such revision."""


def register_due(account: Account) -> int:
    free = Q(lease_until=None) | Q(lease_until__lt=now())
    waiting = Revision.objects.pending_registration().filter(free, definition__account=account)
    due = waiting.select_related("definition__account", "definition__team").order_by("pk")
    return sum(register(revision) for revision in iterate_within(due[:BATCH_SIZE], MAX_RUN_SECONDS))


def register(revision: Revision) -> bool:
    current_time = now()
    free = Q(lease_until=None) | Q(lease_until__lt=current_time)
    claim = Revision.objects.pending_registration().filter(free, pk=revision.pk)
    if not claim.update(lease_until=current_time + LEASE, sent_at=current_time):
        return False
    account = revision.definition.account
    try:
        existing = _find_lost_registration(revision) if revision.sent_at else None
        if existing is None and _refuse_if_forbidden(revision):
            return False
        aws_revision = existing or batch.register(
            client_for(account, "batch", Purpose.SUBMIT), without_empty_timeout(revision.document)
        )
        hit_failpoint("registered")
    except RejectedError as rejection:
        _unregistered_row(revision).update(registration=Registration.REFUSED, refusal=rejection.message, active=False)
        return False
    except AwsError as error:
        log.warning("registration_failed", definition=revision.definition.name, error=error.message)
        _unregistered_row(revision).update(lease_until=now() + RETRY_INTERVAL, refusal=error.message)
        return False
    row_count = _unregistered_row(revision).update(
        registration=Registration.REGISTERED,
        number=aws_revision.revision,
        arn=aws_revision.arn,
        refusal="",
        registered_at=now(),
        lease_until=None,
    )
    # The definition may have been deactivated during the call: then this revision is deregistered too.
    Revision.objects.filter(pk=revision.pk, definition__archived_at__isnull=False).update(
        active=False, deactivated_at=now()
    )
    return bool(row_count)


def deregister_due(account: Account) -> int:
    """Return how many succeeded. Until accepted jobs are sent, AWS keeps their revision."""
    pending_jobs = Job.objects.filter(
        revision=OuterRef("pk"), delivery__in=[Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD]
    )
    free = Q(lease_until=None) | Q(lease_until__lt=now())
    due = (
        Revision.objects.pending_deregistration()
        .filter(free, definition__account=account)
        .exclude(Exists(pending_jobs))
    )
    revisions = due.select_related("definition__account").order_by("pk")[:BATCH_SIZE]
    return sum(deregister(revision) for revision in iterate_within(revisions, MAX_RUN_SECONDS))


def deregister(revision: Revision) -> bool:
    rows = Revision.objects.pending_deregistration().filter(pk=revision.pk)
    try:
        batch.deregister(client_for(revision.definition.account, "batch", Purpose.READ), revision.arn)
    except AwsError as error:
        log.warning("deregistration_failed", definition=revision.qualified_name, error=error.message)
        # If AWS has no such revision, nothing is left to do. A denied call is different.
        if not isinstance(error, RejectedError) or error.code != NOT_FOUND_CODE:
            rows.update(lease_until=now() + RETRY_INTERVAL)
            return False
    return bool(rows.update(deregistered_at=now(), lease_until=None))


def _refuse_if_forbidden(revision: Revision) -> bool:
    definition = revision.definition
    violations = definition_violations_now(
        build_definition_request(revision.document), TeamGrants.for_team(definition.team)
    )
    reasons = [f"{violation.message} ({violation.rule})" for violation in violations]
    if definition.archived_at:
        reasons.append(f"Job definition {definition.name} was deactivated (portal.definition-deactivated).")
    if reasons:
        text = " ".join(reasons)
        _unregistered_row(revision).update(
            registration=Registration.REFUSED, refusal=text, refused_by_portal=True, active=False, lease_until=None
        )
    return bool(reasons)


def _find_lost_registration(revision: Revision) -> batch.RegisteredRevision | None:
    """Return a revision with the same content that no row has."""
    reader = client_for(revision.definition.account, "batch", Purpose.READ)
    known_numbers = set(revision.definition.revisions.exclude(number=None).values_list("number", flat=True))
    for candidate in batch.find_revisions(reader, revision.definition.name):
        if candidate.revision not in known_numbers and fingerprint(dict(candidate.raw)) == revision.fingerprint:
            return batch.RegisteredRevision(candidate.arn, candidate.revision)
    return None


def _unregistered_row(revision: Revision) -> RevisionQuerySet:
    return Revision.objects.pending_registration().filter(pk=revision.pk)
