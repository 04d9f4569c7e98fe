"""Submissions of a team, newest first, and the jobs of one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.timezone import now

from jobs.models import (
    CostLine,
    Job,
    JobDependency,
    LaunchForm,
    StateChange,
    Submission,
    Team,
    User,
    WorkflowTemplate,
)
from jobs.models.array_reruns import RerunFamily, rerun_families
from jobs.models.ids import to_text
from jobs.models.job import JobQuerySet
from jobs.models.pagination import KeysetPage, id_key, paginate
from jobs.models.rerun_summary import RerunSummary
from jobs.pricing import exact_sum
from jobs.pricing.rates import Rates, read_rates
from jobs.pricing.running_cost import CostMeter, cost_meter
from jobs.states import STATUSES, UNSENT_DELIVERIES, Delivery, State, Status, status_of

# A submission has the first of these statuses that any of its jobs has.
_STATUS_PRIORITY = (
    "AWAITING",
    "HELD",
    "RUNNING",
    "STARTING",
    "SENDING",
    "RUNNABLE",
    "SUBMITTED",
    "PENDING",
    "ACCEPTED",
    "FAILED",
    "REFUSED",
    "DECLINED",
    "LOST",
    "STOPPED",
    "WITHDRAWN",
    "SUCCEEDED",
    "SKIPPED",
)


JOB_PAGE_SIZE = 200
MAX_METERED_JOBS = 200
"""Of a submission's running jobs, the newest."""
# Fields of a queue that no list shows; they would be read once for each job.
_DEFERRED_QUEUE_FIELDS = ("queue__raw", "queue__environments", "queue__scheduling_policy")


@dataclass
class JobTotals:
    counts: Counter[str] = field(default_factory=Counter)
    array_size: int | None = None
    """Children of the largest array."""
    queues: set[str] = field(default_factory=set)
    """The first and the last by name."""
    definitions: set[str] = field(default_factory=set)
    """The first and the last by name."""
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    rerun_summaries: list[RerunSummary] = field(default_factory=list)
    """Of its arrays whose failed children ran again."""


@dataclass(frozen=True)
class SubmissionRow:
    submission: Submission
    totals: JobTotals
    usd: Decimal | None
    """Estimated cost of the attempts charged so far; None if none is."""
    only_job: str = ""
    """The public id of its job, if it has one only."""

    @property
    def status(self) -> Status:
        return overall_status(self.totals.counts)

    @property
    def counts(self) -> list[tuple[Status, int]]:
        return ordered_counts(self.totals.counts)

    @property
    def array_size(self) -> int | None:
        return self.totals.array_size

    @property
    def rerun_summary(self) -> RerunSummary | None:
        """Of its only job, an array whose failed children ran again."""
        return self.totals.rerun_summaries[0] if self.only_job and self.totals.rerun_summaries else None

    @property
    def queue(self) -> str:
        return next(iter(self.totals.queues)) if len(self.totals.queues) == 1 else ""

    @property
    def definition(self) -> str:
        return next(iter(self.totals.definitions)) if len(self.totals.definitions) == 1 else ""

    @property
    def run_period(self) -> tuple[datetime, datetime | None] | None:
        """First start, and the last end unless jobs are live."""
        if not self.totals.started_at:
            return None
        return self.totals.started_at, None if self.status.is_live else self.totals.stopped_at


def submission_page(
    team: Team, before: str = "", limit: int = 50, *, kind: str = "", condition: Q | None = None
) -> KeysetPage[SubmissionRow]:
    """Return those, or those of a kind, older than that id, which need not exist. Raise InvalidPageCursorError."""
    submissions = _list_submissions(team).filter(condition or Q())
    page = paginate(
        submissions.filter(kind=kind) if kind else submissions,
        "-public_id",
        size=limit,
        cursor_of=lambda submission: submission.text_id,
        after=id_key(before),
    )
    return page.with_rows(_rows(page.rows))


