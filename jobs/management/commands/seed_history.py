"""`manage.py seed_history`: years of generated jobs."""

import random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now

from jobs.management.demo import TEAMS
from jobs.management.demo.history import historical_submissions, submission_times
from jobs.management.demo.saving import save_history, team_resources
from jobs.models import Team

BATCH_SIZE = 2_000


class Command(BaseCommand):
    help = "Fill teams with generated past jobs, with tags and costs. They don't exist in AWS."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--jobs", type=int, default=1000, help="number of jobs, over all teams")
        parser.add_argument("--years", type=float, default=1.0, help="number of years to fill")
        parser.add_argument("--team", action="append", metavar="SLUG", help="only this team; can be repeated")
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
        pairs = [(team, resources) for team in teams if (resources := team_resources(team))]
        if not pairs:
            raise CommandError(
                "No team has members, a queue and a registered definition yet. `make run` creates the demo."
            )
        rng = random.Random(options["seed"])
        shares = [options["jobs"] // len(pairs)] * len(pairs)
        shares[0] += options["jobs"] - sum(shares)
        for (team, resources), count in zip(pairs, shares, strict=True):
            times = submission_times(count, max(1, round(options["years"] * 365.25)), now(), rng)
            for _ in save_history(list(historical_submissions(resources, times, rng)), team, BATCH_SIZE):
                pass
            self.stdout.write(f"{team}: {count} jobs since {times[0]:%Y-%m-%d}.")
