"""A job's history and neighbours."""

from decimal import Decimal

from jobs.models import CostLine, Job, JobDependency, StateChange
from jobs.pricing import exact_sum


def state_changes(job: Job) -> list[StateChange]:
    return list(job.history.all())


def dependencies(job: Job) -> list[JobDependency]:
    return list(job.dependencies.select_related("parent"))


def dependent_jobs(job: Job) -> list[Job]:
    return [dependency.job for dependency in job.dependents.select_related("job").order_by("job__position")]


def step_conditions(job: Job) -> list[str]:
    """Return the condition of each dependency on another step of its workflow, "" for AWS Batch's own."""
    edges = job.dependencies.filter(parent__submission=job.submission_id)
    return list(edges.values_list("condition", flat=True))


def step_runs(job: Job) -> list[Job]:
    """Return the jobs of its step, oldest first, if the step has run again."""
    if job.array_index is not None or (job.repeats_id is None and not job.superseded):
        return []
    runs = Job.objects.filter(submission=job.submission_id, step=job.step, array_index=None)
    return list(runs.only("public_id", "name", "step", "delivery", "state").order_by("position"))


def cost(job: Job) -> Decimal | None:
    totals = CostLine.objects.filter(job=job).order_by().values_list("job").annotate(units=exact_sum.units_of("usd"))
    return next((exact_sum.usd(units) for _, units in totals), None)
