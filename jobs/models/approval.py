"""Approvals of submissions and their edits."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from jobs.models.ids import address_of, new_id, to_text
from jobs.models.rerun import Rerun
from jobs.models.submission import Submission
from jobs.models.team import Role, Team

if TYPE_CHECKING:
    from jobs.models.user import User


class Decision(models.TextChoices):
    WAITING = "waiting", "Waiting"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, user: "User") -> Self:
        return self if user.is_staff else self.filter(team__memberships__user=user)

    def waiting(self) -> Self:
        return self.filter(decision=Decision.WAITING)

    def decidable_by(self, user: "User") -> Self:
        """Select teams that the user leads, all for staff, never their own requests."""
        decidable = self.waiting().filter(team__active=True).exclude(requester=user).not_escalated_by(user)
        if user.is_staff:
            return decidable
        return decidable.filter(team__memberships__user=user, team__memberships__role=Role.LEAD)

    def not_escalated_by(self, user: "User") -> Self:
        return self.exclude(Exists(ApprovalEdit.objects.escalating().filter(approval=OuterRef("pk"), editor=user)))

    def with_request(self) -> Self:
        submission = ("submission__account", "submission__person", "submission__team")
        return self.select_related("team", "requester", "decided_by", "rerun__array_job", *submission)

    def with_escalated_by(self, user: "User") -> Self:
        edits = ApprovalEdit.objects.escalating().filter(approval=OuterRef("pk"), editor=user)
        return self.annotate(is_escalated_by_user=Exists(edits))


class Approval(models.Model):
    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="approvals")
    rerun = models.OneToOneField(
        Rerun,
        on_delete=models.PROTECT,
        null=True,
        related_name="approval",
        help_text="What is to run again in the submission; null: the request is for the submission.",
    )
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="approvals")
    decision = models.CharField(max_length=10, choices=Decision.choices, default=Decision.WAITING)
    version = models.PositiveIntegerField(default=1, help_text="Version of the request; each edit creates a new one.")
    reasons = models.JSONField(default=list, help_text="Why approval is needed: rule and message of each reason.")
    forecast = models.JSONField(default=dict, help_text="Expected and maximum cost, and how they were computed.")
    requested_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    comment = models.TextField(blank=True, help_text="Why it was declined.")

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decision="waiting", decided_at=None)
                | ~Q(decision="waiting") & Q(decided_at__isnull=False),
                name="decided_at_a_moment",
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=Q(rerun=None), name="one_approval_of_a_submission"
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=Q(decision="waiting"), name="one_waiting_request_a_submission"
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-id"], name="approval_of_team"),
            models.Index(fields=["team"], name="approval_waiting", condition=Q(decision="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.submission} ({self.get_decision_display().lower()})"

    def get_absolute_url(self) -> str:
        return address_of("approval", self.public_id)

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def request(self) -> Submission | Rerun:
        """What has the text and the document of the request."""
        return self.rerun or self.submission

    @property
    def is_waiting(self) -> bool:
        return self.decision == Decision.WAITING

    def is_escalated_by(self, user: "User") -> bool:
        """Return whether the user ever made it larger, even if undone: they may not approve it."""
        return ApprovalEdit.objects.escalating().filter(approval=self, editor=user).exists()

    def escalators(self) -> list[str]:
        edits = ApprovalEdit.objects.escalating().filter(approval=self)
        return sorted(set(edits.values_list("editor__username", flat=True)))


class ApprovalEditQuerySet(models.QuerySet["ApprovalEdit"]):
    def escalating(self) -> Self:
        return self.exclude(escalations=[])


class ApprovalEdit(models.Model):
    """Never changed. The first one has the original document."""

    approval = models.ForeignKey(Approval, on_delete=models.PROTECT, related_name="edits")
    at = models.DateTimeField(auto_now_add=True)
    editor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    before = models.TextField(help_text="The document before the edit, verbatim.")
    after = models.TextField(help_text="The document after the edit, verbatim.")
    changes = models.JSONField(default=list, help_text="The changes, as sentences.")
    escalations = models.JSONField(
        default=list, help_text="Changes that need a new approval; empty if there are none."
    )

    objects = ApprovalEditQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
