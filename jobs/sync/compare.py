"""Full comparison of AWS's job lists with the portal's rows.

A job without a row, as after a restore, is rebuilt from its tags. Jobs of others are adopted if the account says so.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils.timezone import now

from jobs.aws import batch
from jobs.aws.errors import AwsError, MalformedResponseError, is_outage
from jobs.aws.response_reader import ResponseReader
from jobs.aws.session import Purpose, client_for
from jobs.models import Account, Discrepancy, DiscrepancyKind, Job, Queue, StateChange
from jobs.models.database_generation import finish_recovery, recovering_since, recovery_deadline
from jobs.models.ids import TEXT_LENGTH, from_text
from jobs.states import FINAL_DELIVERIES, FINAL_STATES, Delivery
from jobs.sync import outside
from jobs.sync.recovery import rebuild_job

log = structlog.get_logger(__name__)

SOURCE = "reconcile"
COMPARE_INTERVAL = timedelta(minutes=5)
# AWS lists a job up to two minutes after accepting it, from a request that may have been under way for five.
OVERLAP = timedelta(minutes=10)
# AWS forgets ended jobs after a week.
LISTING_RETENTION = timedelta(days=8)
MAX_RUN_SECONDS = 5.0

ListingPage = Sequence[batch.JobSummary]


@dataclass
class ListingCursor:
    started_at: datetime
    pages: Iterator[ListingPage]


_cursors: dict[int, ListingCursor] = {}


def compare_queues(account: Account, *, seconds: float = MAX_RUN_SECONDS, every: timedelta = COMPARE_INTERVAL) -> int:
    deadline = time.monotonic() + seconds
    finished = 0
    for queue in list(_due_queues(account, every)):
        try:
            if not _compare_queue(queue, deadline):
                break
        except AwsError as error:
            log.warning("compare_failed", queue=queue.name, error=error.message)
            _cursors.pop(queue.pk, None)
            if is_outage(error):
                break
        else:
            finished += 1
    finish_recovery()
    return finished


def has_due_queues(account: Account, every: timedelta = COMPARE_INTERVAL) -> bool:
    return bool(_due_queues(account, every))


def _due_queues(account: Account, every: timedelta) -> list[Queue]:
    current_time, since = now(), recovering_since()
    due = Q(compared_at=None) | Q(compared_at__lt=current_time - every)
    if since and current_time >= recovery_deadline(account, since):
        due |= Q(compared_at__lt=recovery_deadline(account, since))
    queues = Queue.objects.filter(due, account=account, removed_at=None).select_related("account")
    return list(queues.order_by("compared_at", "pk"))


def _compare_queue(queue: Queue, deadline: float) -> bool:
    cursor = _cursors.get(queue.pk)
    if cursor is None:
        started_at = now()
        is_complete = queue.compared_at is None or recovering_since() is not None
        since = started_at - LISTING_RETENTION if is_complete else (queue.compared_at or started_at) - OVERLAP
        reader = client_for(queue.account, "batch", Purpose.READ)
        cursor = ListingCursor(started_at, batch.list_created_since(reader, queue.arn or queue.name, since))
        _cursors[queue.pk] = cursor
    for page in cursor.pages:
        _compare_page(queue, page)
        if time.monotonic() > deadline:
            return False
    del _cursors[queue.pk]
    Queue.objects.filter(pk=queue.pk).update(compared_at=cursor.started_at)
    return True


def _compare_page(queue: Queue, page: ListingPage) -> None:
    by_public_id: dict[UUID, list[batch.JobSummary]] = defaultdict(list)
    other_ids = []
    for summary in page:
        public_id = _parse_marker(summary.name)
        if public_id:
            by_public_id[public_id].append(summary)
        else:
            other_ids.append(summary.batch_id)
    rows = (
        Job.objects.filter(public_id__in=list(by_public_id))
        .select_related("account", "queue")
        .defer("document", "raw")
    )
    jobs = {job.public_id: job for job in rows}
    surplus: list[tuple[Job, str, DiscrepancyKind]] = []
    orphan_ids = []
    later_ids: dict[str, list[str]] = {}
    for public_id, summaries in by_public_id.items():
        job = jobs.get(public_id)
        if job is None:
            oldest, *later = sorted(summaries, key=lambda summary: (summary.created_at, summary.batch_id))
            orphan_ids.append(oldest.batch_id)
            later_ids[oldest.batch_id] = [summary.batch_id for summary in later]
            continue
        if job.marker not in {summary.name for summary in summaries}:
            continue  # the name only ends like one of ours
        surplus += [(job, summary.batch_id, kind) for summary, kind in _find_surplus(job, summaries)]
    _terminate_surplus(queue, surplus)
    if not queue.account.adopts_outside_jobs:
        _recover_orphans(queue, orphan_ids)
        return
    new_ids = outside.unknown_ids(orphan_ids)
    foreign = _recover_orphans(queue, new_ids)
    foreign_ids = {*orphan_ids} - {*new_ids} | {observation.batch_id for observation in foreign}
    # Of a marker of ours only the oldest counts; a name of others that looks like one may have any number of jobs.
    other_ids += [batch_id for oldest in sorted(foreign_ids) for batch_id in later_ids[oldest]]
    _adopt_outside(queue, other_ids, foreign)


def _adopt_outside(queue: Queue, batch_ids: Sequence[str], foreign: Sequence[batch.Observation]) -> None:
    """Adopt jobs without a marker, and those whose marker is of no row and whose tags are of no job of ours.

    A job with the marker of a row is never among them: it may be the one that a delivery is in doubt about. One that
    can't be read is left out: the queue counts as compared all the same.
    """
    reader = client_for(queue.account, "batch", Purpose.READ)
    observations, unreadable = _describe_all(reader, outside.unknown_ids(batch_ids))
    if unreadable:
        log.warning("outside_jobs_unreadable", queue=queue.name, count=len(unreadable))
    if observations or foreign:
        outside.adopt(queue, [*observations, *foreign])


def _find_surplus(job: Job, summaries: ListingPage) -> list[tuple[batch.JobSummary, DiscrepancyKind]]:
    if job.delivery in FINAL_DELIVERIES:
        return [(summary, DiscrepancyKind.UNWANTED) for summary in summaries]
    is_leased = job.lease_until is not None and job.lease_until > now()
    if job.delivery == Delivery.SENDING and is_leased:
        return []  # its worker is about to record which
    if job.delivery != Delivery.SENT:
        reader = client_for(job.account, "batch", Purpose.READ)
        oldest_first = batch.find_job_ids(reader, job.queue.arn or job.queue.name, job.marker)
        if not oldest_first or not job.adopt(
            oldest_first[0], source=SOURCE, note="The portal found the job in AWS's list of jobs."
        ):
            return []  # another process has just recorded which
    return [(summary, DiscrepancyKind.DUPLICATE) for summary in summaries if summary.batch_id != job.batch_id]


def _terminate_surplus(queue: Queue, surplus: Sequence[tuple[Job, str, DiscrepancyKind]]) -> None:
    """Terminate what the portal's tags claim, and no copies made by hand."""
    if not surplus:
        return
    reader = client_for(queue.account, "batch", Purpose.READ)
    observations, unreadable = _describe_all(reader, [batch_id for _, batch_id, _ in surplus])
    by_batch_id = {observation.batch_id: observation for observation in observations}
    for job, batch_id, kind in surplus:
        observation = by_batch_id.get(batch_id)
        tags = ResponseReader(observation.raw).text_map("tags") if observation else {}
        sent_by_us = (
            tags.get("portal:installation") == settings.INSTALLATION and tags.get("portal:job") == job.text_id
        )
        if observation is None or not sent_by_us:
            continue
        is_duplicate, former_status = kind is DiscrepancyKind.DUPLICATE, job.status.label.lower()
        note = (
            f"AWS has a second job {batch_id}."
            if is_duplicate
            else f"Found in AWS after it was {former_status}: {batch_id}."
        )
        if observation.state not in FINAL_STATES:
            reason = f"duplicate of {job.batch_id}" if is_duplicate else f"the job was {former_status} before"
            batch.terminate(reader, batch_id, f"Terminated by Batch Portal: {reason}.")
            note += " It was terminated."
        fields = {"account": queue.account, "job": job, "note": note}
        if Discrepancy.objects.get_or_create(kind=kind, batch_id=batch_id, defaults=fields)[1]:
            log.error("duplicate_job", kind=str(kind), job=job.text_id, batch_id=batch_id, kept=job.batch_id)
            StateChange.objects.create(job=job, delivery=job.delivery, state=job.state, note=note, source=SOURCE)
    _check_all_read(unreadable)


