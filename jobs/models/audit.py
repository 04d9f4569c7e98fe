"""The audit log: one row an action, chained by hashes, never changed."""

import hashlib
import json
from datetime import UTC
from typing import Any, NoReturn, Self

from django.core.exceptions import PermissionDenied
from django.db import models

from jobs.models.team import Team

PORTAL = 0
"""Chain of actions that belong to no team: sign-ins, accounts, users."""
FIRST_PREVIOUS_DIGEST = "0" * 64
IMMUTABLE_MESSAGE = "Audit entries cannot be changed or deleted."


class AuditChain(models.Model):
    """End of a team's chain, locked to append to it."""

    chain = models.BigIntegerField(primary_key=True, help_text="Id of the team; 0 for the portal.")
    number = models.BigIntegerField(default=0, help_text="Number of the newest entry.")
    digest = models.CharField(max_length=64, default=FIRST_PREVIOUS_DIGEST)
    pruned_through = models.BigIntegerField(default=0, help_text="Number of the last pruned entry.")
    pruned_digest = models.CharField(max_length=64, default=FIRST_PREVIOUS_DIGEST)


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    def of_chain(self, chain: int) -> Self:
        return self.filter(team=chain or None)

    def update(self, **_: Any) -> NoReturn:
        raise PermissionDenied(IMMUTABLE_MESSAGE)

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise PermissionDenied(IMMUTABLE_MESSAGE)

    def delete(self) -> NoReturn:
        raise PermissionDenied(IMMUTABLE_MESSAGE)

    update.alters_data = bulk_update.alters_data = delete.alters_data = True  # type: ignore[attr-defined]


class AuditEntry(models.Model):
    """A person is stored as `public_id` only.

    `before` and `after` are text, so that every database returns the bytes that were hashed.
    """

    team = models.ForeignKey(
        Team,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Empty for actions that belong to no team.",
    )
    number = models.BigIntegerField(help_text="Position in the team's chain, from 1.")
    created_at = models.DateTimeField()
    person = models.UUIDField(null=True, help_text="Public id; empty if unknown.")
    token = models.UUIDField(null=True, help_text="Public id of the API token that was used.")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=40)
    noun = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True, help_text="Public id, or primary key.")
    label = models.CharField(max_length=200, blank=True)
    before = models.TextField(blank=True)
    after = models.TextField(blank=True)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    objects = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit entries"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "number"], name="one_chain_a_team"),
            models.UniqueConstraint(fields=["number"], condition=models.Q(team=None), name="one_chain_of_the_portal"),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="audit_of_team"),
            models.Index(fields=["person", "-id"], name="audit_of_person"),
            models.Index(fields=["action", "-id"], name="audit_of_act"),
            models.Index(fields=["object_id", "-id"], name="audit_of_object"),
            models.Index(fields=["label", "-id"], name="audit_of_label"),
            models.Index(fields=["created_at", "id"], name="audit_of_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.noun} {self.label}".rstrip()

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise PermissionDenied(IMMUTABLE_MESSAGE)
        super().save(*args, **options, force_insert=True)

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        raise PermissionDenied(IMMUTABLE_MESSAGE)

    @property
    def chain(self) -> int:
        return self.team_id or PORTAL

    def compute_digest(self) -> str:
        values = [
            self.chain,
            self.number,
            self.previous,
            self.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
            str(self.person or ""),
            str(self.token or ""),
            self.channel,
            self.address,
            self.action,
            self.noun,
            self.object_id,
            self.label,
            self.before,
            self.after,
        ]
        return hashlib.sha256(json.dumps(values, separators=(",", ":")).encode()).hexdigest()
