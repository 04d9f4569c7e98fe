"""A team's submissions, newest first, page by page, and the jobs of one."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet

from jobs.models import Job, JobDependency, Submission, Team
from jobs.models.ids import from_text
from jobs.states import STATUSES, UNSENT_DELIVERIES, Status, status_of

# Which status speaks for a whole submission: the first of these that any of its jobs has.
_LOUDEST = (
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


# So many jobs of a submission are on one page.
JOBS_SHOWN = 200
# What no list of jobs shows of a queue: it would be read once for each job.
_OF_QUEUE = ("queue__raw", "queue__environments", "queue__scheduling_policy")


@dataclass(frozen=True)
class Row:
    """A submission, the status that speaks for it, and how many of its jobs are in which."""

    submission: Submission
    status: Status
    counts: list[tuple[Status, int]]


@dataclass(frozen=True)
class Listing:
    """One page. `next` leads to the older ones, empty at the end."""

    rows: list[Row]
    next: str

    @property
    def live(self) -> bool:
        return any(row.status.live for row in self.rows)


def recent(team: Team, before: str = "", limit: int = 50) -> Listing:
    """The team's submissions older than the one of that id, which need not exist; from the newest without one."""
    candidates = (
        Submission.objects.filter(team=team).select_related("person", "account").defer("text", "document", "notes")
    )
    if before:
        try:
            candidates = candidates.filter(public_id__lt=from_text(before))
        except ValueError:
            return Listing([], "")
    page = list(candidates.order_by("-public_id")[: limit + 1])
    submissions = page[:limit]
    counts = _counts([submission.pk for submission in submissions])
    rows = [
        Row(submission, whole_status(counts[submission.pk]), in_order(counts[submission.pk]))
        for submission in submissions
    ]
    return Listing(rows, submissions[-1].text_id if len(page) > limit else "")


@dataclass(frozen=True)
class Summary:
    """How many of a submission's jobs are in which status, are live, and were asked to stop; its end once none is."""

    counts: Counter[str]
    live: int
    stopping: int
    ended_at: datetime | None

    @property
    def with_aws(self) -> int:
        """How many of the live ones AWS has."""
        return self.live - sum(self.counts[delivery] for delivery in UNSENT_DELIVERIES)


@dataclass(frozen=True)
class JobPage:
    """A stretch of a submission's jobs, each with what it waits for. `earlier` and `later` are where others begin."""

    jobs: list[tuple[Job, list[JobDependency]]]
    first: int
    earlier: int | None
    later: int | None

    @property
    def last(self) -> int:
        return self.first + len(self.jobs) - 1


def summary(submission: Submission) -> Summary:
    """How all of its jobs stand; one query, however many they are."""
    counts: Counter[str] = Counter()
    live = stopping = 0
    ends: list[datetime] = []
    grouped = submission.jobs.order_by().values_list("delivery", "state")
    for delivery, state, number, stop_requests, ended_at in grouped.annotate(
        Count("pk"), Count("stop_requested_at"), Max("ended_at")
    ):
        status = status_of(delivery, state)
        counts[status.name] += number
        if status.live:
            live, stopping = live + number, stopping + stop_requests
        if ended_at:
            ends.append(ended_at)
    return Summary(counts, live, stopping, None if live else max(ends, default=None))


def job_page(submission: Submission, first: int = 1, size: int = JOBS_SHOWN) -> JobPage:
    """The submission's jobs from the `first` of its document on, counted from 1; two queries."""
    start = max(first, 1) - 1
    rows = list(_jobs(submission)[start : start + size + 1])
    jobs = rows[:size]
    edges: dict[int, list[JobDependency]] = defaultdict(list)
    for edge in JobDependency.objects.filter(job__in=[job.pk for job in jobs]).with_parents("public_id", "name"):
        edges[edge.job_id].append(edge)
    return JobPage(
        [(job, edges[job.pk]) for job in jobs],
        first=start + 1,
        earlier=max(1, start + 1 - size) if start else None,
        later=start + size + 1 if len(rows) > size else None,
    )


def jobs_of(submission: Submission) -> list[Job]:
    """All of the submission's jobs in the document's order, without what AWS said of them."""
    return list(_jobs(submission))


def _jobs(submission: Submission) -> QuerySet[Job]:
    jobs = submission.jobs.select_related("queue").order_by("position")
    return jobs.defer("raw", "document", "tags", "attempts", "array_summary", *_OF_QUEUE)


def counts_of(jobs: list[Job]) -> Counter[str]:
    """How many of the jobs have which status."""
    return Counter(job.status.name for job in jobs)


def whole_status(counts: Counter[str]) -> Status:
    """The status that speaks for several jobs: the liveliest, else the worst."""
    for name in _LOUDEST:
        if counts[name]:
            return STATUSES[name]
    return next((status_of(name, "") for name in counts), STATUSES["ACCEPTED"])


def in_order(counts: Counter[str]) -> list[tuple[Status, int]]:
    """Counts in the order of a job's way."""
    known_statuses = [(status, counts[status.name]) for status in STATUSES.values() if counts[status.name]]
    return known_statuses + [(status_of(name, ""), number) for name, number in counts.items() if name not in STATUSES]


def _counts(submissions: list[int]) -> dict[int, Counter[str]]:
    """For each submission, one query for all of them."""
    counts: dict[int, Counter[str]] = {pk: Counter() for pk in submissions}
    groups = Job.objects.filter(submission__in=submissions).order_by().values_list("submission", "delivery", "state")
    for pk, delivery, state, number in groups.annotate(number=Count("pk")):
        counts[pk][status_of(delivery, state).name] += number
    return counts
