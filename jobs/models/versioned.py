"""Rows that are changed by saving another version: workflow templates and launch forms share them."""

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.conf import settings
from django.db import models

from jobs.models.ids import new_id, to_text

if TYPE_CHECKING:
    from jobs.models.team import Team
    from jobs.models.user import User


Item_co = TypeVar("Item_co", bound="VersionedItem", covariant=True)


class VersionedItemQuerySet(models.QuerySet[Item_co]):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def visible_to(self, user: "User") -> Self:
        return self if user.is_staff else self.filter(team__memberships__user=user)


class VersionedItem(models.Model):
    """A named document of a team. A subclass adds `team`, and its versions a foreign key with the name `versions`."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    name = models.CharField(max_length=128)
    description = models.CharField(max_length=300, blank=True, help_text="What it is for, in one sentence.")
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

    class Meta:
        abstract = True
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    if TYPE_CHECKING:
        team: models.ForeignKey[Team, Team]
        versions: Any

        def get_absolute_url(self) -> str: ...


class ItemVersion(models.Model):
    """Never changed. A subclass adds the foreign key to its item, and `item`."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    number = models.PositiveIntegerField()
    text = models.TextField(help_text="The document as it was written.")
    document = models.JSONField(help_text="The document parsed from the text.")
    note = models.CharField(max_length=300, blank=True, help_text="Why it was made.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.item} version {self.number}"

    def get_absolute_url(self) -> str:
        return self.item.get_absolute_url()

    @property
    def item(self) -> VersionedItem:
        raise NotImplementedError

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)
