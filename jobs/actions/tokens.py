"""API tokens of a team: created and revoked by its leads."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.models import ApiToken
from jobs.models.token import digest, new_secret

USE_RECORD_INTERVAL = timedelta(minutes=1)
PREFIX_LENGTH = 12
"""Characters of a secret that are stored to recognize it by; four of them are the prefix."""


def use_token(secret: str) -> ApiToken | None:
    """Return the valid token of a secret, and record its use once in `USE_RECORD_INTERVAL`."""
    token = ApiToken.objects.by_secret(secret)
    current_time = now()
    if token and (token.used_at is None or current_time - token.used_at > USE_RECORD_INTERVAL):
        stale = Q(used_at=None) | Q(used_at__lt=current_time - USE_RECORD_INTERVAL)
        ApiToken.objects.filter(stale, pk=token.pk).update(used_at=current_time)
    return token


def create_token(member: Member, name: str, *, may_submit: bool, days: int) -> str:
    """Return the secret, which is stored nowhere."""
    member.require("tokens")
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
            expires_at=expires_at,
        )
        token_values = {"may submit": may_submit, "expires at": expires_at.isoformat()}
        audit.record("make", person=member.user, team=member.team, target=token, after=token_values)
    return secret


def revoke_token(token: ApiToken, member: Member) -> bool:
    """Return False if it was revoked before."""
    member.require("tokens")
    with transaction.atomic():
        is_revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now())
        if is_revoked:
            audit.record("revoke", person=member.user, team=member.team, target=token)
    return bool(is_revoked)
