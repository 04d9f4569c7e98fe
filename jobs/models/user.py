from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models

from jobs.models.ids import new_id


class User(AbstractUser):
    """Someone who signs in. `public_id` is the name by which tags in AWS and the audit know a person."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    time_zone = models.CharField(max_length=64, blank=True, help_text="IANA name; empty: as the browser says.")

    objects: ClassVar[UserManager[Self]] = UserManager()

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username
