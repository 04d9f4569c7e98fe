"""Approvals of submissions: a lead of the team or an admin approves, declines or edits.

Neither the requester nor anyone whose edit made the request larger may approve it, even if it is smaller again since.
Every transition locks the team row; a conditional UPDATE on the approval decides races.
"""

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.actions.submission_estimate import Weight, compare_with_thresholds, weigh
from jobs.actions.submit import edges_of, estimates_of, job_of, kept_of, marker_of, name_of, notes_of, tag_rows_of
from jobs.actions.validate import Refused, Verdict, ask_of, judge
from jobs.models import (
    Approval,
    Decision,
    Job,
    JobDependency,
    JobTag,
    Membership,
    RequestEdit,
    StateChange,
    Submission,
    Team,
)
from jobs.policy.approval import Reason, raised
from jobs.spec.diff import diff_documents
from jobs.spec.documents import DocumentKind, list_at
from jobs.spec.parsing.parser import DocumentParseError
from jobs.spec.problems import Problem
from jobs.spec.rules.workflow import plan_workflow
from jobs.states import Delivery
from jobs.task_queue import ring

LONGEST_WORDS = 1000
# Positions are unique, so they change in two steps; the first adds this.
ASIDE = 1_000_000
# Rows of one bulk UPDATE, which names each row in every field.
ROWS_AT_ONCE = 200
# Fields of a job that come from its document.
REWRITTEN = (
    "queue",
    "revision",
    "definition",
    "position",
    "name",
    "marker",
    "document",
    "tags",
    "array_size",
    "platform",
    "architecture",
    "vcpus",
    "memory_mib",
    "gpus",
    "ephemeral_gib",
    "at_most_usd",
    "at_most_vcpu_hours",
    "delivery_note",
)


class DecidedError(Exception):
    """Another decision or edit came first. The message says which."""


def hindrance(approval: Approval, member: Member) -> str:
    """Return why the member may not approve the request, as a sentence; empty if they may."""
    if not member.may("approve"):
        return member.refusal("approve")
    if approval.submission.person_id == member.user.pk:
        return "You asked for it: somebody else decides."
    if approval.raised_by(member.user):
        return "You made this request larger. Another lead or an administrator approves it."
    return ""


def approve(approval: Approval, member: Member, version: int) -> None:
    """Approve that version of the request and release its jobs for delivery.

    The document is validated again, with today's rules, tags and quotas. Raises PermissionDenied, DecidedError, or
    Refused with the result; the request then goes on waiting.
    """
    _must(hindrance(approval, member))
    with transaction.atomic():
        approval = _locked(approval)
        _must(hindrance(approval, member))
        result = _judged_again(approval.submission, member)
        if not result.ok:
            raise Refused(result)
        _decide(approval, member, version, Decision.APPROVED)
        _release(approval, member, "Approved by")
        _write_down("approve", approval, member)


def decline(approval: Approval, member: Member, version: int, reason: str) -> None:
    """Decline the request; none of its jobs is sent. Raises PermissionDenied, DecidedError, ValueError."""
    reason = " ".join(reason.split())[:LONGEST_WORDS]
    if not reason:
        raise ValueError("Say why, so that whoever asked can change it.")
    member.must("approve")
    if approval.submission.person_id == member.user.pk:
        raise PermissionDenied("You asked for it. To take it back, stop it.")
    with transaction.atomic():
        approval = _locked(approval)
        _decide(approval, member, version, Decision.DECLINED, comment=reason)
        note = f"Declined by {member.user.display_name}: {reason}"
        jobs = list(approval.submission.jobs.filter(delivery=Delivery.AWAITING))
        approval.submission.jobs.filter(delivery=Delivery.AWAITING).update(
            delivery=Delivery.DECLINED, delivery_note=note, ended_at=now()
        )
        _tell(jobs, Delivery.DECLINED, note)
        _write_down("decline", approval, member, after={"why": reason})


def weigh_edit(approval: Approval, member: Member, text: str) -> tuple[Verdict, list[Reason]]:
    """Validate an edited text; also return why its author could not approve it themselves.

    Raises NotADocument.
    """
    result = judge(text, member, approval.submission.account)
    if result.reading.kind is DocumentKind.DEFINITION:
        raise DocumentParseError("This is a job definition. The request is for a job or a workflow; it stays one.")
    if not result.ok or result.weight is None:
        return result, []
    before = _weight_of_jobs(approval.submission, result)
    # It stays the requester's: their other jobs of today count, not the editor's.
    after = compare_with_thresholds(result.weight, approval.team, approval.submission.person)
    return replace(result, weight=after), raised(before.request, after.request)


