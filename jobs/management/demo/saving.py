"""Saves generated submissions in batches."""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from itertools import pairwise

from django.db import transaction
from django.db.models import Min, QuerySet

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
from jobs.models.bulk_insert import bulk_insert, bulk_insert_instances
from jobs.models.cost_total import add_costs
from jobs.models.job import milliseconds_between
from jobs.models.job_count import add_charged_jobs
from jobs.models.job_failure import add_failures
from jobs.models.job_text import insert_texts
from jobs.models.submission import GENERATED_KEY_PREFIX
from jobs.pricing import exact_sum, rates
from jobs.pricing.metering import build_cost_lines
from jobs.pricing.rates import Rates
from jobs.spec.documents import FinalDocument
from jobs.states import Delivery

# In the order of `_state_changes`.
STATE_CHANGE_FIELDS = ("job", "at", "delivery", "state", "source", "attempt", "note")


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


def save_history(history: Iterable[HistoricalSubmission], job_count: int, batch_size: int) -> Iterator[int]:
    """Save so many submissions a transaction, and yield the number of their jobs after each.

    `history` is ordered by time and has at most `job_count` jobs. Its keys lie below all others, so that what is
    real stays first in lists.
    """
    submission_keys, job_keys = _keys(Submission.objects.all(), job_count), _keys(Job.objects.all(), job_count)
    table = rates.read_rates()
    remaining = iter(history)
    definition_of = cache(_definition)
    while batch := list(itertools.islice(remaining, batch_size)):
        rows = [_build_submission(submission, next(submission_keys)) for submission in batch]
        records = [record for submission in batch for record in submission.jobs]
        for submission, row in zip(batch, rows, strict=True):
            for record in submission.jobs:
                record.job.pk, record.job.submission, record.job.person_id = next(job_keys), row, row.person_id
        lines = [line for record in records for line in _priced(record, table)]
        with transaction.atomic():
            bulk_insert_instances(Submission, rows)
            bulk_insert_instances(Job, (record.job for record in records))
            bulk_insert_instances(JobDependency, _dependencies(batch))
            bulk_insert(StateChange, STATE_CHANGE_FIELDS, itertools.chain.from_iterable(map(_state_changes, records)))
            bulk_insert(JobTag, ("job", "team", "key", "value"), _tags(records))
            insert_texts((record.job, definition_of(record.job.revision), record.tags) for record in records)
            bulk_insert_instances(CostLine, lines)
            add_costs(lines, {record.job.pk: record.tags for record in records})
            add_failures(record.job for record in records)
            add_charged_jobs(
                Counter((record.job.team_id, record.job.delivery, record.job.state) for record in records)
            )
        yield len(records)


def _priced(record: HistoricalJob, table: Rates) -> list[CostLine]:
    """Set what lists are sorted by, too."""
    job, lines = record.job, build_cost_lines(record.job, record.runs, table)
    job.usd_units = sum(exact_sum.units(line.usd) for line in lines)
    job.run_ms = milliseconds_between(job.started_at, job.stopped_at)
    job.wait_ms = milliseconds_between(job.accepted_at, job.started_at)
    return lines


def _dependencies(batch: Sequence[HistoricalSubmission]) -> Iterator[JobDependency]:
    for submission in batch:
        for parent, step in pairwise(submission.jobs):
            yield JobDependency(job=step.job, parent=parent.job)


def _tags(records: Sequence[HistoricalJob]) -> Iterator[tuple[int, int, str, str]]:
    for record in records:
        for key, value in record.tags.items():
            yield record.job.pk, record.job.team_id, key, value


def _build_submission(record: HistoricalSubmission, key: int) -> Submission:
    return Submission(
        pk=key,
        public_id=record.public_id,
        team_id=record.jobs[0].job.team_id,
        account_id=record.jobs[0].job.account_id,
        person=record.person,
        name=record.name[:128],
        kind=record.kind.value,
        source=record.source,
        text=json.dumps(record.document, indent=2),
        document=record.document,
        job_count=len(record.jobs),
        request_key=f"{GENERATED_KEY_PREFIX}{record.public_id}",
        created_at=record.accepted_at,
    )


def _state_changes(record: HistoricalJob) -> Iterator[tuple[int, datetime, str, str, str, int, str]]:
    for change in record.changes:
        delivery = Delivery.SENT if change.state else Delivery.ACCEPTED
        note = record.job.status_reason if change.state == record.job.state else ""
        yield record.job.pk, change.at, delivery, change.state, change.source, change.attempt, note


def _definition(revision: Revision) -> FinalDocument:
    return FinalDocument.of(revision.document)


def _keys(rows: QuerySet[Submission] | QuerySet[Job], count: int) -> Iterator[int]:
    lowest: int | None = rows.aggregate(lowest=Min("pk"))["lowest"]
    return itertools.count((1 if lowest is None else lowest) - count)
