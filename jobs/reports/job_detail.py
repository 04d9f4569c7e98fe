"""Records that the page of a job shows beside it: its history, and the jobs before and after it."""

from jobs.models import Job, JobDependency, StateChange


def state_changes(job: Job) -> list[StateChange]:
    """Return the job's history, oldest first."""
    return list(job.history.all())


def dependencies(job: Job) -> list[JobDependency]:
    """Return what the job waits for; `parent` is read with it."""
    return list(job.dependencies.select_related("parent"))


def dependent_jobs(job: Job) -> list[Job]:
    """Return the jobs that wait for it, in the order of the document."""
    return [dependency.job for dependency in job.dependents.select_related("job").order_by("job__position")]
