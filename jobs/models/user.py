"""Users."""

from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.timezone import now

from jobs.models.ids import new_id


class User(AbstractUser):
    """Tags in AWS and the audit log have the `public_id` only."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    time_zone = models.CharField(
        max_length=64, blank=True, help_text="IANA name; leave empty to use the browser's time zone."
    )
    password_changed_at = models.DateTimeField(null=True, editable=False)
    must_change_password = models.BooleanField(
        default=False,
        editable=False,
        help_text="An administrator set the password; the user must change it at the next sign-in.",
    )

    job_columns = models.JSONField(
        default=list, editable=False, help_text="Columns of the list of jobs; empty: the usual ones."
    )

    objects: ClassVar[UserManager[Self]] = UserManager()

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password)
        self.password_changed_at = now()

    def set_unusable_password(self) -> None:
        super().set_unusable_password()
        self.password_changed_at = now()

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.username
