"""A team's submissions, newest first, page by page, and the jobs of one."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from jobs.models import Job, Submission, Team
from jobs.models.ids import from_text
from jobs.states import STATUSES, Status, status_of

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
    found = (
        Submission.objects.filter(team=team).select_related("person", "account").defer("text", "document", "notes")
    )
    if before:
        try:
            found = found.filter(public_id__lt=from_text(before))
        except ValueError:
            return Listing([], "")
    page = list(found.order_by("-public_id")[: limit + 1])
    shown = page[:limit]
    counts = _counts([submission.pk for submission in shown])
    rows = [Row(s, whole_status(counts[s.pk]), in_order(counts[s.pk])) for s in shown]
    return Listing(rows, shown[-1].text_id if len(page) > limit else "")


def jobs_of(submission: Submission) -> list[Job]:
    """The submission's jobs in the document's order, each with what it waits for."""
    found = submission.jobs.select_related("queue", "revision__definition", "account")
    return list(found.prefetch_related("waits_for__parent").defer("raw", "document").order_by("position"))


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
    known = [(status, counts[status.name]) for status in STATUSES.values() if counts[status.name]]
    return known + [(status_of(name, ""), number) for name, number in counts.items() if name not in STATUSES]


def _counts(submissions: list[int]) -> dict[int, Counter[str]]:
    """For each submission, one query for all of them."""
    counts: dict[int, Counter[str]] = {pk: Counter() for pk in submissions}
    found = Job.objects.filter(submission__in=submissions).order_by().values_list("submission", "delivery", "state")
    for pk, delivery, state, number in found.annotate(number=Count("pk")):
        counts[pk][status_of(delivery, state).name] += number
    return counts
