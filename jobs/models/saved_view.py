"""Searches of the list of jobs that a person or a team keeps."""

from django.db import models
from django.db.models import Q

from jobs.models.owned_item import OwnedItem, OwnedItemQuerySet
from jobs.models.team import Team
from jobs.search.parser import MAX_LENGTH


class SavedView(OwnedItem):
    """A search with its scope, order and columns."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="saved_views", db_index=False)
    search = models.CharField(max_length=MAX_LENGTH, blank=True)
    scope = models.CharField(max_length=10, blank=True)
    sort = models.CharField(max_length=20, blank=True)
    columns = models.JSONField(default=list, help_text="Names of columns; empty: those of the person.")
    is_default = models.BooleanField(default=False, help_text="Jobs opens with it.")

    objects = OwnedItemQuerySet["SavedView"].as_manager()

    class Meta(OwnedItem.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["team", "person", "name"], condition=Q(person__isnull=False), name="one_own_view_of_a_name"
            ),
            models.UniqueConstraint(
                fields=["team", "name"], condition=Q(person=None), name="one_team_view_of_a_name"
            ),
            models.UniqueConstraint(
                fields=["team", "person"],
                condition=Q(person__isnull=False, is_default=True),
                name="one_own_default_view",
            ),
            models.UniqueConstraint(
                fields=["team"], condition=Q(person=None, is_default=True), name="one_default_view_of_a_team"
            ),
        ]
        indexes = [models.Index(fields=["team", "person"], name="view_of_team")]
