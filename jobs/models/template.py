"""Workflow templates and their versions."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.urls import reverse

from jobs.models.ids import new_id, to_text
from jobs.models.team import Team
from jobs.spec.template_parameters import Parameter, parse_parameters

if TYPE_CHECKING:
    from jobs.models.user import User


class WorkflowTemplateQuerySet(models.QuerySet["WorkflowTemplate"]):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def visible_to(self, user: "User") -> Self:
        return self if user.is_staff else self.filter(team__memberships__user=user)


class WorkflowTemplate(models.Model):
    """A workflow with parameters, which people start with their values."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="templates")
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=300, blank=True, help_text="What it is for, in one sentence.")
    labels = models.JSONField(
        default=list, db_default=models.Value([], models.JSONField()), help_text="Words to find it by."
    )
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

    objects = WorkflowTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_template_of_a_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("template", args=[self.text_id])

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)


class TemplateVersion(models.Model):
    """Never changed."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    template = models.ForeignKey(WorkflowTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="The workflow as it was written.")
    document = models.JSONField(help_text="The workflow parsed from the text.")
    parameters = models.JSONField(default=list)
    note = models.CharField(max_length=300, blank=True, help_text="Why it was made.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["template", "number"], name="one_version_of_a_number")]

    def __str__(self) -> str:
        return f"{self.template} version {self.number}"

    def get_absolute_url(self) -> str:
        return self.template.get_absolute_url()

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def parameter_list(self) -> tuple[Parameter, ...]:
        return parse_parameters(self.parameters)
