"""`manage.py seed_demo_history`: 90 days of history; killed, it continues."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from jobs import access, actions
from jobs.aws.errors import AwsError
from jobs.management.demo import TEAMS, DemoTeam, documents
from jobs.management.demo.budgets import create_budgets
from jobs.management.demo.history import HistoricalSubmission, historical_submissions, submission_times
from jobs.management.demo.logs import MAX_LOG_AGE, upload_logs
from jobs.management.demo.saving import save_history, team_resources
from jobs.models import Account, Job, Membership, Source, Submission, Team
from jobs.models.submission import DEMO_KEY_PREFIX
from jobs.reports.demo_progress import clear_demo_progress, save_demo_progress

DAYS = 90
JOB_COUNTS = {"research": 1500, "finance": 600, "genomics": 900}
SEED = 90
# Each batch is a transaction: other writers of SQLite wait for it.
BATCH_SIZE = 100
# Logs of so many of a team's newest jobs; every failed one that CloudWatch would still take has one too.
LOGGED_JOBS = 100

log = structlog.get_logger(__name__)


class Command(BaseCommand):
    help = "Fill the demo's teams with 90 days of generated jobs and budgets, and submit a few jobs that run today."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.QUICKSTART:
            raise CommandError("The demo can only be created in the quick start.")
        account = Account.objects.filter(name="Sandbox").first()
        if account is None:
            return
        try:
            for demo in TEAMS:
                submit_daily_jobs(account, demo)
            fill_history(account)
        finally:
            clear_demo_progress()


def fill_history(account: Account) -> None:
    missing = {
        team: JOB_COUNTS[team.slug]
        - Job.objects.filter(submission__in=Submission.objects.generated(), team=team).count()
        for team in Team.objects.filter(slug__in=JOB_COUNTS).order_by("pk")
    }
    total = sum(max(0, count) for count in missing.values())
    saved = 0
    for team, count in missing.items():
        resources = team_resources(team)
        if count <= 0 or resources is None:
            continue
        rng = random.Random(f"{SEED}-{team.slug}-{count}")
        history = list(historical_submissions(resources, submission_times(count, DAYS, now(), rng), rng))
        for batch in save_history(history, count, BATCH_SIZE):
            saved += batch
            save_demo_progress(saved, total)
        create_budgets(team)
        try:
            upload_logs(account, logged_jobs(history))
        except AwsError as error:
            log.warning("demo_logs_incomplete", team=team.slug, error=str(error))


def logged_jobs(history: Sequence[HistoricalSubmission]) -> dict[str, tuple[list[str], Any]]:
    records = [record for submission in history for record in submission.jobs if record.job.stopped_at]
    records.sort(key=lambda record: record.job.stopped_at or now(), reverse=True)
    newest = [record for record in records if (record.job.stopped_at or now()) > now() - MAX_LOG_AGE]
    selection = newest[:LOGGED_JOBS] + [record for record in newest[LOGGED_JOBS:] if not record.is_success]
    return {
        stream: (lines, record.job.stopped_at - timedelta(seconds=1) if record.job.stopped_at else now())
        for record in selection
        for stream, lines in record.logs.items()
    }


def submit_daily_jobs(account: Account, demo: DemoTeam) -> None:
    membership = Membership.objects.filter(team__slug=demo.slug, user__username=demo.analyst).first()
    if membership is None:
        return
    member = access.member_of(membership.user, membership.team)
    for name, text in documents("daily", demo):
        key = f"{DEMO_KEY_PREFIX}{account.pk}-{now():%Y-%m-%d}-{name}"
        if Submission.objects.filter(team=member.team, request_key=key).exists():
            continue
        try:
            actions.submit(text, member, source=Source.JSON, request_key=key, account=account)
        except actions.ValidationFailedError as error:
            log.warning("demo_job_refused", name=name, error=str(error))
