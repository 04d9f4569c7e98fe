"""Changes to definitions. Each is False if nothing changed; accepted jobs are still sent."""

from django.db import transaction
from django.utils.timezone import now

from jobs.audit import record
from jobs.models import Definition, Registration, Revision, Team, User
from jobs.models.definition import RevisionQuerySet
from jobs.task_queue import enqueue_on_commit


def set_description(definition: Definition, text: str, user: User) -> bool:
    before = definition.description
    with transaction.atomic():
        if not Definition.objects.filter(pk=definition.pk).exclude(description=text).update(description=text):
            return False
        record(
            "change",
            person=user,
            team=definition.team,
            target=definition,
            before={"description": before},
            after={"description": text},
        )
    return True


def set_revision_note(revision: Revision, note: str, user: User) -> bool:
    before = revision.note
    with transaction.atomic():
        if not Revision.objects.filter(pk=revision.pk).exclude(note=note).update(note=note):
            return False
        team = revision.definition.team
        record("change", person=user, team=team, target=revision, before={"why": before}, after={"why": note})
    return True


def share(definition: Definition, user: User, *, shared: bool) -> bool:
    with transaction.atomic():
        if not Definition.objects.filter(pk=definition.pk, shared=not shared).update(shared=shared):
            return False
        record(
            "share",
            person=user,
            team=definition.team,
            target=definition,
            before={"shared": not shared},
            after={"shared": shared},
        )
    return True


def transfer(definition: Definition, recipient: Team, user: User) -> bool:
    owner = definition.team
    if owner.pk == recipient.pk:
        return False
    with transaction.atomic():
        if not Definition.objects.filter(pk=definition.pk, team=owner).update(team=recipient):
            return False
        # In the order of their keys, so that two transfers never wait for each other's chains.
        for team in sorted((owner, recipient), key=lambda team: team.pk):
            record(
                "transfer",
                person=user,
                team=team,
                target=definition,
                before={"team": owner.name},
                after={"team": recipient.name},
            )
    return True


def deactivate(revision: Revision, user: User) -> bool:
    definition = revision.definition
    with transaction.atomic():
        if not _deactivate(Revision.objects.filter(pk=revision.pk), user):
            return False
        record("deactivate", person=user, team=definition.team, target=revision)
        enqueue_on_commit("deregister", definition.account_id, queue="ask")
    return True


def archive(definition: Definition, user: User) -> bool:
    with transaction.atomic():
        definitions = Definition.objects.active().filter(pk=definition.pk)
        if not definitions.update(archived_at=now(), archived_by=user):
            return False
        count = _deactivate(Revision.objects.filter(definition=definition), user)
        after = {"revisions deactivated": count}
        record("deactivate", person=user, team=definition.team, target=definition, after=after)
        enqueue_on_commit("deregister", definition.account_id, queue="ask")
    return True


def unarchive(definition: Definition, user: User) -> bool:
    """Leave old revisions inactive: AWS has deregistered them."""
    with transaction.atomic():
        archived = Definition.objects.filter(pk=definition.pk, archived_at__isnull=False)
        if not archived.update(archived_at=None, archived_by=None):
            return False
        record("activate", person=user, team=definition.team, target=definition)
    return True


def _deactivate(revisions: RevisionQuerySet, user: User) -> int:
    registered = revisions.filter(registration=Registration.REGISTERED, active=True)
    return registered.update(active=False, deactivated_at=now(), deactivated_by=user, lease_until=None)
