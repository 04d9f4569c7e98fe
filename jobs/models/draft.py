"""Drafts of people."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from jobs.models.definition import Revision
from jobs.models.ids import new_id, to_text
from jobs.models.team import Team

if TYPE_CHECKING:
    from jobs.models.user import User


class DraftKind(models.TextChoices):
    JOB = "job", "Job"
    DEFINITION = "definition", "Definition"
    JSON = "json", "JSON"


class DraftQuerySet(models.QuerySet["Draft"]):
    def visible_to(self, user: "User") -> Self:
        return self.filter(person=user, team__memberships__user=user)

    def unsent(self) -> Self:
        return self.filter(sent_at=None)

    def sent(self) -> Self:
        return self.exclude(sent_at=None)


class Draft(models.Model):
    public_id = models.UUIDField(default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="drafts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    kind = models.CharField(max_length=12, choices=DraftKind.choices)
    name = models.CharField(max_length=128, blank=True)
    text = models.TextField(help_text="The text, verbatim.")
    again = models.CharField(max_length=64, blank=True, help_text="Id of the job that it reruns, if any.")
    revision = models.ForeignKey(
        Revision,
        on_delete=models.CASCADE,
        null=True,
        help_text="A revision to be registered first; the job is submitted with it then.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(
        null=True, help_text="When it was submitted or registered; kept for the browser's Back button."
    )

    objects = DraftQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-pk"]
        # Not unique alone: the page chooses the id, and must not learn whether others have it.
        constraints = [models.UniqueConstraint(fields=["person", "team", "public_id"], name="one_draft_of_an_id")]
        indexes = [models.Index(fields=["person", "-updated_at"], name="draft_of_person")]

    def __str__(self) -> str:
        return self.name or "Untitled"

    def get_absolute_url(self) -> str:
        return reverse("draft", args=[self.team.slug, self.text_id])

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)
