"""History of jobs: changes of their state, and calls that submit them."""

from django.db import models
from django.utils.timezone import now

from jobs.states import Status, status_of


class StateChange(models.Model):
    """Never changed."""

    job = models.ForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField(default=now, db_index=True)
    delivery = models.CharField(max_length=10)
    state = models.CharField(max_length=20, blank=True)
    attempt = models.PositiveIntegerField(default=0, help_text="Number of attempts finished by then.")
    note = models.TextField(blank=True)
    source = models.CharField(
        max_length=12, help_text="Source of the change: person, dispatch, poll, event or reconcile."
    )

    class Meta:
        ordering = ["pk"]

    @property
    def status(self) -> Status:
        return status_of(self.delivery, self.state)


class DeliveryAttempt(models.Model):
    """An intent to call SubmitJob, written before the call."""

    job = models.ForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="deliveries")
    epoch = models.PositiveIntegerField()
    marked_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, blank=True)
    detail = models.TextField(blank=True)
    request_id = models.CharField(max_length=80, blank=True, help_text="AWS request id of the call.")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["job", "epoch"], name="one_attempt_an_epoch")]

    def explains(self, note: str) -> bool:
        """Return whether the note of a job is what AWS answered this attempt."""
        is_answer = self.outcome == "refused" or bool(self.request_id)
        return is_answer and bool(self.detail) and note.startswith(self.detail)
