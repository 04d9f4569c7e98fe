"""Steps of a workflow, or indexes of an array, that run again in their submission."""

from django.db import models
from django.utils.timezone import now

from jobs.models.submission import Submission
from jobs.spec.documents import list_at, text_at


class Rerun(models.Model):
    """Its jobs are those that run again together; none until a request for it is approved."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="reruns")
    created_at = models.DateTimeField(default=now)

    # -- What was requested, if it needs approval.
    text = models.TextField(blank=True, help_text="The document of the jobs, verbatim.")
    document = models.JSONField(default=dict, help_text="The document parsed from the text.")
    start = models.CharField(
        max_length=64, blank=True, help_text="What to run again: failed, all, or the ID of a job; empty for indexes."
    )
    version = models.CharField(max_length=16, blank=True, help_text="Digest of the jobs that it runs again.")
    array_job = models.ForeignKey("jobs.Job", on_delete=models.PROTECT, null=True, related_name="+")
    indexes = models.TextField(blank=True, help_text="Indexes of the array job to run again, such as 3, 17-20.")
    run_as = models.CharField(max_length=10, blank=True, help_text="Single jobs or one array: single or array.")
    index_by = models.CharField(
        max_length=10, blank=True, help_text="How the index reaches the program: variable or wrapper."
    )

    class Meta:
        ordering = ["-pk"]

    @property
    def job_names(self) -> list[str]:
        """Names in the document."""
        return [text_at(job, "jobName") for job in list_at(self.document, "jobs")]
