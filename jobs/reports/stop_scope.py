"""Steps that end with a step that is stopped."""

from dataclasses import dataclass

from jobs.models import Job


@dataclass(frozen=True)
class StopScope:
    """`dependents` can't run once the step is stopped; `followers` run when it ends that way."""

    dependents: tuple[Job, ...] = ()
    followers: tuple[Job, ...] = ()

    @property
    def count(self) -> int:
        return 1 + len(self.dependents)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(job.name for job in self.dependents)


def stop_scope(job: Job) -> StopScope:
    if job.status.is_final or job.submission.job_count < 2:
        return StopScope()
    dependents, followers = Job.objects.stopped_with(job)
    return StopScope(tuple(dependents), tuple(followers))
