"""Jobs that a person stops or runs again together, each exactly once."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from jobs.models.ids import address_of, new_id, to_text
from jobs.models.job import Job
from jobs.models.submission import Submission

if TYPE_CHECKING:
    from jobs.models.user import User


class BulkKind(models.TextChoices):
    STOP = "stop", "Stop"
    RERUN = "again", "Run again"


class ItemOutcome(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    REFUSED = "refused", "Not done"
    CANCELED = "canceled", "Canceled"


class BulkActionQuerySet(models.QuerySet["BulkAction"]):
    def visible_to(self, user: "User") -> Self:
        return self if user.is_staff else self.filter(person=user)

    def due(self, time: datetime) -> Self:
        return self.filter(due_at__lte=time).order_by("due_at")


class BulkAction(models.Model):
    """What was confirmed. A worker goes through its items until `due_at` is empty."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bulk_actions")
    kind = models.CharField(max_length=5, choices=BulkKind.choices)
    request_key = models.CharField(max_length=64, help_text="Idempotency key of the page on which it was confirmed.")
    item_count = models.PositiveIntegerField()

    # -- What changes in jobs that run again; empty: as in the earlier run.
    memory_mib = models.PositiveIntegerField(null=True)
    time_limit_seconds = models.PositiveIntegerField(null=True)
    queue = models.CharField(max_length=300, blank=True, help_text="Name or ARN of the queue.")

    # -- Where the person confirmed it, for the audit log.
    channel = models.CharField(max_length=10)
    address = models.CharField(max_length=200, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True, help_text="When a worker continues with it; null once it has ended.")
    canceled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = BulkActionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["person", "request_key"], name="one_bulk_action_a_key")]
        indexes = [
            models.Index(fields=["person", "-id"], name="bulk_action_of_person"),
            models.Index(fields=["due_at"], name="bulk_action_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.item_count} job{'s' * (self.item_count != 1)}"

    def get_absolute_url(self) -> str:
        return address_of("bulk_action", self.public_id)

    @property
    def text_id(self) -> str:
        return to_text(self.public_id)

    @property
    def is_live(self) -> bool:
        return self.ended_at is None

    @property
    def is_paused(self) -> bool:
        """Return whether it waits for a limit of requests per minute, or for a recovery."""
        return self.due_at is not None and self.due_at > now()


class BulkItemQuerySet(models.QuerySet["BulkItem"]):
    def waiting(self) -> Self:
        return self.filter(outcome=ItemOutcome.WAITING).order_by("position")


class BulkItem(models.Model):
    action = models.ForeignKey(BulkAction, on_delete=models.CASCADE, related_name="items", db_index=False)
    position = models.PositiveIntegerField()
    public_id = models.UUIDField(default=new_id, unique=True, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="bulk_items")
    outcome = models.CharField(max_length=8, choices=ItemOutcome.choices, default=ItemOutcome.WAITING)
    note = models.TextField(blank=True, help_text="Why it wasn't done, or what else was done.")
    submission = models.ForeignKey(Submission, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)

    objects = BulkItemQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["action", "position"], name="one_bulk_item_a_position"),
            models.UniqueConstraint(fields=["action", "job"], name="one_bulk_item_a_job"),
        ]
        indexes = [models.Index(fields=["action", "outcome", "position"], name="bulk_item_of_outcome")]

    @property
    def request_key(self) -> str:
        """Idempotency key of the submission that runs the job again. Its end tells when it was made."""
        return f"bulk-{to_text(self.public_id)}"

    @property
    def new_job(self) -> Job | None:
        """The job that runs instead, if it has been submitted."""
        return next(iter(self.submission.jobs.all()), None) if self.submission else None

    @property
    def is_live(self) -> bool:
        """Return whether the job on which it has worked still changes."""
        job = self.new_job or self.job
        return self.outcome == ItemOutcome.DONE and job.status.is_live
