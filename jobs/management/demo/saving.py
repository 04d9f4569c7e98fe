"""Saves generated submissions in batches."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

from django.db import transaction
from django.db.models import F, Min, OuterRef, QuerySet, Subquery

from jobs.management.demo.history import HistoricalJob, HistoricalSubmission, TeamResources
from jobs.models import (
    CostLine,
    Job,
    JobDependency,
    JobTag,
    Queue,
    Revision,
    StateChange,
    Submission,
    Team,
    User,
)
from jobs.models.job import run_milliseconds
from jobs.models.submission import GENERATED_KEY_PREFIX
from jobs.pricing import exact_sum, rates
from jobs.pricing.metering import build_cost_lines
from jobs.pricing.rates import Rates
from jobs.states import Delivery


def team_resources(team: Team) -> TeamResources | None:
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


def save_history(history: Sequence[HistoricalSubmission], team: Team, batch_size: int) -> Iterator[int]:
    next_submission = _first_key(Submission.objects.all(), len(history))
    next_job = _first_key(Job.objects.all(), sum(len(record.jobs) for record in history))
    table = rates.read_rates()
    for start in range(0, len(history), batch_size):
        batch = history[start : start + batch_size]
        records = [record for submission in batch for record in submission.jobs]
        with transaction.atomic():
            rows = Submission.objects.bulk_create(
                _build_submission(submission, team, _key(next_submission, start + offset))
                for offset, submission in enumerate(batch)
            )
            for offset, record in enumerate(records):
                record.job.pk = _key(next_job, offset)
            for submission, row in zip(batch, rows, strict=True):
                for record in submission.jobs:
                    record.job.submission = row
            lines = [_priced(record, table) for record in records]
            _save_jobs(records, batch)
            JobTag.objects.bulk_create(
                JobTag(job=record.job, team=team, key=key, value=value)
                for record in records
                for key, value in record.tags.items()
            )
            CostLine.objects.bulk_create(line for own_lines in lines for line in own_lines)
        next_job = None if next_job is None else next_job + len(records)
        yield len(records)


def _priced(record: HistoricalJob, table: Rates) -> list[CostLine]:
    """Set what lists are sorted by, too."""
    job, lines = record.job, build_cost_lines(record.job, record.runs, table)
    job.usd_units = sum(exact_sum.units(line.usd) for line in lines)
    job.run_ms = run_milliseconds(job.started_at, job.stopped_at)
    return lines


def _save_jobs(records: Sequence[HistoricalJob], batch: Sequence[HistoricalSubmission]) -> None:
    jobs = Job.objects.bulk_create(record.job for record in records)
    # Both columns are set to the time of the insert, whatever the row has.
    rows = Job.objects.filter(pk__in=[job.pk for job in jobs])
    rows.update(accepted_at=F("sent_at"))
    Submission.objects.filter(pk__in={job.submission_id for job in jobs}).update(
        created_at=Subquery(Job.objects.filter(submission=OuterRef("pk")).values("sent_at")[:1])
    )
    JobDependency.objects.bulk_create(
        JobDependency(job=step.job, parent=parent.job)
        for submission in batch
        for parent, step in pairwise(submission.jobs)
    )
    StateChange.objects.bulk_create(change for record in records for change in _state_changes(record))


def _build_submission(record: HistoricalSubmission, team: Team, key: int | None) -> Submission:
    return Submission(
        pk=key,
        public_id=record.public_id,
        team=team,
        account_id=record.jobs[0].job.account_id,
        person=record.person,
        name=record.name[:128],
        kind=record.kind.value,
        source=record.source,
        text=json.dumps(record.document, indent=2),
        document=record.document,
        job_count=len(record.jobs),
        request_key=f"{GENERATED_KEY_PREFIX}{record.public_id}",
    )


def _state_changes(record: HistoricalJob) -> Iterator[StateChange]:
    for change in record.changes:
        delivery = Delivery.SENT if change.state else Delivery.ACCEPTED
        note = record.job.status_reason if change.state == record.job.state else ""
        yield StateChange(
            job=record.job,
            at=change.at,
            delivery=delivery,
            state=change.state,
            source=change.source,
            attempt=change.attempt,
            note=note,
        )


def _first_key(rows: QuerySet[Submission] | QuerySet[Job], count: int) -> int | None:
    lowest: int | None = rows.aggregate(lowest=Min("pk"))["lowest"]
    return None if lowest is None else lowest - count


def _key(first: int | None, offset: int) -> int | None:
    return None if first is None else first + offset
