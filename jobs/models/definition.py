"""Job definitions and their revisions."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value

from jobs.models.account import Account
from jobs.models.ids import address_of, new_id, to_text
from jobs.models.team import Team

if TYPE_CHECKING:
    from jobs.models.user import User


class DefinitionQuerySet(models.QuerySet["Definition"]):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def runnable(self) -> Self:
        return self.filter(Exists(Revision.objects.runnable().filter(definition=OuterRef("pk"))))

    def usable_by(self, team: Team) -> Self:
        return self.filter(Q(team=team) | Q(shared=True))

    def visible_to(self, user: "User") -> Self:
        if user.is_staff:
            return self
        return self.filter(Q(team__memberships__user=user) | Q(shared=True)).distinct()


class Definition(models.Model):
    """Names are account-wide in Batch, so each belongs to one team."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="definitions")
    name = models.CharField(max_length=128)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="definitions")
    shared = models.BooleanField(
        default=False, help_text="All teams can use it; only its own team can register revisions."
    )
    description = models.CharField(
        max_length=300, blank=True, help_text="What it is for, in one sentence. Not sent to AWS."
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whom to ask about it; at first who registered it.",
    )
    labels = models.JSONField(
        default=list, db_default=Value([], models.JSONField()), blank=True, help_text="Words to find it by."
    )
    standard = models.BooleanField(default=False, db_default=False, help_text="Recommended by administrators.")
    deprecated_at = models.DateTimeField(null=True, editable=False)
    successor = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="What to use instead.",
    )
    archived_at = models.DateTimeField(
        "deactivated at", null=True, editable=False, help_text="When it was deactivated."
    )
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name="deactivated by",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DefinitionQuerySet.as_manager()

    class Meta:
        verbose_name = "job definition"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["account", "name"], name="one_definition_of_a_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address_of("definition", self.public_id)

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)


class Registration(models.TextChoices):
    ACCEPTED = "ACCEPTED", "Registering"
    REGISTERED = "REGISTERED", "Registered"
    REFUSED = "REFUSED", "Refused"


class RevisionQuerySet(models.QuerySet["Revision"]):
    def visible_to(self, user: "User") -> Self:
        return self.filter(definition__in=Definition.objects.visible_to(user))

    def runnable(self) -> Self:
        return self.filter(registration=Registration.REGISTERED, active=True, definition__archived_at=None)

    def pending_registration(self) -> Self:
        return self.filter(registration=Registration.ACCEPTED)

    def for_bare_name(self) -> Self:
        """Select what a bare name may mean, the most likely first."""
        return self.filter(active=True).exclude(registration=Registration.REFUSED).order_by("-pk")

    def pending_deregistration(self) -> Self:
        registered = Q(registration=Registration.REGISTERED, active=False, deregistered_at=None)
        return self.filter(registered, deactivated_at__isnull=False)


class Revision(models.Model):
    """Never changed."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    definition = models.ForeignKey(Definition, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(
        null=True, help_text="Revision number from AWS; empty until it is registered."
    )
    arn = models.CharField(max_length=300, blank=True)
    document = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    registration = models.CharField(max_length=12, choices=Registration.choices, default=Registration.ACCEPTED)
    active = models.BooleanField(default=True)
    refusal = models.TextField(blank=True, help_text="Why AWS or the portal refused it.")
    refused_by_portal = models.BooleanField(
        default=False, help_text="Refused by a rule of the portal, before it was sent to AWS."
    )
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    registered_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True, help_text="Why it was created.")
    deactivated_at = models.DateTimeField(null=True, help_text="When it was deactivated.")
    deactivated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    deregistered_at = models.DateTimeField(
        null=True, help_text="When it was deregistered in AWS, which deletes it 180 days later."
    )

    objects = RevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["definition", "number"], name="one_revision_of_a_number"),
            models.CheckConstraint(
                condition=~Q(registration="REGISTERED") | Q(number__isnull=False),
                name="registered_has_a_number",
            ),
        ]
        indexes = [
            models.Index(fields=["definition", "fingerprint"], name="revision_fingerprint"),
            models.Index(
                fields=["deactivated_at"],
                name="revision_to_deregister",
                condition=Q(active=False, registration="REGISTERED", deregistered_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition}:{self.number or '…'}"

    def get_absolute_url(self) -> str:
        return self.definition.get_absolute_url()

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def is_runnable(self) -> bool:
        return self.registration == Registration.REGISTERED and self.active and self.definition.archived_at is None

    @property
    def qualified_name(self) -> str:
        return f"{self.definition.name}:{self.number}"
