import hashlib
import secrets
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from jobs.models.ids import new_id
from jobs.models.team import Team

PREFIX = "bpt_"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def valid(self) -> Self:
        """Neither revoked nor expired, of an active person who is in the team and has the same password as then."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=now())
        same_password = Q(person__password_changed_at=None) | Q(created_at__gt=F("person__password_changed_at"))
        return self.filter(
            unexpired,
            same_password,
            revoked_at=None,
            person__is_active=True,
            team__active=True,
            team__memberships__user=F("person"),
        )

    def of(self, secret: str) -> "ApiToken | None":
        """The valid token behind a secret, found by its hash."""
        return self.valid().filter(digest=digest(secret)).select_related("team", "person").first()


class ApiToken(models.Model):
    """What a CI system signs in with: acts for one team, in the name of the person it was made for.

    The secret has 256 random bits and is shown once; only its hash is kept.
    """

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tokens")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    start = models.CharField(max_length=12, help_text="Its first characters, to tell tokens apart.")
    digest = models.CharField(max_length=64, unique=True)
    may_submit = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"

    @property
    def outlived(self) -> bool:
        """Whether the person whose token it is has changed the password since: then it counts no more."""
        changed_at = self.person.password_changed_at
        return changed_at is not None and self.created_at <= changed_at


def new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 is enough: a secret of 256 random bits cannot be guessed from its hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