def edit(approval: Approval, member: Member, version: int, text: str) -> bool:
    """Replace the document of a request, and approve it if the member may.

    The former text is stored unchanged. True if it was approved. False if it now costs more, is larger, has more runs
    or goes elsewhere, and so waits for somebody else. Raises PermissionDenied, DecidedError, NotADocument, or Refused
    with the result.
    """
    member.must("approve")
    if approval.submission.person_id == member.user.pk:
        raise PermissionDenied("You asked for it. To change it, stop it and ask anew.")
    with transaction.atomic():
        approval = _locked(approval)
        submission = approval.submission
        result, escalation_reasons = weigh_edit(approval, member, text)
        result = _with_requester(result, submission)
        if not result.ok or result.weight is None:
            raise Refused(result)
        changes = [difference.sentence for difference in diff_documents(submission.document, result.reading.document)]
        fields: dict[str, Any] = {"version": F("version") + 1, **kept_of(result.weight)}
        if not Approval.objects.waiting().filter(pk=approval.pk, version=version).update(**fields):
            raise DecidedError(_what_happened(approval))
        RequestEdit.objects.create(
            approval=approval,
            editor=member.user,
            before=submission.text,
            after=text,
            changes=changes,
            raises=[reason.message for reason in escalation_reasons],
        )
        note = f"Changed by {member.user.display_name}. It waits for approval by somebody else."
        before = {"document": submission.document}
        _rewrite(submission, text, result, note)
        _write_down("change", approval, member, before=before, after={"document": submission.document})
        if hindrance(approval, member):
            _tell(submission.jobs.filter(delivery=Delivery.AWAITING), Delivery.AWAITING, note)
            return False
        _decide(approval, member, version + 1, Decision.APPROVED)
        _release(approval, member, "Changed and approved by")
        _write_down("approve", approval, member)
    return True


def _write_down(
    action: audit.Act,
    approval: Approval,
    member: Member,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    audit.record(
        action, person=member.user, team=approval.team, about=approval.submission, before=before, after=after
    )


def _must(obstacle: str) -> None:
    if obstacle:
        raise PermissionDenied(obstacle)


def _locked(approval: Approval) -> Approval:
    """Lock the team row and return the request as it stays until the end of the transaction."""
    Team.objects.select_for_update().get(pk=approval.team_id)
    related = ("team", "submission__account", "submission__person", "submission__team", "decided_by")
    return Approval.objects.select_related(*related).get(pk=approval.pk)


def _decide(approval: Approval, member: Member, version: int, decision: Decision, *, comment: str = "") -> None:
    approvals = Approval.objects.waiting().filter(pk=approval.pk, version=version)
    if not approvals.update(decision=decision, decided_by=member.user, decided_at=now(), words=comment):
        raise DecidedError(_what_happened(approval))


def _what_happened(approval: Approval) -> str:
    if approval.waits:
        return "It was changed in the meantime. Look at it again before you decide."
    decider = f" by {approval.decided_by.display_name}" if approval.decided_by else ""
    return f"It was {approval.get_decision_display().lower()}{decider} in the meantime. Nothing was done."


def _release(approval: Approval, member: Member, prefix: str) -> None:
    """Release the jobs for delivery.

    `accepted_at` is reset so that waiting for approval does not count as delivery latency.
    """
    note = f"{prefix} {member.user.display_name}."
    jobs = approval.submission.jobs.filter(delivery=Delivery.AWAITING)
    jobs.update(delivery=Delivery.ACCEPTED, delivery_note=note, accepted_at=now())
    # No other job of the submission was ACCEPTED before, and none leaves that state before the commit.
    _tell(approval.submission.jobs.filter(delivery=Delivery.ACCEPTED), Delivery.ACCEPTED, note)
    ring("deliver", approval.submission.account_id, bell="deliver")


def _tell(jobs: Iterable[Job], delivery: Delivery, note: str) -> None:
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=delivery, note=note, source="person") for job in jobs
    )


# -- Validation and estimate


def _judged_again(submission: Submission, member: Member) -> Verdict:
    """Validate the accepted document again, with the revisions and queues it was accepted with."""
    document = copy.deepcopy(submission.document)
    steps = list_at(document, "jobs") if submission.kind == DocumentKind.WORKFLOW else [document]
    jobs = submission.jobs.select_related("queue", "revision__definition")
    for job in jobs:
        if job.position < len(steps):
            steps[job.position]["jobQueue"] = job.queue.arn or job.queue.name
            steps[job.position]["jobDefinition"] = job.revision.pinned
    result = judge(json.dumps(document), replace(member, team=submission.team), submission.account)
    return _with_requester(result, submission)


