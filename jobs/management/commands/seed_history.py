"""`manage.py seed_history`: years of generated jobs."""

import heapq
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from jobs.management.demo import TEAMS
from jobs.management.demo.history import (
    HistoricalSubmission,
    TeamResources,
    historical_submissions,
    submission_times,
)
from jobs.management.demo.saving import save_history, team_resources
from jobs.models import Team
from jobs.models.planner_statistics import update_statistics

BATCH_SIZE = 2_000


class Command(BaseCommand):
    help = "Fill teams with generated past jobs, with tags and costs. They don't exist in AWS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jobs", type=int, default=1000, help="number of jobs, over all teams")
        parser.add_argument("--years", type=float, default=1.0, help="number of years to fill")
        parser.add_argument(
            "--team", action="append", metavar="SLUG",
            help="only this team; can be repeated, and a team named twice gets twice as many jobs",
        )  # fmt: skip
        parser.add_argument("--seed", type=int, help="random seed; the same seed gives the same history")
        parser.add_argument("--yes", action="store_true", help="allow it outside of the quick start")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.QUICKSTART and not options["yes"]:
            raise CommandError(
                "This fills real teams with generated jobs. Add --yes to do it outside of the quick start."
            )
        if options["jobs"] < 1 or not 0 < options["years"] <= 20:
            raise CommandError("--jobs must be at least 1, and --years above 0 and at most 20.")
        slugs = options["team"] or [team.slug for team in TEAMS]
        teams = list(Team.objects.filter(slug__in=slugs).order_by("pk"))
        if options["team"] and len(teams) < len(set(slugs)):
            raise CommandError(f"There is no team {', '.join(sorted(set(slugs) - {team.slug for team in teams}))}.")
        shares = Counter(slugs)
        resources = [(one, shares[team.slug]) for team in teams if (one := team_resources(team))]
        if not resources:
            raise CommandError(
                "No team has members, a queue and a registered definition yet. `make run` creates the demo."
            )
        job_count, days = options["jobs"], max(1, round(options["years"] * 365.25))
        rng = random.Random(options["seed"])
        histories = [
            generate_history(of_team, count, days, random.Random(rng.random()))
            for (of_team, _), count in zip(
                resources, divide(job_count, [share for _, share in resources]), strict=True
            )
        ]
        history = heapq.merge(*histories, key=lambda submission: submission.accepted_at)
        for _ in save_history(history, job_count, BATCH_SIZE):
            pass
        update_statistics()
        self.stdout.write(
            f"Created {job_count} jobs of {days} days in {', '.join(one.name for one, _ in resources)}."
        )


def generate_history(
    resources: TeamResources, job_count: int, days: int, rng: random.Random
) -> Iterator[HistoricalSubmission]:
    return historical_submissions(resources, submission_times(job_count, days, now(), rng), rng)


def divide(total: int, shares: Sequence[int]) -> list[int]:
    """Split a total by shares; the first gets what is left over."""
    counts = [total * share // sum(shares) for share in shares]
    return [counts[0] + total - sum(counts), *counts[1:]]
