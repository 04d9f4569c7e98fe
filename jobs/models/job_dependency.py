"""Dependencies of jobs on others."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from jobs.spec.step_conditions import Condition
from jobs.states import FINAL_DELIVERIES, FINAL_STATES, Delivery, State

# Conditions on a JobDependency.
PARENT_SUCCEEDED = Q(parent__state=State.SUCCEEDED)
PARENT_SKIPPED = Q(parent__delivery=Delivery.SKIPPED)
PARENT_FAILED = Q(parent__delivery__in=FINAL_DELIVERIES - {Delivery.SKIPPED}) | Q(
    parent__state__in=[state for state in FINAL_STATES if state != State.SUCCEEDED]
)
NEEDS_SUCCESS = Q(condition__in=[Condition.BATCH, Condition.SUCCESS])


class JobDependencyQuerySet(models.QuerySet["JobDependency"]):
    def with_parents(self, *fields: str) -> Self:
        """Join the parents: a prefetch would name each in an OR, of which SQLite allows 1,000."""
        columns = ("job_id", "batch_id", "kind", "condition", *(f"parent__{field}" for field in fields))
        return self.select_related("parent").only(*columns).order_by("pk")


class JobDependency(models.Model):
    """On a job of this portal, or on one known only by its id in AWS."""

    job = models.ForeignKey("jobs.Job", on_delete=models.CASCADE, related_name="dependencies")
    parent = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, related_name="dependents", null=True)
    batch_id = models.CharField(max_length=60, blank=True, help_text="AWS job id, if the document names one.")
    kind = models.CharField(max_length=12, blank=True, help_text="Empty, N_TO_N or SEQUENTIAL.")
    condition = models.CharField(
        max_length=7,
        blank=True,
        choices=[(condition.value, condition.value) for condition in Condition if condition],
        help_text="How the parent must end. Empty: AWS Batch starts the job after the parent's success.",
    )

    objects = JobDependencyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "job dependencies"
        constraints = [
            models.UniqueConstraint(fields=["job", "parent"], name="one_edge_a_parent"),
            models.CheckConstraint(condition=~Q(parent=F("job")), name="no_job_waits_for_itself"),
        ]

    @property
    def condition_label(self) -> str:
        return Condition(self.condition).label