def recent_rows(team: Team, limit: int, person: User | None = None) -> list[SubmissionRow]:
    submissions = _list_submissions(team)
    if person:
        submissions = submissions.filter(person=person)
    return _rows(list(submissions.order_by("-pk")[:limit]))


def template_rows(template: WorkflowTemplate, limit: int) -> list[SubmissionRow]:
    """Return the newest that were started from a template."""
    submissions = _list_submissions(template.team).filter(template_version__template=template)
    submissions = submissions.select_related("person", "account", "template_version")
    submissions = submissions.defer(
        "text", "document", "notes", "template_version__text", "template_version__document"
    )
    return _rows(list(submissions.order_by("-pk")[:limit]))


def form_rows(form: LaunchForm, limit: int) -> list[SubmissionRow]:
    """Return the newest that were started from a launch form."""
    submissions = _list_submissions(form.team).filter(form_version__form=form)
    submissions = submissions.select_related("person", "account", "form_version")
    submissions = submissions.defer("text", "document", "notes", "form_version__text", "form_version__document")
    return _rows(list(submissions.order_by("-pk")[:limit]))


def _list_submissions(team: Team) -> QuerySet[Submission]:
    submissions = Submission.objects.filter(team=team).select_related("person", "account")
    lines = CostLine.objects.filter(job__submission=OuterRef("pk")).order_by().values("job__submission")
    cost = Subquery(lines.annotate(units=exact_sum.units_of("usd")).values("units"))
    first_job = Job.objects.current().filter(submission=OuterRef("pk")).order_by("position").values("public_id")[:1]
    return submissions.defer("text", "document", "notes").annotate(cost_units=cost, first_job=Subquery(first_job))


def _rows(submissions: Sequence[Submission]) -> list[SubmissionRow]:
    totals = _totals([submission.pk for submission in submissions])
    return [SubmissionRow(row, totals[row.pk], _cost(row), _only_job(row)) for row in submissions]


@dataclass(frozen=True)
class JobStatusSummary:
    counts: Counter[str]
    live: int
    stopping: int
    ended_at: datetime | None
    with_aws_since: datetime | None = None
    """When the first of the live jobs that AWS has was sent."""
    failed: int = 0
    """Those that can run again: without steps that were skipped, or withdrawn because of others."""
    families: Mapping[int, RerunFamily] = field(default_factory=dict)
    """Arrays whose indexes ran again, by their keys."""


@dataclass(frozen=True)
class JobPage:
    jobs: list[tuple[Job, list[JobDependency]]]
    first: int
    earlier: int | None
    later: int | None

    @property
    def last(self) -> int:
        return self.first + len(self.jobs) - 1


def status_summary(submission: Submission) -> JobStatusSummary:
    counts: Counter[str] = Counter()
    live = stopping = failed = 0
    ends: list[datetime] = []
    sent_times: list[datetime] = []
    rerun_count = 0
    grouped = submission.jobs.current().order_by().values_list("delivery", "state")
    for delivery, state, number, stop_requests, indexes, end, sent_at in grouped.annotate(
        Count("pk"),
        Count("stop_requested_at"),
        Count("array_index"),
        Max("ended_at"),
        sent=Min(Coalesce("sent_at", "accepted_at")),
    ):
        rerun_count += indexes
        status = status_of(delivery, state)
        counts[status.name] += number
        if status.is_live:
            live, stopping = live + number, stopping + stop_requests
            if delivery not in UNSENT_DELIVERIES:
                sent_times.append(sent_at)
        elif not status.is_success and delivery != Delivery.SKIPPED:
            failed += stop_requests if delivery == Delivery.WITHDRAWN else number
        if end:
            ends.append(end)
    ended_at = None if live else max(ends, default=None)
    families = rerun_families([submission.pk]) if rerun_count else {}
    if count_recovered_arrays(counts, families.values()) and not counts[Delivery.WITHDRAWN]:
        failed -= sum(len(family.obsolete_failures) for family in families.values())
    return JobStatusSummary(counts, live, stopping, ended_at, min(sent_times, default=None), failed, families)


