"""Registration of definitions."""

from dataclasses import dataclass

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.actions.validate import ValidationFailedError, validate
from jobs.actions.wait import wait_until
from jobs.models import Account, Definition, Registration, Revision, Team
from jobs.spec.normalize import fingerprint
from jobs.task_queue import enqueue_on_commit

REGISTRATION_WAIT_SECONDS = 10.0
"""How long a page or an API call waits for AWS to register a definition before it answers that it is pending."""


@dataclass(frozen=True)
class RegistrationResult:
    """A revision, new or an existing one that says the same."""

    revision: Revision
    is_reused: bool


def register(text: str, member: Member, *, account: Account | None = None) -> RegistrationResult:
    """Create a revision and request its registration.

    If the revision that the bare name means says the same, that one is returned. Raises DocumentParseError, or
    ValidationFailedError with the result.
    """
    member.require("register")
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        result = validate(text, member, account)
        if not result.is_valid or result.account is None:
            raise ValidationFailedError(result)
        document = result.parse_result.document
        definition, _ = Definition.objects.get_or_create(
            account=result.account, name=document["jobDefinitionName"], defaults={"team": team}
        )
        if definition.team_id != team.pk:
            # Another team registered the name meanwhile; a second validation reports it.
            raise ValidationFailedError(validate(text, member, account))
        digest = fingerprint(document)
        current = definition.revisions.for_bare_name().first()
        if current and current.fingerprint == digest:
            return RegistrationResult(current, is_reused=True)
        revision = Revision.objects.create(
            definition=definition, document=document, fingerprint=digest, registered_by=member.user
        )
        enqueue_on_commit("register", result.account.pk, queue="ask")
        audit.record(
            "register",
            person=member.user,
            team=team,
            target=definition,
            before=current.document if current else None,
            after=document,
        )
    return RegistrationResult(revision, is_reused=False)


def wait_for_registration(revision: Revision) -> Revision:
    """Return the revision once AWS has answered, or unchanged after the timeout. Call it outside a transaction."""

    def is_answered() -> bool:
        revision.refresh_from_db()
        return revision.registration != Registration.ACCEPTED

    wait_until(is_answered, REGISTRATION_WAIT_SECONDS)
    return revision
