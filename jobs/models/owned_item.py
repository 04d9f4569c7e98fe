"""Rows under a name that a person keeps for themselves, or a team for all: saved views and presets of forms."""

from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models.ids import new_id, to_text

if TYPE_CHECKING:
    from jobs.models.user import User

MAX_NAME_LENGTH = 60

Item_co = TypeVar("Item_co", bound="OwnedItem", covariant=True)


class OwnedItemQuerySet(models.QuerySet[Item_co]):
    def visible_to(self, user: "User") -> Self:
        """Select those of their teams, and their own."""
        items = self.filter(Q(person=None) | Q(person=user))
        if user.is_staff:
            return items
        return items.filter(**{f"{self.model.TEAM_FIELD}__memberships__user": user})


class OwnedItem(models.Model):
    """Without a person it is the team's. A subclass makes the name unique for the person, and for the team."""

    TEAM_FIELD: ClassVar[str] = "team"
    """Leads to the team, for queries."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def is_of_team(self) -> bool:
        return self.person_id is None
