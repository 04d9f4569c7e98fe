"""Launch forms and their versions."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from jobs.models.ids import new_id, to_text
from jobs.models.team import Team
from jobs.spec.documents import DocumentKind
from jobs.spec.launch_forms.fields import FormSection, LaunchField, fields_of, parse_sections

if TYPE_CHECKING:
    from jobs.models.user import User


class LaunchFormQuerySet(models.QuerySet["LaunchForm"]):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def visible_to(self, user: "User") -> Self:
        return self if user.is_staff else self.filter(team__memberships__user=user)


class LaunchForm(models.Model):
    """A job or a workflow that people start with a few values, and whose rest they can't change."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="launch_forms")
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=300, blank=True, help_text="What it is for, in one sentence.")
    labels = models.JSONField(default=list, help_text="Words to find it by.")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Who created it."
    )
    deprecated_at = models.DateTimeField(null=True, editable=False)
    successor = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        help_text="What to use instead.",
    )
    run_count = models.PositiveIntegerField(default=0, editable=False)
    used_at = models.DateTimeField(null=True, editable=False, help_text="When it was last started.")
    archived_at = models.DateTimeField(null=True, editable=False)
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LaunchFormQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_launch_form_of_a_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("launch_form", args=[self.text_id])

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)


class LaunchFormVersion(models.Model):
    """Never changed."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    form = models.ForeignKey(LaunchForm, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="The document as it was written.")
    document = models.JSONField(help_text="The document parsed from the text.")
    sections = models.JSONField(default=list)
    locks = models.JSONField(default=dict, help_text="Who locked each field that is locked.")
    note = models.CharField(max_length=300, blank=True, help_text="Why it was made.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["form", "number"], name="one_form_version_of_a_number")]

    def __str__(self) -> str:
        return f"{self.form} version {self.number}"

    def get_absolute_url(self) -> str:
        return self.form.get_absolute_url()

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind.WORKFLOW if "jobs" in self.document else DocumentKind.SUBMISSION

    @property
    def section_list(self) -> tuple[FormSection, ...]:
        return parse_sections(self.sections)

    @property
    def field_list(self) -> tuple[LaunchField, ...]:
        return fields_of(self.section_list)
