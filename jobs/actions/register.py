"""Registration of definitions."""

import time
from dataclasses import dataclass

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.actions.validate import Refused, judge
from jobs.models import Account, Definition, Registration, Revision, Team
from jobs.spec.normalize import fingerprint
from jobs.task_queue import ring

PAUSE = 0.15
REGISTRATION_WAIT_SECONDS = 10.0
"""How long a page or an API call waits for AWS to register a definition before it answers that it is pending."""


@dataclass(frozen=True)
class Registered:
    """A revision, new or an existing one that says the same."""

    revision: Revision
    reused: bool


def register(text: str, member: Member, *, account: Account | None = None) -> Registered:
    """Create a revision and request its registration.

    If the revision that the bare name means says the same, that one is returned. Raises NotADocument, or Refused with
    the result.
    """
    member.must("register")
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        result = judge(text, member, account)
        if not result.ok or result.account is None:
            raise Refused(result)
        document = result.reading.document
        definition, _ = Definition.objects.get_or_create(
            account=result.account, name=document["jobDefinitionName"], defaults={"team": team}
        )
        if definition.team_id != team.pk:
            # Another team registered the name meanwhile; a second validation reports it.
            raise Refused(judge(text, member, account))
        digest = fingerprint(document)
        current = definition.revisions.meant().first()
        if current and current.fingerprint == digest:
            return Registered(current, reused=True)
        revision = Revision.objects.create(
            definition=definition, document=document, fingerprint=digest, registered_by=member.user
        )
        ring("register", result.account.pk, bell="ask")
        audit.record(
            "register",
            person=member.user,
            team=team,
            about=definition,
            before=current.document if current else None,
            after=document,
        )
    return Registered(revision, reused=False)


def await_registration(revision: Revision) -> Revision:
    """Return the revision once AWS has answered, or unchanged after the timeout. Call it outside a transaction."""
    deadline = time.monotonic() + REGISTRATION_WAIT_SECONDS
    while True:
        revision.refresh_from_db()
        if revision.registration != Registration.ACCEPTED or time.monotonic() > deadline:
            return revision
        time.sleep(PAUSE)
