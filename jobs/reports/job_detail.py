"""Records beside a job on its page: its history, and the jobs before and after it."""

from jobs.models import Job, JobDependency, StateChange


def state_changes(job: Job) -> list[StateChange]:
    return list(job.history.all())


def dependencies(job: Job) -> list[JobDependency]:
    """Return what the job waits for; `parent` is read with it."""
    return list(job.dependencies.select_related("parent"))


def dependent_jobs(job: Job) -> list[Job]:
    return [dependency.job for dependency in job.dependents.select_related("job").order_by("job__position")]
