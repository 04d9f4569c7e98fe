"""Launch forms that a person marked, and values to start a form with."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models.launch_form import LaunchForm
from jobs.models.owned_item import OwnedItem, OwnedItemQuerySet


class FavoriteForm(models.Model):
    """A form on the home page of a person."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    form = models.ForeignKey(LaunchForm, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "form"], name="one_favorite_of_a_form")]

    def __str__(self) -> str:
        return str(self.form)


class FormPreset(OwnedItem):
    """Values of a form."""

    TEAM_FIELD = "form__team"

    form = models.ForeignKey(LaunchForm, on_delete=models.CASCADE, related_name="presets", db_index=False)
    values = models.JSONField(default=dict, help_text="Texts by the names of fields; none is secret.")

    objects = OwnedItemQuerySet["FormPreset"].as_manager()

    class Meta(OwnedItem.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["form", "person", "name"], condition=Q(person__isnull=False), name="one_own_preset_of_a_name"
            ),
            models.UniqueConstraint(
                fields=["form", "name"], condition=Q(person=None), name="one_team_preset_of_a_name"
            ),
        ]
        indexes = [models.Index(fields=["form", "person"], name="preset_of_form")]
