"""Stop many jobs, or run them again, each exactly once.

The items are committed before anything happens. Stopping a job and settling its item is one transaction. A job runs
again under an idempotency key of its item, so a worker that follows one that was killed finds the submission.
Permissions, rate limits, quotas, policies and approvals are those of single jobs, when its turn comes.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError, transaction
from django.http import Http404
from django.utils.timezone import now

from jobs import access, audit
from jobs.access import Member, TeamPermission
from jobs.actions.job_control import stop
from jobs.actions.rerun_document import rerun_document
from jobs.actions.submit import JobRerun, submit
from jobs.actions.validate import IdempotencyConflictError, RecoveryError, ValidationFailedError
from jobs.audit import audit_context, get_context
from jobs.failpoints import hit_failpoint
from jobs.models import (
    BulkAction,
    BulkItem,
    BulkKind,
    ItemOutcome,
    Job,
    LeaseKeeper,
    Revision,
    Source,
    Submission,
    Team,
    User,
)
from jobs.models.ids import new_id, to_text
from jobs.rate_limit import RateLimit, TooManyRequestsError, spend
from jobs.spec import forms
from jobs.spec.documents import Document
from jobs.spec.forms.units import format_mib, format_seconds
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.redaction import redact
from jobs.task_queue import TaskTimeoutError, enqueue_on_commit

log = structlog.get_logger(__name__)

MAX_JOBS = 1_000
PASS_SECONDS = 40.0
"""Below the time limit of a task. The next pass continues."""
LEASE_DURATION = timedelta(seconds=30)
MAX_NOTE_LENGTH = 1_000

_PERMISSIONS: dict[str, TeamPermission] = {BulkKind.STOP: "stop", BulkKind.RERUN: "submit"}


@dataclass(frozen=True)
class RerunChanges:
    """What differs from the earlier run; None and "" change nothing."""

    memory_mib: int | None = None
    time_limit_seconds: int | None = None
    queue: str = ""

    def apply(self, document: Document) -> Document:
        values: dict[str, forms.FieldValue] = {}
        if self.memory_mib:
            values["memory"] = format_mib(self.memory_mib)
        if self.time_limit_seconds:
            values["time_limit"] = format_seconds(self.time_limit_seconds)
        if self.queue:
            values["queue"] = self.queue
        return forms.apply_changes(document, forms.JOB_FIELDS, values) if values else document

    def as_json(self) -> dict[str, Any]:
        fields = {"memory MiB": self.memory_mib, "time limit (s)": self.time_limit_seconds, "queue": self.queue}
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True)
class LeftOutJob:
    job: Job
    reason: str


@dataclass(frozen=True)
class BulkPlan:
    kind: str
    jobs: tuple[Job, ...]
    left_out: tuple[LeftOutJob, ...]


def plan_bulk(kind: str, jobs: Iterable[tuple[Job, Member]]) -> BulkPlan:
    """Sort out what can't be done now. Each job is checked again when its turn comes."""
    included, left_out = [], []
    for job, member in jobs:
        if reason := _obstacle(kind, job, member):
            left_out.append(LeftOutJob(job, reason))
        else:
            included.append(job)
    return BulkPlan(kind, tuple(included), tuple(left_out))


def _obstacle(kind: str, job: Job, member: Member) -> str:
    if job.outside:
        return "It was submitted outside the portal."
    permission = _PERMISSIONS[kind]
    if not member.can(permission):
        return member.refusal_message(permission)
    if kind == BulkKind.STOP:
        if job.status.is_final:
            return "It has ended."
        return "It is already stopping." if job.stop_requested_at else ""
    if not job.status.is_final:
        return "It hasn't ended."
    return "It has already run again." if job.superseded else ""


def start_bulk(user: User, kind: str, jobs: Sequence[Job], changes: RerunChanges, *, request_key: str) -> BulkAction:
    """Store what is to be done, once a `request_key`, and let a worker begin."""
    action = BulkAction.objects.filter(person=user, request_key=request_key).first()
    return action or _create(user, kind, jobs[:MAX_JOBS], changes, request_key)


