"""Numbers of jobs by status, kept, because counting them takes as long as the history is."""

from collections import Counter
from collections.abc import Collection, Mapping

from django.db import connection, models, transaction
from django.db.models import Count, F, Q, Sum

from jobs.models.job import Job
from jobs.models.team import Team

StatusKey = tuple[str, str]
"""Delivery and state."""


class JobCount(models.Model):
    """Jobs of a team whose cost is recorded, so their status is final. `add_charged_jobs` and `rebuild` write it."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+", db_index=False)
    delivery = models.CharField(max_length=10)
    state = models.CharField(max_length=20, blank=True)
    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "delivery", "state"], name="one_count_a_status")]

    def __str__(self) -> str:
        return f"{self.team}: {self.number} {self.delivery} {self.state}".strip()


def add_charged_jobs(numbers: Mapping[tuple[int, str, str], int]) -> None:
    """Add numbers by team, delivery and state, in the transaction that charges the jobs.

    The order of the keys is the same for all callers, so that none waits for another that waits for it.
    """
    for (team, delivery, state), number in sorted(numbers.items()):
        row = JobCount.objects.filter(team=team, delivery=delivery, state=state)
        if not row.update(number=F("number") + number):
            JobCount.objects.get_or_create(team_id=team, delivery=delivery, state=state)
            row.update(number=F("number") + number)


def count_by_status(team: Team) -> Counter[StatusKey]:
    return count_teams_by_status([team.pk])


def count_teams_by_status(teams: Collection[int] | None) -> Counter[StatusKey]:
    """Return how many jobs teams with these keys have, all teams for None.

    It is one query over the kept numbers and the jobs that aren't charged yet.
    """
    in_teams = Q() if teams is None else Q(team__in=teams)
    counts = JobCount.objects.filter(in_teams).order_by().values_list("delivery", "state", "number")
    uncharged = Job.objects.filter(in_teams, charged_at=None).order_by().values_list("delivery", "state")
    totals: Counter[StatusKey] = Counter()
    for delivery, state, number in counts.union(uncharged.annotate(number=Count("pk")), all=True):
        totals[delivery, state] += number
    return totals


def count_jobs(teams: Collection[int]) -> tuple[int, int]:
    """Return how many charged jobs teams with these keys have, and how many there are."""
    numbers = JobCount.objects.aggregate(own=Sum("number", filter=Q(team__in=teams)), total=Sum("number"))
    return numbers["own"] or 0, numbers["total"] or 0


def wrong_counts() -> list[str]:
    """Return a line for each kept number that isn't the number of charged jobs. Counts all jobs."""
    numbers = {
        (row.team_id, row.delivery, row.state): row.number
        for row in JobCount.objects.filter(number__gt=0).order_by("pk")
    }
    actual = _charged_jobs()
    return [
        f"Team {team}, {delivery} {state}: {numbers.get((team, delivery, state), 0)} instead of "
        f"{actual.get((team, delivery, state), 0)}"
        for team, delivery, state in sorted({*numbers, *actual})
        if numbers.get((team, delivery, state)) != actual.get((team, delivery, state))
    ]


def rebuild() -> None:
    """Count all charged jobs again. Until it is done, no job is charged."""
    with transaction.atomic():
        if connection.vendor == "postgresql":  # SQLite has one writer anyway
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE jobs_jobcount IN EXCLUSIVE MODE")
        JobCount.objects.update(number=0)
        add_charged_jobs(_charged_jobs())


def _charged_jobs() -> dict[tuple[int, str, str], int]:
    charged = Job.objects.filter(charged_at__isnull=False).order_by().values_list("team", "delivery", "state")
    return {(team, delivery, state): number for team, delivery, state, number in charged.annotate(Count("pk"))}
