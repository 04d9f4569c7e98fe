"""Searches of the list of jobs that a person or a team keeps."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models.ids import new_id, to_text
from jobs.models.team import Team
from jobs.search.parser import MAX_LENGTH

if TYPE_CHECKING:
    from jobs.models.user import User

MAX_NAME_LENGTH = 60


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: "User") -> Self:
        """Select those of their teams, and their own."""
        views = self.filter(Q(person=None) | Q(person=user))
        return views if user.is_staff else views.filter(team__memberships__user=user)


class SavedView(models.Model):
    """A search with its scope, order and columns. Without a person it is the team's."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="saved_views", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    search = models.CharField(max_length=MAX_LENGTH, blank=True)
    scope = models.CharField(max_length=10, blank=True)
    sort = models.CharField(max_length=20, blank=True)
    columns = models.JSONField(default=list, help_text="Names of columns; empty: those of the person.")
    is_default = models.BooleanField(default=False, help_text="Jobs opens with it.")
    updated_at = models.DateTimeField(auto_now=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
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

    def __str__(self) -> str:
        return self.name

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def is_of_team(self) -> bool:
        return self.person_id is None
