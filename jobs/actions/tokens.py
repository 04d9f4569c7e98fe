"""API tokens: a team's, made by its leads, and personal ones of its members."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.models import ApiToken, User
from jobs.models.token import digest, new_secret

USE_RECORD_INTERVAL = timedelta(minutes=1)
PREFIX_LENGTH = 12
"""Characters of a secret that are stored to recognize it by; four of them are the prefix."""
MAX_PERSONAL_TOKENS = 50
"""Valid personal tokens of a person, in all teams."""


class TokenLimitError(Exception):
    """The message is for its person."""


def use_token(secret: str) -> ApiToken | None:
    """Record a use once in `USE_RECORD_INTERVAL`."""
    token = ApiToken.objects.by_secret(secret)
    current_time = now()
    if token and (token.used_at is None or current_time - token.used_at > USE_RECORD_INTERVAL):
        stale = Q(used_at=None) | Q(used_at__lt=current_time - USE_RECORD_INTERVAL)
        ApiToken.objects.filter(stale, pk=token.pk).update(used_at=current_time)
    return token


def create_token(member: Member, name: str, *, may_submit: bool, days: int) -> str:
    """Return the secret, which is stored nowhere."""
    member.require("tokens")
    return _create(member, name, may_submit=may_submit, days=days, is_personal=False)


def create_personal_token(member: Member, name: str, *, may_submit: bool, days: int) -> str:
    """Return the secret. Raises TokenLimitError."""
    member.require("own_tokens")
    max_days = member.team.personal_token_days
    if days > max_days:
        raise TokenLimitError(f"Personal tokens for {member.team} can be valid for {max_days} days at most.")
    if ApiToken.objects.valid().filter(person=member.user, is_personal=True).count() >= MAX_PERSONAL_TOKENS:
        raise TokenLimitError(f"You have {MAX_PERSONAL_TOKENS} valid personal tokens. Revoke one that you don't use.")
    return _create(member, name, may_submit=may_submit, days=days, is_personal=True)


def _create(member: Member, name: str, *, may_submit: bool, days: int, is_personal: bool) -> str:
    secret = new_secret()
    expires_at = now() + timedelta(days=days)
    with transaction.atomic():
        token = ApiToken.objects.create(
            team=member.team,
            person=member.user,
            name=name,
            prefix=secret[:PREFIX_LENGTH],
            digest=digest(secret),
            may_submit=may_submit,
            is_personal=is_personal,
            expires_at=expires_at,
        )
        token_values = {"may submit": may_submit, "expires at": expires_at.isoformat()}
        if is_personal:
            token_values["personal"] = True
        audit.record("make", person=member.user, team=member.team, target=token, after=token_values)
    return secret


def revoke_token(token: ApiToken, member: Member) -> bool:
    member.require("tokens")
    return _revoke(token, member.user)


def revoke_own_token(token: ApiToken, user: User) -> bool:
    """Require no role: the token acts in the user's name."""
    if token.person_id != user.pk:
        raise PermissionDenied("Only a team lead can revoke tokens of others.")
    return _revoke(token, user)


def _revoke(token: ApiToken, user: User) -> bool:
    with transaction.atomic():
        is_revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now())
        if is_revoked:
            audit.record("revoke", person=user, team=token.team, target=token)
    return bool(is_revoked)
