"""Idempotency of registrations."""

import hashlib
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.db.models import Q

from jobs.access import Member
from jobs.actions.register import RegistrationResult
from jobs.actions.validate import IdempotencyConflictError, ValidationFailedError
from jobs.models import IdempotencyRecord, Revision, Submission
from jobs.models.ids import from_text, to_text
from jobs.models.tag_secret import tag_digest

KEY_REUSED_MESSAGE = "This key was used for a different request. Use a new key for each new request."


def idempotent_register(
    member: Member, key: str | None, request_text: str, register: Callable[[], RegistrationResult]
) -> RegistrationResult:
    """Return the first request's revision. Raise IdempotencyConflictError for another `request_text`."""
    if key is None:
        return register()
    digest = tag_digest("key", member.team.pk, key)
    if Submission.objects.filter(Q(request_key=key) | Q(key_digest=digest), team=member.team).exists():
        raise IdempotencyConflictError(KEY_REUSED_MESSAGE)
    request_hash = hashlib.sha256(request_text.encode()).hexdigest()
    record = _record_for_key(member, key, request_hash)
    if record.body_hash != request_hash:
        raise IdempotencyConflictError(KEY_REUSED_MESSAGE)
    if not record.status:
        try:
            registration = register()
        except ValidationFailedError:
            IdempotencyRecord.objects.filter(pk=record.pk, status=0).delete()
            raise
        # A revision made by an interrupted attempt of this request is not "reused".
        reused = registration.is_reused and registration.revision.created_at < record.created_at
        response = {"revision": to_text(registration.revision.public_id), "reused": reused}
        IdempotencyRecord.objects.filter(pk=record.pk, status=0).update(status=202, answer=response)
        record.refresh_from_db()
    revisions = Revision.objects.select_related("definition__account")
    revision = revisions.get(public_id=from_text(record.answer["revision"]))
    return RegistrationResult(revision, is_reused=bool(record.answer.get("reused")))


def reject_definition_key(member: Member, key: str | None) -> None:
    if key and IdempotencyRecord.objects.filter(team=member.team, key=key).exists():
        raise IdempotencyConflictError(KEY_REUSED_MESSAGE)


def _record_for_key(member: Member, key: str, request_hash: str) -> IdempotencyRecord:
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                team=member.team, person=member.user, key=key, path="definitions", body_hash=request_hash
            )
    except IntegrityError:
        return IdempotencyRecord.objects.get(team=member.team, key=key)
