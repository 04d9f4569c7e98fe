"""Launch forms that a person marked, and values to start a form with."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models.ids import new_id, to_text
from jobs.models.launch_form import LaunchForm

if TYPE_CHECKING:
    from jobs.models.user import User

MAX_PRESET_NAME_LENGTH = 60


class FavoriteForm(models.Model):
    """A form on the home page of a person."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    form = models.ForeignKey(LaunchForm, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "form"], name="one_favorite_of_a_form")]

    def __str__(self) -> str:
        return str(self.form)


class FormPresetQuerySet(models.QuerySet["FormPreset"]):
    def visible_to(self, user: "User") -> Self:
        """Select those of their teams, and their own."""
        presets = self.filter(Q(person=None) | Q(person=user))
        return presets if user.is_staff else presets.filter(form__team__memberships__user=user)


class FormPreset(models.Model):
    """Values of a form under a name. Without a person it is the team's."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    form = models.ForeignKey(LaunchForm, on_delete=models.CASCADE, related_name="presets", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=MAX_PRESET_NAME_LENGTH)
    values = models.JSONField(default=dict, help_text="Texts by the names of fields; none is secret.")
    updated_at = models.DateTimeField(auto_now=True)

    objects = FormPresetQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["form", "person", "name"], condition=Q(person__isnull=False), name="one_own_preset_of_a_name"
            ),
            models.UniqueConstraint(
                fields=["form", "name"], condition=Q(person=None), name="one_team_preset_of_a_name"
            ),
        ]
        indexes = [models.Index(fields=["form", "person"], name="preset_of_form")]

    def __str__(self) -> str:
        return self.name

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def is_of_team(self) -> bool:
        return self.person_id is None
