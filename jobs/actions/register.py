"""Registration of definitions."""

from dataclasses import dataclass, replace

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.actions.revalidate import revalidate
from jobs.actions.validate import ValidationFailedError, ValidationResult, validate
from jobs.actions.wait import wait_until
from jobs.models import Account, Definition, Registration, Revision, Team
from jobs.spec.normalize import fingerprint
from jobs.spec.parsing.parser import ParseResult, parse
from jobs.task_queue import enqueue_on_commit

REGISTRATION_WAIT_SECONDS = 10.0
"""How long a page or an API call waits for AWS before it answers that a registration is pending."""


@dataclass(frozen=True)
class RegistrationResult:
    revision: Revision
    is_reused: bool
    result: ValidationResult | None = None
    """None for a repeat of a request, which is not validated again."""


def register(source: str | ParseResult, member: Member, *, account: Account | None = None) -> RegistrationResult:
    """Create a revision, or return an equal one. Raise DocumentParseError or ValidationFailedError."""
    member.require("register")
    reading = parse(source) if isinstance(source, str) else source
    result = validate(reading, member, account)
    if not result.is_valid or result.account is None:
        raise ValidationFailedError(result)
    digest = fingerprint(result.parse_result.document)
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        current = revalidate(result, reading, replace(member, team=team), account)
        if not current.is_valid or current.account is None:
            raise ValidationFailedError(current)
        document = current.parse_result.document
        definition, _ = Definition.objects.get_or_create(
            account=current.account,
            name=document["jobDefinitionName"],
            defaults={"team": team, "owner": member.user},
        )
        if definition.team_id != team.pk or definition.archived_at:
            # Another team registered the name meanwhile, or someone archived it; a second validation reports it.
            raise ValidationFailedError(validate(reading, member, account))
        latest = definition.revisions.for_bare_name().first()
        if latest and latest.fingerprint == digest:
            return RegistrationResult(latest, is_reused=True, result=current)
        revision = Revision.objects.create(
            definition=definition, document=document, fingerprint=digest, registered_by=member.user
        )
        enqueue_on_commit("register", current.account.pk, queue="ask")
        audit.record(
            "register",
            person=member.user,
            team=team,
            target=definition,
            before=latest.document if latest else None,
            after=document,
        )
    return RegistrationResult(revision, is_reused=False, result=current)


def wait_for_registration(revision: Revision) -> Revision:
    """Wait outside a transaction."""

    def is_answered() -> bool:
        revision.refresh_from_db()
        return revision.registration != Registration.ACCEPTED

    wait_until(is_answered, REGISTRATION_WAIT_SECONDS)
    return revision
