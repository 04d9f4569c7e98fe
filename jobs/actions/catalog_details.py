"""Changes to what the catalog says about a definition, a launch form or a workflow template."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.models import Definition, LaunchForm, Membership, User, WorkflowTemplate
from jobs.models.versioned import VersionedItem

CatalogRow = Definition | LaunchForm | WorkflowTemplate
MAX_SUCCESSORS = 500
"""Offered for one entry, by name."""


class CatalogDetailsError(Exception):
    """The message is for its person."""


@dataclass(frozen=True)
class CatalogDetails:
    description: str
    labels: tuple[str, ...]
    owner: User | None
    is_deprecated: bool = False
    successor: Definition | VersionedItem | None = None
    """Only of an entry that is deprecated."""


def details_of(row: CatalogRow) -> CatalogDetails:
    return CatalogDetails(row.description, tuple(row.labels), row.owner, row.deprecated_at is not None, row.successor)


def possible_owners(row: CatalogRow) -> list[User]:
    """Return the members of its team, and the owner if that one has left."""
    members = Membership.objects.filter(team=row.team_id).select_related("user").order_by("user__username")
    users = {membership.user.pk: membership.user for membership in members}
    former = row.owner
    return list((users | ({former.pk: former} if former else {})).values())


def possible_successors(row: CatalogRow) -> Sequence[CatalogRow]:
    """Return what the team could use instead: active, of the same kind, and not deprecated itself."""
    rows: models.QuerySet[Any] = type(row).objects.filter(archived_at=None, deprecated_at=None)
    if isinstance(row, Definition):
        # A successor that other teams can't use would be no help to them.
        rows = rows.filter(account=row.account_id, **({"shared": True} if row.shared else {"team": row.team_id}))
        rows |= Definition.objects.active().filter(account=row.account_id, shared=True, deprecated_at=None)
    else:
        rows = rows.filter(team=row.team_id)
    return list(rows.exclude(pk=row.pk).order_by("name", "pk")[:MAX_SUCCESSORS])


def save_details(row: CatalogRow, details: CatalogDetails, member: Member) -> bool:
    """Return False if nothing changed. Only leads deprecate, or change a successor. Raise CatalogDetailsError."""
    member.require("register")
    before = details_of(row)
    if details == before:
        return False
    if (details.is_deprecated, details.successor) != (before.is_deprecated, before.successor):
        member.require("share")
    person = details.owner
    if person and person not in possible_owners(row):
        raise CatalogDetailsError("The owner must be a member of the team.")
    if details.successor is not None and not details.is_deprecated:
        raise CatalogDetailsError("Only a deprecated entry has a successor.")
    if details.successor not in (None, before.successor, *possible_successors(row)):
        raise CatalogDetailsError("Choose a successor that isn't deprecated, and that your team can use.")
    fields = {
        "description": details.description,
        "labels": list(details.labels),
        "owner": details.owner,
        "deprecated_at": _deprecation_time(row, details),
        "successor": details.successor,
    }
    with transaction.atomic():
        rows: models.QuerySet[Any] = type(row).objects.filter(pk=row.pk)
        rows.update(**fields)
        audit.record(
            "change",
            person=member.user,
            team=member.team,
            target=row,
            before=_words(before),
            after=_words(details),
        )
    for name, value in fields.items():
        setattr(row, name, value)
    return True


def mark_standard(definition: Definition, user: User, *, standard: bool) -> bool:
    """Recommend a definition to all who can use it, or no longer. Return False if nothing changed."""
    with transaction.atomic():
        changed = Definition.objects.filter(pk=definition.pk, standard=not standard).update(standard=standard)
        if not changed:
            return False
        audit.record(
            "change",
            person=user,
            team=definition.team,
            target=definition,
            before={"standard": not standard},
            after={"standard": standard},
        )
    return True


def _deprecation_time(row: CatalogRow, details: CatalogDetails) -> datetime | None:
    return (row.deprecated_at or now()) if details.is_deprecated else None


def _words(details: CatalogDetails) -> dict[str, Any]:
    return {
        "description": details.description,
        "labels": list(details.labels),
        "owner": getattr(details.owner, "username", None),
        "deprecated": details.is_deprecated,
        "successor": details.successor.name if details.successor else None,
    }