def _with_requester(result: Verdict, submission: Submission) -> Verdict:
    """Add a problem if the requester may no longer submit for the team."""
    person, team = submission.person, submission.team
    role = Membership.objects.filter(user=person, team=team).values_list("role", flat=True).first() or ""
    if person.is_active and Member(person, team, role).may("submit"):
        return result
    message = f"{person.display_name}, who asked for it, may not submit for {team} any more."
    problem = Problem("", message, rule="policy.requester-may-not-submit")
    return replace(result, problems=(*result.problems, problem))


def _weight_of_jobs(submission: Submission, result: Verdict) -> Weight:
    """Estimate the waiting jobs by the revisions and queues they were accepted with, at today's rates."""
    jobs = submission.jobs.select_related("queue", "revision__definition").order_by("position")
    requests = [
        (job.name, ask_of({**job.document, "tags": job.tags}, job.queue, job.revision), job.revision)
        for job in jobs
        if job.delivery == Delivery.AWAITING
    ]
    return weigh(requests, submission.account, submission.team, result.statistics.runs)


# -- Rows


def _rewrite(submission: Submission, text: str, result: Verdict, note: str) -> None:
    """Update the submission's rows to an edited document.

    A job with the same name keeps its row and id; jobs that were withdrawn earlier stay withdrawn.
    """
    document = result.reading.document
    workflow = plan_workflow(document)
    submission.text, submission.document, submission.notes = text, document, notes_of(result)
    submission.kind, submission.name = result.reading.kind, name_of(workflow)
    submission.estimate = result.weight.estimate.totals_as_json() if result.weight else {}
    pairs = list(zip(workflow.steps, result.targets, strict=True))
    old_jobs = list(submission.jobs.order_by("-position"))
    jobs_by_name = {job.name: job for job in old_jobs}
    if len(jobs_by_name) == len(pairs) == 1:
        # A single job with another name is the same job.
        jobs_by_name = dict(zip([workflow.steps[0].name], jobs_by_name.values(), strict=True))
    waiting_fields = {"delivery": Delivery.AWAITING, "delivery_note": note}
    submission.jobs.update(position=F("position") + ASIDE)
    # By ids: with a condition on the submission, PostgreSQL may read both tables for each row.
    ids = [job.pk for job in old_jobs]
    JobDependency.objects.filter(job__in=ids).delete()
    JobTag.objects.filter(job__in=ids).delete()
    jobs = [
        _row(jobs_by_name.pop(step.name, None), job_of(submission, step, target, estimate, **waiting_fields))
        for (step, target), estimate in zip(pairs, estimates_of(result), strict=True)
    ]
    _take_out(list(jobs_by_name.values()), len(jobs))
    Job.objects.bulk_update([job for job in jobs if job.pk], REWRITTEN, batch_size=ROWS_AT_ONCE)
    Job.objects.bulk_create([job for job in jobs if not job.pk])
    JobDependency.objects.bulk_create(edges_of(jobs, workflow, submission.team))
    JobTag.objects.bulk_create(tag_rows_of(pairs, jobs))
    submission.job_count = submission.jobs.count()
    submission.save(update_fields=["text", "document", "notes", "kind", "name", "job_count", "estimate"])


def _row(row: Job | None, new: Job) -> Job:
    """Return the unsaved row of a step: the existing job with the new document, or the new job."""
    if row is None:
        return new
    row.position = new.position
    if row.delivery == Delivery.AWAITING:
        new.marker = marker_of(new.name, row.public_id)
        for field in REWRITTEN:
            setattr(row, field, getattr(new, field))
    return row


def _take_out(jobs: Sequence[Job], position: int) -> None:
    """Delete waiting jobs that the edited document no longer has, and move the withdrawn ones to the end.

    The stored former text still has the deleted ones.
    """
    removed_jobs = [job for job in jobs if job.delivery == Delivery.AWAITING]
    Job.objects.filter(pk__in=[job.pk for job in removed_jobs], delivery=Delivery.AWAITING).delete()
    kept_jobs = [job for job in jobs if job.delivery != Delivery.AWAITING]
    for new_position, job in enumerate(kept_jobs, start=position):
        job.position = new_position
    Job.objects.bulk_update(kept_jobs, ["position"], batch_size=ROWS_AT_ONCE)
