"""`manage.py seed_history`: years of generated jobs, to try out and measure the history and cost pages."""

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import F, Min, OuterRef, QuerySet, Subquery
from django.utils.timezone import now

from jobs.management.demo import TEAMS
from jobs.management.demo.history import HistoricalJob, TeamResources, historical_jobs, submission_times
from jobs.models import CostLine, Job, JobTag, Queue, Revision, StateChange, Submission, Team, User
from jobs.pricing import rates
from jobs.pricing.metering import build_cost_lines
from jobs.states import Delivery

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
            times = submission_times(count, options["years"], now(), rng)
            with transaction.atomic():
                save_history(list(historical_jobs(resources, times, rng)), team)
            self.stdout.write(f"{team}: {count} jobs since {times[0]:%Y-%m-%d}.")


def team_resources(team: Team) -> TeamResources | None:
    """Return what the team can use; None if anything is missing."""
    people = list(User.objects.filter(memberships__team=team, is_active=True).order_by("pk"))
    queues = list(Queue.objects.granted_to(team).select_related("account").order_by("pk"))
    revisions = list(
        Revision.objects.runnable()
        .filter(definition__team=team, definition__account__in=[queue.account_id for queue in queues])
        .select_related("definition")
        .order_by("definition", "number")
    )
    newest = list({revision.definition_id: revision for revision in revisions}.values())
    return TeamResources(people, queues, newest, team.name) if people and queues and newest else None


def save_history(history: Sequence[HistoricalJob], team: Team) -> None:
    """Save the jobs and their costs, with keys below all existing ones: pages are ordered by primary key."""
    first_submission, first_job = (
        _first_key(Submission.objects.all(), history),
        _first_key(Job.objects.all(), history),
    )
    table = rates.read_rates()
    for start in range(0, len(history), BATCH_SIZE):
        batch = history[start : start + BATCH_SIZE]
        submissions = Submission.objects.bulk_create(
            _build_submission(record, team, _primary_key(first_submission, start + offset))
            for offset, record in enumerate(batch)
        )
        for offset, (record, submission) in enumerate(zip(batch, submissions, strict=True)):
            record.job.pk, record.job.submission = _primary_key(first_job, start + offset), submission
        jobs = Job.objects.bulk_create(record.job for record in batch)
        # Both columns are set to the time of the insert, whatever the row has.
        rows = Job.objects.filter(pk__in=[job.pk for job in jobs])
        rows.update(accepted_at=F("sent_at"))
        Submission.objects.filter(pk__in=[submission.pk for submission in submissions]).update(
            created_at=Subquery(Job.objects.filter(submission=OuterRef("pk")).values("sent_at")[:1])
        )
        JobTag.objects.bulk_create(
            JobTag(job=record.job, team=team, key=key, value=value)
            for record in batch
            for key, value in record.tags.items()
        )
        StateChange.objects.bulk_create(change for record in batch for change in _state_changes(record))
        CostLine.objects.bulk_create(
            line for record in batch for line in build_cost_lines(record.job, record.runs, table)
        )


def _build_submission(record: HistoricalJob, team: Team, key: int | None) -> Submission:
    job = record.job
    document = {**job.document, **({"tags": job.tags} if job.tags else {})}
    return Submission(
        pk=key,
        public_id=record.submission_id,
        team=team,
        account_id=job.account_id,
        person=record.person,
        name=job.name,
        kind="submission",
        source=record.source,
        text=json.dumps(document, indent=2),
        document=document,
    )


def _state_changes(record: HistoricalJob) -> Iterator[StateChange]:
    for at, state, source, attempt in record.changes:
        delivery = Delivery.SENT if state else Delivery.ACCEPTED
        note = record.job.status_reason if state == record.job.state else ""
        yield StateChange(
            job=record.job, at=at, delivery=delivery, state=state, source=source, attempt=attempt, note=note
        )


def _first_key(rows: QuerySet[Any], history: Sequence[HistoricalJob]) -> int | None:
    """Return the first key so that all come before existing rows; None in an empty table, for automatic keys."""
    lowest = rows.aggregate(lowest=Min("pk"))["lowest"]
    return None if lowest is None else lowest - len(history)


def _primary_key(first: int | None, offset: int) -> int | None:
    return None if first is None else first + offset