def _create(user: User, kind: str, jobs: Sequence[Job], changes: RerunChanges, request_key: str) -> BulkAction:
    context = get_context()
    with transaction.atomic():
        action, is_new = BulkAction.objects.get_or_create(
            person=user,
            request_key=request_key,
            defaults={
                "kind": kind,
                "item_count": len(jobs),
                "memory_mib": changes.memory_mib,
                "time_limit_seconds": changes.time_limit_seconds,
                "queue": changes.queue,
                "channel": context.channel,
                "address": context.address,
                "due_at": now(),
            },
        )
        if not is_new:
            return action
        BulkItem.objects.bulk_create(
            BulkItem(action=action, position=position, job=job, public_id=new_id())
            for position, job in enumerate(jobs)
        )
        enqueue_on_commit("run_bulk_action", action.pk, queue="ask")
        _audit_start(action, user, jobs, changes)
    return action


def _audit_start(action: BulkAction, user: User, jobs: Sequence[Job], changes: RerunChanges) -> None:
    """Append an entry for each team, which says what was confirmed. What was done has entries of its own."""
    jobs_by_team: dict[Team, list[Job]] = defaultdict(list)
    for job in jobs:
        jobs_by_team[job.team].append(job)
    for team, team_jobs in sorted(jobs_by_team.items(), key=lambda item: item[0].pk):
        entries = [{"job": job.text_id, "name": job.name, "status": job.status.name} for job in team_jobs]
        audit.record(
            "stop" if action.kind == BulkKind.STOP else "run again",
            person=user,
            team=team,
            target=action,
            before=audit.truncate_list("jobs", entries),
            after=changes.as_json() or None,
        )


def cancel_bulk(action: BulkAction, user: User) -> int:
    """Cancel the items that haven't been done. Return their number. Raise PermissionDenied."""
    if action.person_id != user.pk:
        raise PermissionDenied("Only the person who started this can cancel it.")
    current_time = now()
    with transaction.atomic():
        if not BulkAction.objects.filter(pk=action.pk, ended_at=None).update(
            canceled_at=current_time, ended_at=current_time, due_at=None
        ):
            return 0
        return action.items.waiting().order_by().update(outcome=ItemOutcome.CANCELED, ended_at=current_time)


# -- In a worker


def run_bulk_action(pk: int) -> None:
    """Go through its items until it has ended, the time of a pass is over, or a limit asks for a pause."""
    lease = LeaseKeeper(f"bulk action {pk}", to_text(new_id()), LEASE_DURATION)
    if not lease.keep():
        return
    try:
        action = BulkAction.objects.select_related("person").get(pk=pk)
        with audit_context(action.channel, action.address):
            delay = _run_items(action, lease)
    finally:
        lease.release()
    if delay is None:
        return
    BulkAction.objects.filter(pk=pk, ended_at=None).update(due_at=now() + delay)
    if not delay:
        enqueue_on_commit("run_bulk_action", pk, queue="ask")


def _run_items(action: BulkAction, lease: LeaseKeeper) -> timedelta | None:
    """Return when to continue; None if the action has ended."""
    deadline = time.monotonic() + PASS_SECONDS
    columns = ("action", "position", "public_id", "outcome", "job__public_id", "job__team")
    while (item := action.items.waiting().select_related("job").only(*columns).first()) is not None:
        if time.monotonic() > deadline or not lease.keep():
            return timedelta()
        try:
            _run_item(action, item)
        except (TooManyRequestsError, RecoveryError) as error:
            return timedelta(seconds=error.retry_after)
    BulkAction.objects.filter(pk=action.pk, ended_at=None).update(ended_at=now(), due_at=None)
    return None