def count_recovered_arrays(counts: Counter[str], families: Iterable[RerunFamily]) -> int:
    """Count as succeeded what failed before all indexes of its array succeeded. Return how many jobs that are."""
    names = [job.status.name for family in families for job in family.obsolete_failures]
    for name in names:
        counts[name] -= 1
        counts[State.SUCCEEDED] += 1
        if not counts[name]:
            del counts[name]
    return len(names)


def add_rerun_summaries(jobs: Iterable[Job], families: Mapping[int, RerunFamily]) -> None:
    for job in jobs:
        if job.pk in families:
            job.rerun_summary = families[job.pk].summary


def add_summaries_of_failures(jobs: Sequence[Job]) -> None:
    """Add the summaries of arrays that failed; use a query if there are such, and another if they ran again."""
    failures = [job for job in jobs if job.array_size and job.status.is_final and not job.status.is_success]
    if failures:
        add_rerun_summaries(failures, rerun_families({job.submission_id for job in failures}))


def job_page(submission: Submission, first: int = 1, size: int = JOB_PAGE_SIZE) -> JobPage:
    """Return the jobs of the steps from `first` on, counted from 1, in two queries."""
    start = max(first, 1) - 1
    page = paginate(_jobs(submission), "step", size=size, cursor_of=_step, after=(start - 1,))
    jobs = page.rows
    edges: dict[int, list[JobDependency]] = defaultdict(list)
    for edge in JobDependency.objects.filter(job__in=[job.pk for job in jobs]).with_parents("public_id", "name"):
        edges[edge.job_id].append(edge)
    _add_earlier_runs(submission, jobs)
    return JobPage(
        [(job, edges[job.pk]) for job in jobs],
        first=start + 1,
        earlier=max(1, start + 1 - size) if start else None,
        later=start + size + 1 if page.next else None,
    )


def submission_meter(submission: Submission, *, is_live: bool) -> CostMeter:
    """Return what its jobs have cost so far, with what runs."""
    units = submission.jobs.aggregate(units=Sum("usd_units"))["units"] or 0
    if not is_live:
        return CostMeter(exact_sum.usd(units), Decimal(0), 0)
    metered = submission.jobs.active().filter(Q(state=State.RUNNING) | Q(array_size__isnull=False))
    running = list(metered.select_related("account", "queue").defer("document")[:MAX_METERED_JOBS])
    return cost_meter(running, exact_sum.usd(units), read_rates() if running else Rates(()), now())


def refused_step(submission: Submission, counts: Counter[str]) -> Job | None:
    """Return a step of a workflow that was refused."""
    if not counts["REFUSED"] or submission.job_count < 2:
        return None
    jobs = submission.jobs.current_steps().filter(delivery=Delivery.REFUSED).order_by("ended_at", "pk")
    return jobs.only("public_id", "name").first()


def _add_earlier_runs(submission: Submission, jobs: Sequence[Job]) -> None:
    repeated = {job.step: job for job in jobs if job.repeats_id is not None}
    if not repeated:
        return
    earlier = submission.jobs.filter(step__in=repeated, array_index=None, superseded=True).order_by("position")
    for job in earlier.only("public_id", "step", "delivery", "state"):
        repeated[job.step].earlier_runs = [*repeated[job.step].earlier_runs, job]


def first_job(submission: Submission) -> Job | None:
    return submission.jobs.current_steps().order_by("step").first()


def landing_target(submission: Submission) -> Job | Submission:
    job = first_job(submission) if submission.job_count == 1 else None
    return job or submission


def submission_steps(submission: Submission, limit: int) -> list[Job]:
    """Return the current jobs of the first steps, with their names only."""
    columns = ("public_id", "name", "step", "submission")
    return list(submission.jobs.current_steps().order_by("step").only(*columns)[:limit])


