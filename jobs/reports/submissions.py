"""Submissions of a team, newest first, by pages, and the jobs of one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import Coalesce

from jobs.models import Job, JobDependency, StateChange, Submission, Team, User
from jobs.models.pagination import KeysetPage, id_key, paginate
from jobs.states import STATUSES, UNSENT_DELIVERIES, Status, status_of

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
)


JOB_PAGE_SIZE = 200
# Fields of a queue that no list shows; they would be read once for each job.
_DEFERRED_QUEUE_FIELDS = ("queue__raw", "queue__environments", "queue__scheduling_policy")


@dataclass(frozen=True)
class SubmissionRow:
    submission: Submission
    status: Status
    counts: list[tuple[Status, int]]
    array_size: int | None = None
    """Children of its largest array."""


def submission_page(team: Team, before: str = "", limit: int = 50) -> KeysetPage[SubmissionRow]:
    """Return submissions older than that id, which need not exist; the newest without one.

    Raises InvalidPageCursorError.
    """
    page = paginate(
        _list_submissions(team),
        "-public_id",
        size=limit,
        cursor_of=lambda submission: submission.text_id,
        after=id_key(before),
    )
    return page.with_rows(_rows(page.rows))


def recent_rows(team: Team, limit: int, person: User | None = None) -> list[SubmissionRow]:
    """Return the newest submissions of the team, or of one person in it, in two queries."""
    submissions = _list_submissions(team)
    if person:
        submissions = submissions.filter(person=person)
    return _rows(list(submissions.order_by("-pk")[:limit]))


def _list_submissions(team: Team) -> QuerySet[Submission]:
    submissions = Submission.objects.filter(team=team).select_related("person", "account")
    return submissions.defer("text", "document", "notes")


def _rows(submissions: Sequence[Submission]) -> list[SubmissionRow]:
    counts, array_sizes = _counts([submission.pk for submission in submissions])
    return [
        SubmissionRow(
            submission,
            overall_status(counts[submission.pk]),
            ordered_counts(counts[submission.pk]),
            array_sizes.get(submission.pk),
        )
        for submission in submissions
    ]


@dataclass(frozen=True)
class JobStatusSummary:
    """Counts by status, live jobs, stop requests, and the end once none is live."""

    counts: Counter[str]
    live: int
    stopping: int
    ended_at: datetime | None
    with_aws_since: datetime | None = None
    """When the first of the live jobs that AWS has was sent."""


@dataclass(frozen=True)
class JobPage:
    """Jobs with their dependencies. `earlier` and `later` are where adjacent pages start."""

    jobs: list[tuple[Job, list[JobDependency]]]
    first: int
    earlier: int | None
    later: int | None

    @property
    def last(self) -> int:
        return self.first + len(self.jobs) - 1


def status_summary(submission: Submission) -> JobStatusSummary:
    """Count all of the submission's jobs, in one query."""
    counts: Counter[str] = Counter()
    live = stopping = 0
    ends: list[datetime] = []
    sent_times: list[datetime] = []
    grouped = submission.jobs.order_by().values_list("delivery", "state")
    for delivery, state, number, stop_requests, end, sent_at in grouped.annotate(
        Count("pk"), Count("stop_requested_at"), Max("ended_at"), sent=Min(Coalesce("sent_at", "accepted_at"))
    ):
        status = status_of(delivery, state)
        counts[status.name] += number
        if status.is_live:
            live, stopping = live + number, stopping + stop_requests
            if delivery not in UNSENT_DELIVERIES:
                sent_times.append(sent_at)
        if end:
            ends.append(end)
    ended_at = None if live else max(ends, default=None)
    return JobStatusSummary(counts, live, stopping, ended_at, min(sent_times, default=None))


def job_page(submission: Submission, first: int = 1, size: int = JOB_PAGE_SIZE) -> JobPage:
    """Return the jobs from position `first` on, counted from 1, in two queries."""
    start = max(first, 1) - 1
    page = paginate(_jobs(submission), "position", size=size, cursor_of=_position, after=(start - 1,))
    jobs = page.rows
    edges: dict[int, list[JobDependency]] = defaultdict(list)
    for edge in JobDependency.objects.filter(job__in=[job.pk for job in jobs]).with_parents("public_id", "name"):
        edges[edge.job_id].append(edge)
    return JobPage(
        [(job, edges[job.pk]) for job in jobs],
        first=start + 1,
        earlier=max(1, start + 1 - size) if start else None,
        later=start + size + 1 if page.next else None,
    )


def first_job(submission: Submission) -> Job | None:
    return submission.jobs.first()


def landing_target(submission: Submission) -> Job | Submission:
    """Return whose page shows what was submitted: the job if there is only one, else the submission."""
    job = first_job(submission) if submission.job_count == 1 else None
    return job or submission


def submission_jobs(submission: Submission) -> list[Job]:
    """Return all jobs in the document's order, without AWS's answers."""
    return list(_jobs(submission))


def _position(job: Job) -> str:
    return str(job.position)


def _jobs(submission: Submission) -> QuerySet[Job]:
    jobs = submission.jobs.select_related("queue").order_by("position")
    return jobs.defer("raw", "document", "tags", "attempts", "array_summary", *_DEFERRED_QUEUE_FIELDS)


def count_state_changes(submission: Submission) -> int:
    return StateChange.objects.filter(job__submission=submission).count()


def state_changes(submission: Submission) -> Iterator[tuple[StateChange, int]]:
    """Yield the changes of all jobs in the order they were written, each with its job's position."""
    positions = dict(submission.jobs.values_list("pk", "position"))
    for change in StateChange.objects.filter(job__submission=submission).order_by("pk"):
        yield change, positions[change.job_id]


def count_statuses(jobs: list[Job]) -> Counter[str]:
    return Counter(job.status.name for job in jobs)


def overall_status(counts: Counter[str]) -> Status:
    """Return the status that stands for several jobs: the most active, or else the worst."""
    for name in _STATUS_PRIORITY:
        if counts[name]:
            return STATUSES[name]
    return next((status_of(name, "") for name in counts), STATUSES["ACCEPTED"])


def ordered_counts(counts: Counter[str]) -> list[tuple[Status, int]]:
    known_statuses = [(status, counts[status.name]) for status in STATUSES.values() if counts[status.name]]
    return known_statuses + [(status_of(name, ""), number) for name, number in counts.items() if name not in STATUSES]


def _counts(submissions: list[int]) -> tuple[dict[int, Counter[str]], dict[int, int]]:
    counts: dict[int, Counter[str]] = {pk: Counter() for pk in submissions}
    array_sizes: dict[int, int] = {}
    groups = Job.objects.filter(submission__in=submissions).order_by().values_list("submission", "delivery", "state")
    for pk, delivery, state, number, size in groups.annotate(number=Count("pk"), size=Max("array_size")):
        counts[pk][status_of(delivery, state).name] += number
        if size:
            array_sizes[pk] = max(size, array_sizes.get(pk, 0))
    return counts, array_sizes
