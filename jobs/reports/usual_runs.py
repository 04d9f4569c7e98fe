"""Progress of running jobs beside the usual run of their definitions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.utils.timezone import now

from jobs.models import Job, Team
from jobs.pricing.run_statistics import DurationStats, run_statistics
from jobs.pricing.usual_run import UsualRun, usual_run
from jobs.states import State


def usual_runs(jobs: Iterable[Job]) -> Mapping[int, UsualRun]:
    """Return by key the progress of those that run, in one query a team.

    An array has none: its children run at different times. Neither has a definition that has hardly ever run.
    """
    running: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        if _tells_progress(job):
            running[job.team_id].append(job)
    progress_by_key: dict[int, UsualRun] = {}
    for team, team_jobs in running.items():
        stats = run_statistics(Team(pk=team), (), {job.definition_id for job in team_jobs}).runs
        for job in team_jobs:
            if progress := run_progress(job, stats.get(job.definition_id)):
                progress_by_key[job.pk] = progress
    return progress_by_key


def run_progress(job: Job, usual: DurationStats | None) -> UsualRun | None:
    """Compare a job that runs with the usual run of its definition."""
    if job.started_at is None or not _tells_progress(job):
        return None
    return usual_run((now() - job.started_at).total_seconds(), usual)


def _tells_progress(job: Job) -> bool:
    return job.state == State.RUNNING and job.started_at is not None and job.array_size is None