def submission_jobs(submission: Submission) -> list[Job]:
    """Return all, also those whose step has run again since."""
    return list(_all_jobs(submission).order_by("position"))


def _step(job: Job) -> str:
    return str(job.step)


def _jobs(submission: Submission) -> JobQuerySet:
    return _all_jobs(submission).current_steps().order_by("step")


def _all_jobs(submission: Submission) -> JobQuerySet:
    jobs = submission.jobs.select_related("queue")
    return jobs.defer("raw", "document", "tags", "attempts", "array_summary", *_DEFERRED_QUEUE_FIELDS)


def count_jobs(submission: Submission) -> int:
    """Count all, also those whose step has run again since."""
    return submission.jobs.count()


def count_state_changes(submission: Submission) -> int:
    return StateChange.objects.filter(job__submission=submission).count()


def state_changes(submission: Submission) -> Iterator[tuple[StateChange, int]]:
    """Yield changes as written, each with its job's position."""
    changes = list(StateChange.objects.filter(job__submission=submission).order_by("pk"))
    # Read last, so that it has the jobs of all changes.
    positions = dict(submission.jobs.values_list("pk", "position"))
    for change in changes:
        yield change, positions[change.job_id]


def count_statuses(jobs: list[Job]) -> Counter[str]:
    return Counter(job.status.name for job in jobs)


def overall_status(counts: Counter[str]) -> Status:
    """Return the most active status, or else the worst."""
    for name in _STATUS_PRIORITY:
        if counts[name]:
            return STATUSES[name]
    return next((status_of(name, "") for name in counts), STATUSES["ACCEPTED"])


def ordered_counts(counts: Counter[str]) -> list[tuple[Status, int]]:
    known_statuses = [(status, counts[status.name]) for status in STATUSES.values() if counts[status.name]]
    return known_statuses + [(status_of(name, ""), number) for name, number in counts.items() if name not in STATUSES]


def _cost(submission: Submission) -> Decimal | None:
    units: int | None = vars(submission)["cost_units"]
    return None if units is None else exact_sum.usd(units)


def _only_job(submission: Submission) -> str:
    first_job: UUID | None = vars(submission)["first_job"]
    return to_text(first_job) if first_job and submission.job_count == 1 else ""


def _totals(submissions: list[int]) -> dict[int, JobTotals]:
    totals = {pk: JobTotals() for pk in submissions}
    with_reruns: set[int] = set()
    groups = (
        Job.objects.current().filter(submission__in=submissions).order_by().values("submission", "delivery", "state")
    )
    for group in groups.annotate(
        number=Count("pk"),
        size=Max("array_size"),
        indexes=Count("array_index"),
        first_queue=Min("queue__name"),
        last_queue=Max("queue__name"),
        first_definition=Min("definition__name"),
        last_definition=Max("definition__name"),
        first_start=Min("started_at"),
        last_stop=Max("stopped_at"),
    ):
        row = totals[group["submission"]]
        row.counts[status_of(group["delivery"], group["state"]).name] += group["number"]
        row.array_size = max(row.array_size or 0, group["size"] or 0) or None
        row.queues |= {group["first_queue"], group["last_queue"]}
        row.definitions |= {group["first_definition"], group["last_definition"]}
        row.started_at = min(filter(None, (row.started_at, group["first_start"])), default=None)
        row.stopped_at = max(filter(None, (row.stopped_at, group["last_stop"])), default=None)
        if group["indexes"]:
            with_reruns.add(group["submission"])
    _add_recovered_arrays(totals, with_reruns)
    return totals


def _add_recovered_arrays(totals: Mapping[int, JobTotals], submissions: Collection[int]) -> None:
    families = rerun_families(submissions) if submissions else {}
    for family in families.values():
        row = totals[family.array_job.submission_id]
        row.rerun_summaries.append(family.summary)
        count_recovered_arrays(row.counts, [family])