def _run_item(action: BulkAction, item: BulkItem) -> None:
    """Raise TooManyRequestsError or RecoveryError: then nothing was done."""
    try:
        if not action.person.is_active:
            raise PermissionDenied("The account of the person who started this is inactive.")
        job, member = access.job(action.person, item.job.text_id, permission=_PERMISSIONS[action.kind])
        if action.kind == BulkKind.STOP:
            _stop_item(action, item, job, member)
        else:
            _run_again(action, item, job, member)
    except (TooManyRequestsError, RecoveryError, OperationalError, InterfaceError, TaskTimeoutError):
        raise
    except (PermissionDenied, Http404, DocumentParseError, ValidationFailedError, IdempotencyConflictError) as error:
        _refuse(item, str(error))
    except Exception:
        log.exception("bulk_item_failed", action=action.text_id, job=item.job.text_id)
        _refuse(item, "An unexpected error occurred. Try this job on its own page.")


def _refuse(item: BulkItem, note: str) -> None:
    """Settle it as not done, unless another worker, or an earlier try, has submitted it."""
    submission = Submission.objects.filter(team=item.job.team_id, request_key=item.request_key).first()
    if submission is None:
        _settle(item, ItemOutcome.REFUSED, note)
    else:
        _settle(item, ItemOutcome.DONE, submission=submission)


def _stop_item(action: BulkAction, item: BulkItem, job: Job, member: Member) -> None:
    with transaction.atomic():
        is_stopped = stop(job, member)
        outcome, note = (ItemOutcome.DONE, "") if is_stopped else _explain_no_stop(action, job)
        hit_failpoint("item-stopping")
        _settle(item, outcome, note)


def _explain_no_stop(action: BulkAction, job: Job) -> tuple[ItemOutcome, str]:
    """Return the outcome too: an earlier item may have stopped it with a step that it depends on."""
    job.refresh_from_db(fields=["stop_requested_at", "stop_requested_by"])
    is_own = job.stop_requested_by_id == action.person_id
    if is_own and job.stop_requested_at and job.stop_requested_at >= action.created_at:
        return ItemOutcome.DONE, "Stopped with a job that it depends on."
    return ItemOutcome.REFUSED, "It is already stopping." if job.is_stopping else "It has ended."


def _run_again(action: BulkAction, item: BulkItem, job: Job, member: Member) -> None:
    submission = Submission.objects.filter(team=member.team, request_key=item.request_key).first()
    if submission is None:
        if reason := _obstacle(BulkKind.RERUN, job, member):
            _settle(item, ItemOutcome.REFUSED, reason)
            return
        text = _rerun_text(job, member, RerunChanges(action.memory_mib, action.time_limit_seconds, action.queue))
        spend(RateLimit.DOCUMENTS, f"person:{action.person.pk}", len(text))
        submission = submit(text, member, source=Source.RERUN, request_key=item.request_key, origin=JobRerun(job))
        hit_failpoint("item-submitted")
    _settle(item, ItemOutcome.DONE, submission=submission)


def _rerun_text(job: Job, member: Member, changes: RerunChanges) -> str:
    document = changes.apply(rerun_document(job, _newest_revision(job)).document)
    text_document = document if member.can("reveal") else redact(document)
    return json.dumps(text_document, indent=2, ensure_ascii=False) + "\n"


def _newest_revision(job: Job) -> int | None:
    runnable = Revision.objects.runnable().filter(definition=job.definition_id)
    return runnable.order_by("-number").values_list("number", flat=True).first()


def _settle(item: BulkItem, outcome: ItemOutcome, note: str = "", submission: Submission | None = None) -> None:
    """Keep what another worker has settled. What was done counts, though it was canceled meanwhile."""
    unsettled = BulkItem.objects.filter(pk=item.pk, outcome__in=[ItemOutcome.WAITING, ItemOutcome.CANCELED])
    unsettled.update(outcome=outcome, note=note[:MAX_NOTE_LENGTH], submission=submission, ended_at=now())
