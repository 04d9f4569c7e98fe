"""API tokens."""

import hashlib
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from jobs.models.ids import new_id
from jobs.models.team import Team

SECRET_PREFIX = "bpt_"  # noqa: S105 - by which scanners find a token


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self) -> Self:
        """Exclude also those whose person is inactive, left the team or changed the password, and personal ones where
        the team doesn't allow them."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=now())
        same_password = Q(person__password_changed_at=None) | Q(created_at__gt=F("person__password_changed_at"))
        allowed = Q(is_personal=False) | Q(team__personal_token_days__gt=0)
        return self.filter(
            unexpired,
            same_password,
            allowed,
            revoked_at=None,
            person__is_active=True,
            team__active=True,
            team__memberships__user=F("person"),
        )

    def by_secret(self, secret: str) -> "ApiToken | None":
        return self.valid().filter(digest=digest(secret)).select_related("team", "person").first()


class ApiToken(models.Model):
    """Acts for one team, in the name and with the current role of its person.

    Leads make those of CI systems, members personal ones. The secret has 256 random bits and is shown once; only its
    hash is stored.
    """

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tokens")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, help_text="First characters of the secret, to tell tokens apart.")
    digest = models.CharField(max_length=64, unique=True)
    may_submit = models.BooleanField(default=True)
    is_personal = models.BooleanField(
        "personal", default=False, help_text="Created by a member for their own use, not by a lead for the team."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_revoked_by_password_change(self) -> bool:
        changed_at = self.person.password_changed_at
        return changed_at is not None and self.created_at <= changed_at


def new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
