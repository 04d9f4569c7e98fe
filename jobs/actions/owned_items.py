"""Saving and deleting of rows under a name, a person's own or a team's: saved views and presets of forms."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import models, transaction

from jobs import audit
from jobs.access import Member
from jobs.models.owned_item import OwnedItem

Item = TypeVar("Item", bound=OwnedItem)
Describe = Callable[[Any], dict[str, object]]
"""Return what the audit log keeps of an item."""


class TooManyItemsError(Exception):
    """Another name has no room."""


def replace_by_name(
    item: Item, siblings: "models.QuerySet[Item]", member: Member, describe: Describe, max_items: int
) -> bool:
    """Save an item in place of its sibling of that name. Return whether there was none. Raise TooManyItemsError.

    `siblings` are of the same owner. Lock what they belong to first: a new name has no row yet.
    """
    by_name = {sibling.name: sibling for sibling in siblings}
    former = by_name.get(item.name)
    if former is None and len(by_name) >= max_items:
        raise TooManyItemsError
    before = describe(former) if former else None
    if former:
        item.pk, item.public_id = former.pk, former.public_id
    item.save(force_update=former is not None, force_insert=former is None)
    if before != describe(item):
        audit.record(
            "change" if former else "make",
            person=member.user,
            team=member.team,
            target=item,
            before=before,
            after=describe(item),
        )
    return former is None


def delete_item(item: OwnedItem, member: Member, describe: Describe) -> None:
    with transaction.atomic():
        audit_target = audit.describe_target(item)
        if item.delete()[0]:
            audit.record("remove", person=member.user, team=member.team, target=audit_target, before=describe(item))


def require_owner(item: OwnedItem, member: Member) -> None:
    """Raise PermissionDenied. What is the team's is for its leads to change."""
    member.require("lead" if item.is_of_team else "view")
