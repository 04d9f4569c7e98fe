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


def cost(job: Job) -> Decimal | None:
    totals = CostLine.objects.filter(job=job).order_by().values_list("job").annotate(units=exact_sum.units_of("usd"))
    return next((exact_sum.usd(units) for _, units in totals), None)
