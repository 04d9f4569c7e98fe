"""A job's history, neighbours and earlier runs."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.timezone import now

from jobs.models import CostLine, Job, JobDependency, StateChange
from jobs.pricing import exact_sum
from jobs.pricing.rates import read_rates
from jobs.pricing.running_cost import RunningCost, array_usd_per_hour, running_children, running_cost
from jobs.reports.approvals import RequestedJob, rerun_jobs
from jobs.spec.documents import DocumentKind
from jobs.states import State

MAX_RECENT_RUNS = 8
MAX_RERUNS = 5
MAX_RUNS_SEARCHED = 200
"""Earlier runs among which the last success is looked for."""
_LINK_COLUMNS = ("public_id", "name", "delivery", "state")
_RUN_COLUMNS = (
    "public_id",
    "name",
    "delivery",
    "state",
    "exit_code",
    "array_size",
    "accepted_at",
    "started_at",
    "stopped_at",
    "charged_at",
    "usd_units",
    "revision__number",
    "person__username",
    "person__first_name",
    "person__last_name",
)


def state_changes(job: Job) -> list[StateChange]:
    return list(job.history.all())


def dependencies(job: Job) -> list[JobDependency]:
    """Return them with name and status of the parents."""
    return list(job.dependencies.with_parents(*_LINK_COLUMNS))


def dependent_jobs(job: Job) -> list[Job]:
    """Return them with name and status."""
    return list(Job.objects.filter(dependencies__parent=job).only(*_LINK_COLUMNS).order_by("position"))


def step_conditions(job: Job) -> list[str]:
    """Return the condition of each dependency on another step of its workflow, "" for AWS Batch's own."""
    edges = job.dependencies.filter(parent__submission=job.submission_id)
    return list(edges.values_list("condition", flat=True))


def step_runs(job: Job) -> list[Job]:
    """Return the jobs of its step, oldest first, if the step has run again."""
    if job.array_index is not None or (job.repeats_id is None and not job.superseded):
        return []
    runs = Job.objects.filter(submission=job.submission_id, step=job.step, array_index=None)
    return list(runs.only("step", *_LINK_COLUMNS).order_by("position"))


def rerun_of(job: Job) -> Job | None:
    """Return the job of another submission that it runs again."""
    return _linked_jobs(pk=job.submission.rerun_of_id).first() if job.submission.rerun_of_id else None


def reruns(job: Job) -> list[Job]:
    """Return the jobs of other submissions that run it again, oldest first."""
    return list(_linked_jobs(submission__rerun_of=job).order_by("pk")[:MAX_RERUNS]) if job.status.is_final else []


def _linked_jobs(**conditions: object) -> QuerySet[Job]:
    return Job.objects.filter(**conditions).only(*_LINK_COLUMNS)


def can_run_from_here(job: Job) -> bool:
    """Return whether the job's step, and those after it, can run again in its submission."""
    is_step = job.submission.kind == DocumentKind.WORKFLOW and job.array_index is None
    return is_step and job.status.is_final and not job.superseded


def cost(job: Job) -> Decimal | None:
    totals = CostLine.objects.filter(job=job).order_by().values_list("job").annotate(units=exact_sum.units_of("usd"))
    return next((exact_sum.usd(units) for _, units in totals), None)


def attempt_costs(job: Job) -> Mapping[int, Decimal]:
    """Return dollars by number of the attempt."""
    return dict(CostLine.objects.filter(job=job).order_by().values_list("attempt", "usd"))


def cost_so_far(job: Job) -> RunningCost | None:
    """Return None as `running_cost` does. Use one query while the job is running."""
    if job.state != State.RUNNING or job.array_size is not None:
        return None
    return running_cost(job, read_rates(), now())


def array_cost(job: Job) -> tuple[int, Decimal] | None:
    """Return how many children run and what they cost in an hour; None if none runs or it is unknown."""
    if not running_children(job) or job.status.is_final:
        return None
    usd = array_usd_per_hour(job, read_rates(), now())
    return None if usd is None else (running_children(job), usd)


def recent_runs(job: Job) -> list[Job]:
    """Return the newest other jobs of its definition in its team."""
    runs = Job.objects.filter(definition=job.definition_id, team=job.team_id).exclude(pk=job.pk)
    return list(runs.select_related("person", "revision").only(*_RUN_COLUMNS).order_by("-pk")[:MAX_RECENT_RUNS])


def changes_since_success(job: Job) -> RequestedJob | None:
    """Compare it with the last earlier job of its definition in its team that succeeded.

    None if none of the last MAX_RUNS_SEARCHED did.
    """
    earlier = Job.objects.filter(definition=job.definition_id, team=job.team_id, pk__lt=job.pk).order_by("-pk")
    candidates = Job.objects.filter(pk__in=earlier.values("pk")[:MAX_RUNS_SEARCHED], state=State.SUCCEEDED)
    success = candidates.select_related("queue", "revision__definition").defer("raw").order_by("-pk").first()
    return rerun_jobs([(job, success)])[0] if success else None
