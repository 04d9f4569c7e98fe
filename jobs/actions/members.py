"""Viewers and analysts that leads manage."""

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from jobs.access import MANAGED_ROLES, Member
from jobs.audit import describe_target, record
from jobs.models import Membership, User


class MemberError(Exception):
    """The message is for the lead."""


def add_member(member: Member, username: str, role: str) -> Membership:
    member.require("members")
    _require_managed(role)
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise MemberError(f"There is no active user “{username}”. Ask an administrator to create the account.")
    if user.is_staff or user.is_superuser:
        raise MemberError("Only administrators can add other administrators to a team.")
    try:
        with transaction.atomic():
            membership = Membership.objects.create(team=member.team, user=user, role=role)
            after = {"user": _person(user), "role": role}
            record("make", person=member.user, team=member.team, target=membership, after=after)
    except IntegrityError:
        raise MemberError(f"{user.display_name} is already a member of {member.team}.") from None
    return membership


def set_role(member: Member, membership: Membership, role: str) -> bool:
    _require_manageable(member, membership)
    _require_managed(role)
    with transaction.atomic():
        changed = _managed_memberships(membership).exclude(role=role).update(role=role)
        if changed:
            who = {"user": _person(membership.user)}
            before, after = {**who, "role": membership.role}, {**who, "role": role}
            membership.role = role
            record("change", person=member.user, team=member.team, target=membership, before=before, after=after)
    return bool(changed)


def remove_member(member: Member, membership: Membership) -> bool:
    _require_manageable(member, membership)
    with transaction.atomic():
        target = describe_target(membership)
        removed, _ = _managed_memberships(membership).delete()
        if removed:
            before = {"user": _person(membership.user), "role": membership.role}
            record("remove", person=member.user, team=member.team, target=target, before=before)
    return bool(removed)


def _require_manageable(member: Member, membership: Membership) -> None:
    member.require("members")
    if not member.can_manage(membership):
        raise PermissionDenied("Only administrators can change leads and administrators of a team.")


def _require_managed(role: str) -> None:
    if role not in MANAGED_ROLES:
        raise PermissionDenied("Only administrators can make a member a lead.")


def _managed_memberships(membership: Membership) -> QuerySet[Membership]:
    """Select nothing if something changed that only administrators may change."""
    return Membership.objects.filter(
        pk=membership.pk, role__in=MANAGED_ROLES, user__is_staff=False, user__is_superuser=False
    )


def _person(user: User) -> str:
    return f"person {describe_target(user).id}"
