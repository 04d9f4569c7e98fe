"""Plans the next polls of jobs from their rows, from what AWS says and from earlier runs."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from jobs.aws.batch import Observation
from jobs.models import Job, JobDependency, Team
from jobs.pricing.run_statistics import DurationStats, run_statistics
from jobs.states import Delivery, State
from jobs.sync.poll_interval import MIN_SECONDS, JobActivity, poll_interval

VIEWER_WINDOW = timedelta(seconds=30)
MOVING_STATES = frozenset({State.STARTING, State.RUNNING})
STARTED_STATES = MOVING_STATES | {State.SUCCEEDED, State.FAILED}


def plan_polls(
    observed_jobs: Iterable[tuple[Job, Observation | None]], current_time: datetime
) -> dict[int, datetime]:
    """Return by key when to poll each job again; an observation is None if AWS doesn't name the job."""
    activities = {job: _activity(job, observation, current_time) for job, observation in observed_jobs}
    jobs = [job for job, activity in activities.items() if _may_be_sooner(activity, job.account.poll_seconds)]
    usual_runs = _usual_runs([job for job in jobs if activities[job].run_time is not None])
    awaited_ids = _awaited_ids(jobs)
    plan = {}
    for job, activity in activities.items():
        usual_run = usual_runs.get((job.team_id, job.definition_id))
        details = replace(activity, usual_run=usual_run, is_awaited=job.pk in awaited_ids)
        plan[job.pk] = current_time + timedelta(seconds=poll_interval(details, job.account.poll_seconds))
    return plan


def _activity(job: Job, observation: Observation | None, current_time: datetime) -> JobActivity:
    state = observation.state if observation else job.state
    submitted_at = (observation and observation.submitted_at) or job.submitted_at or job.accepted_at
    started_at = (observation and observation.started_at) or job.started_at
    children = observation.array_summary if observation else job.array_summary
    return JobActivity(
        age=(current_time - submitted_at).total_seconds(),
        is_moving=state in MOVING_STATES or any(children.get(name) for name in STARTED_STATES),
        run_time=(current_time - started_at).total_seconds() if started_at and state == State.RUNNING else None,
        is_viewed=job.viewed_at is not None and current_time - job.viewed_at < VIEWER_WINDOW,
    )


def _may_be_sooner(activity: JobActivity, account_interval: float) -> bool:
    """Return whether it is worth reading what could bring the next poll forward."""
    return activity.is_moving and poll_interval(activity, account_interval) > MIN_SECONDS


def _usual_runs(jobs: Collection[Job]) -> Mapping[tuple[int, int], DurationStats]:
    """Return by team and definition how long their jobs usually run."""
    definitions: dict[int, set[int]] = defaultdict(set)
    for job in jobs:
        definitions[job.team_id].add(job.definition_id)
    return {
        (team, definition): usual
        for team, keys in definitions.items()
        for definition, usual in run_statistics(Team(pk=team), (), keys).runs.items()
    }


def _awaited_ids(jobs: Collection[Job]) -> set[int]:
    """Return the keys of those after whose end another job is submitted."""
    if not jobs:
        return set()
    edges = JobDependency.objects.filter(parent__in=[job.pk for job in jobs], job__delivery=Delivery.ACCEPTED)
    return set(edges.values_list("parent", flat=True))
