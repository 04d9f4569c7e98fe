"""The steps of a workflow and what they wait for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Max, Min

from jobs.models import ArrayChild, CostLine, JobDependency, Submission
from jobs.models.array_reruns import rerun_families
from jobs.models.ids import to_text
from jobs.models.rerun_summary import RerunSummary
from jobs.pricing import exact_sum
from jobs.spec.documents import is_object
from jobs.spec.step_conditions import Condition
from jobs.states import Delivery, Status, status_of

_NO_TIMES: tuple[datetime | None, datetime | None] = (None, None)


@dataclass(frozen=True)
class GraphStep:
    """`cost` is that of its finished attempts; None before they are charged."""

    text_id: str
    name: str
    array_size: int | None
    is_sequential: bool
    """Whether the children of the array run one after the other."""
    status: Status
    is_sent: bool
    accepted_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    cost: Decimal | None
    rerun_summary: RerunSummary | None = None
    """Of an array whose failed children ran again."""


def is_graph(submission: Submission) -> bool:
    if submission.job_count < 2:
        return False
    return JobDependency.objects.filter(job__submission=submission, parent__submission=submission).exists()


def graph_steps(submission: Submission) -> list[GraphStep]:
    """Return steps in document order.

    An array runs from the first start to the last end of its child jobs that are loaded. Arrays that failed take a
    query, and another if their indexes ran again.
    """
    children = ArrayChild.objects.filter(job__submission=submission).order_by().values_list("job")
    array_times = {job: (start, end) for job, start, end in children.annotate(Min("started_at"), Max("stopped_at"))}
    lines = CostLine.objects.filter(job__submission=submission).order_by().values("job")
    costs = {row["job"]: exact_sum.usd(row["units"]) for row in lines.annotate(units=exact_sum.units_of("usd"))}
    rows = (
        submission.jobs.current_steps()
        .order_by("step")
        .values_list(
            "pk",
            "public_id",
            "name",
            "array_size",
            "document__dependsOn",
            "delivery",
            "state",
            "accepted_at",
            "started_at",
            "stopped_at",
            "ended_at",
            named=True,
        )
    )
    has_failed_array = any(
        row.array_size and (status := status_of(row.delivery, row.state)).is_final and not status.is_success
        for row in rows
    )
    families = rerun_families([submission.pk]) if has_failed_array else {}
    return [
        GraphStep(
            text_id=to_text(row.public_id),
            name=row.name,
            array_size=row.array_size,
            is_sequential=_is_sequential(row.document__dependsOn),
            status=(status := status_of(row.delivery, row.state)),
            is_sent=row.delivery == Delivery.SENT,
            accepted_at=row.accepted_at,
            started_at=row.started_at or array_times.get(row.pk, _NO_TIMES)[0],
            ended_at=(
                (row.stopped_at or array_times.get(row.pk, _NO_TIMES)[1] or row.ended_at) if status.is_final else None
            ),
            cost=costs.get(row.pk),
            rerun_summary=families[row.pk].summary if row.pk in families else None,
        )
        for row in rows
    ]


def graph_edges(submission: Submission) -> list[tuple[int, int, str]]:
    """Return places of the parent and of the step that waits, and type or condition."""
    steps = submission.jobs.current_steps().order_by("step").values_list("step", flat=True)
    places = {step: place for place, step in enumerate(steps)}
    edges = JobDependency.objects.filter(
        job__submission=submission, job__superseded=False, job__array_index=None, parent__submission=submission
    )
    return [
        (places[parent], places[step], kind or Condition(condition).label)
        for parent, step, kind, condition in edges.order_by("pk").values_list(
            "parent__step", "job__step", "kind", "condition"
        )
    ]


def _is_sequential(depends_on: object) -> bool:
    entries = depends_on if isinstance(depends_on, list) else []
    return any(is_object(entry) and entry.get("type") == "SEQUENTIAL" and "jobId" not in entry for entry in entries)