def _recover_orphans(queue: Queue, batch_ids: Sequence[str]) -> list[batch.Observation]:
    """Rebuild jobs of this installation. Return the others."""
    if not batch_ids:
        return []
    reader = client_for(queue.account, "batch", Purpose.READ)
    observations, unreadable = _describe_all(reader, batch_ids)
    foreign = [observation for observation in observations if not outside.is_own(observation)]
    observations = [observation for observation in observations if outside.is_own(observation)]
    # In order of their IDs, and so of time: a later run of a step or an index finds the earlier one.
    for observation in sorted(observations, key=_public_id):
        job, note = rebuild_job(queue, observation)
        kind = DiscrepancyKind.ORPHAN if job else DiscrepancyKind.UNREADABLE
        fields = {"account": queue.account, "job": job, "note": note}
        if Discrepancy.objects.get_or_create(kind=kind, batch_id=observation.batch_id, defaults=fields)[1]:
            log.error("orphaned_job", batch_id=observation.batch_id, rebuilt=job is not None, note=note)
    _check_all_read(unreadable)
    return foreign


def _describe_all(reader: Any, batch_ids: Sequence[str]) -> tuple[list[batch.Observation], set[str]]:
    observations: list[batch.Observation] = []
    unreadable: set[str] = set()
    for start in range(0, len(batch_ids), batch.MAX_JOBS_PER_DESCRIBE):
        result = batch.describe(reader, batch_ids[start : start + batch.MAX_JOBS_PER_DESCRIBE])
        observations += result.observations
        unreadable |= result.unreadable_ids
    return observations, unreadable


def _check_all_read(unreadable: set[str]) -> None:
    """Raise MalformedResponseError: the queue then doesn't count as compared."""
    if unreadable:
        raise MalformedResponseError(f"AWS's descriptions of {len(unreadable)} jobs are malformed.")


def _public_id(observation: batch.Observation) -> str:
    return ResponseReader(observation.raw).text("jobName")[-TEXT_LENGTH:]


def _parse_marker(name: str) -> UUID | None:
    text = name[-TEXT_LENGTH:]
    try:
        return from_text(text) if name[-TEXT_LENGTH - 1 : -TEXT_LENGTH] == "-" else None
    except ValueError:
        return None
