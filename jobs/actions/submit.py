"""Turns an accepted document into rows: from then on it is the portal's promise to carry it out.

What has to be approved first becomes the same rows, which no worker takes before someone agrees.
"""

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from jobs import audit
from jobs.access import Member
from jobs.actions.resolution import Target, job_ids, jobs_named
from jobs.actions.submission_estimate import Weight
from jobs.actions.validate import KeyReusedError, RecoveryError, Refused, Verdict, judge
from jobs.failpoints import reached
from jobs.models import Account, Approval, Job, JobDependency, JobTag, Source, StateChange, Submission, Team
from jobs.models.database_generation import keys_unknown_until
from jobs.models.ids import TEXT_LENGTH, from_text, made_at, to_text
from jobs.models.tag_secret import tag_digest
from jobs.policy.requests import propagates_tags
from jobs.pricing.estimate import JobEstimate, kept
from jobs.spec import effective
from jobs.spec.documents import Document
from jobs.spec.job_size import requested_size
from jobs.spec.masked_source import mask_mentions
from jobs.spec.redaction import redact_value
from jobs.spec.rules.workflow import WorkflowPlan, WorkflowStep, plan_workflow
from jobs.states import Delivery
from jobs.task_queue import ring

# AWS takes 128 characters: the job's own name, a dash, and the id.
LONGEST_SLUG = 128 - 1 - TEXT_LENGTH


def accept(
    text: str, member: Member, *, source: str, request_key: str | None = None, account: Account | None = None
) -> Submission:
    """Keep a submission or workflow and ring for its delivery; all of it, or nothing.

    The same `request_key` asks for the same submission. Raises DocumentParseError, Refused with the verdict,
    KeyReusedError if the key came with another text before, or RecoveryError while only AWS knows whether it did.
    """
    member.must("submit")
    with transaction.atomic():
        # One at a time for each team: what is counted below is still true at the commit.
        team = Team.objects.select_for_update().get(pk=member.team.pk)
        text_hash = hashlib.sha256(text.encode()).hexdigest()
        request = _Request(team, request_key, text) if request_key else None
        if request and (earlier := request.answered()):
            return earlier
        verdict = judge(text, replace(member, team=team), account)
        if not verdict.ok or verdict.account is None:
            raise Refused(verdict)
        submission, jobs = _keep(text, member, verdict, verdict.account, source)
        if request:
            request.answer_with(submission)
        transaction.on_commit(partial(reached, "accepted"))
        if not verdict.approval:
            ring("deliver", verdict.account.pk, bell="deliver")
        audit.record(
            "run again" if source == Source.RERUN else "submit",
            person=member.user,
            team=team,
            about=submission,
            after=_told(submission, jobs, text_hash),
        )
        reached("accepting")
    return submission


class _Request:
    """A request that is to be answered once: its key, and its text. The team's row is locked."""

    def __init__(self, team: Team, key: str, text: str) -> None:
        self.team = team
        self.key = key
        self.text_hash = hashlib.sha256(text.encode()).hexdigest()
        self.key_digest = tag_digest("key", team.pk, key)
        self.body_digest = tag_digest("body", team.pk, text)

    def answered(self) -> Submission | None:
        """The submission that the key stands for. Raises KeyReusedError, RecoveryError."""
        submission = self.team.submissions.filter(Q(request_key=self.key) | Q(key_digest=self.key_digest)).first()
        if submission is None:
            self._must_be_new()
            return None
        recovered = submission.request_key is None
        same = submission.body_digest == self.body_digest if recovered else submission.request_hash == self.text_hash
        if not same:
            raise KeyReusedError("This request key was used for another document.")
        if recovered:
            self.answer_with(submission)
        return submission

    def answer_with(self, submission: Submission) -> None:
        """From now on the key stands for this submission."""
        submission.key_digest, submission.body_digest = self.key_digest, self.body_digest
        submission.request_key, submission.request_hash = self.key, self.text_hash
        submission.save(update_fields=["request_key", "request_hash", "key_digest", "body_digest"])

    def _must_be_new(self) -> None:
        """A key that this database does not know may still be one that AWS knows, after a backup was restored."""
        unknown = keys_unknown_until(self.team)
        if unknown:
            since, until = unknown
            if not _made_after(self.key, since):
                raise RecoveryError(until)


def _made_after(key: str, moment: datetime) -> bool:
    """Whether the portal itself made the key after that moment, as its forms and GET /key do."""
    try:
        return made_at(from_text(key[-TEXT_LENGTH:])) > moment
    except ValueError:
        return False


def _keep(text: str, member: Member, verdict: Verdict, account: Account, source: str) -> tuple[Submission, list[Job]]:
    steps = plan_workflow(verdict.reading.document)
    submission = Submission.objects.create(
        team=member.team,
        account=account,
        person=member.user,
        name=name_of(steps),
        kind=verdict.reading.kind,
        source=source,
        text=text,
        document=verdict.reading.document,
        notes=notes_of(verdict),
        job_count=len(steps.steps),
        estimate=verdict.weight.estimate.totals_as_json() if verdict.weight else {},
    )
    pairs = list(zip(steps.steps, verdict.targets, strict=True))
    estimates = estimates_of(verdict)
    waits = {"delivery": Delivery.AWAITING, "delivery_note": waiting_note(verdict)} if verdict.approval else {}
    jobs = Job.objects.bulk_create(
        [
            job_of(submission, step, target, each, **waits)
            for (step, target), each in zip(pairs, estimates, strict=True)
        ]
    )
    JobDependency.objects.bulk_create(edges_of(jobs, steps, member.team))
    JobTag.objects.bulk_create(tag_rows_of(pairs, jobs))
    StateChange.objects.bulk_create(
        StateChange(job=job, delivery=job.delivery, note=job.delivery_note, source="person") for job in jobs
    )
    if verdict.approval and verdict.weight:
        Approval.objects.create(submission=submission, team=member.team, **kept_of(verdict.weight))
    return submission, jobs


def _told(submission: Submission, jobs: list[Job], text_hash: str) -> dict[str, Any]:
    """What the audit says of it: what was asked for, in short, and by which hash one knows the text that is kept."""
    return {
        "account": str(submission.account),
        "kind": submission.kind,
        "written as": submission.source,
        **audit.listed(
            "jobs",
            [{"name": job.name, "queue": job.queue.name, "definition": job.revision.pinned} for job in jobs],
        ),
        "sha256 of the text": text_hash,
    }


def waiting_note(verdict: Verdict) -> str:
    """What a job that is not sent yet says of it."""
    return " ".join(["It waits for approval.", *(reason.message for reason in verdict.approval)])


def kept_of(weight: Weight) -> dict[str, Any]:
    """What a request keeps of its weight, for whoever decides on it."""
    return {
        "reasons": [{"rule": reason.rule, "message": reason.message} for reason in weight.reasons],
        "forecast": weight.estimate.as_json(),
    }


def estimates_of(verdict: Verdict) -> Sequence[JobEstimate | None]:
    """One for each job, in the order of the targets; None where there is none."""
    return verdict.weight.estimate.jobs if verdict.weight else [None] * len(verdict.targets)


def job_of(
    submission: Submission, step: WorkflowStep, target: Target, estimate: JobEstimate | None, **fields: Any
) -> Job:
    document = copy.deepcopy(step.document)
    tags = document.pop("tags", {})
    definition = target.revision.document if target.revision else {}
    needs = requested_size(definition, document)
    if propagates_tags(definition, document) is None and needs.platform != "EKS":
        document["propagateTags"] = True  # so that the bill sees them; Batch takes it for tasks of ECS only
    job = Job(
        submission=submission,
        team=submission.team,
        account=submission.account,
        queue=target.queue,
        revision=target.revision,
        definition=target.revision.definition if target.revision else None,
        position=step.index,
        name=step.name,
        document=document,
        tags=tags,
        array_size=_array_size(document),
        **Job.size_fields(needs),
        at_most_usd=kept(estimate.at_most.usd) if estimate else None,
        at_most_vcpu_hours=kept(estimate.at_most.vcpu_hours) if estimate else None,
        **fields,
    )
    job.marker = marker_of(step.name, job.public_id)
    return job


def marker_of(name: str, public_id: UUID) -> str:
    """The name that a job has in AWS."""
    return f"{name[:LONGEST_SLUG]}-{to_text(public_id)}"


def edges_of(jobs: list[Job], steps: WorkflowPlan, team: Team) -> list[JobDependency]:
    """What each job waits for: other steps, and jobs that it names by their ids in AWS."""
    edges = [
        JobDependency(job=jobs[step.index], parent=jobs[edge.parent], kind=edge.type)
        for step in steps.steps
        for edge in step.dependencies
    ]
    known = jobs_named([step.document for step in steps.steps], team)
    edges += [
        JobDependency(job=jobs[step.index], parent=known[job_id], batch_id=job_id)
        for step in steps.steps
        for job_id in job_ids(step.document)
        if job_id in known
    ]
    return edges


def tag_rows_of(pairs: list[tuple[WorkflowStep, Target]], jobs: list[Job]) -> list[JobTag]:
    """Rows by which jobs are searched, listed and summed. They hold no secret, so that no list shows one."""
    return [
        JobTag(job=job, team=job.team, key=key, value=redact_value(key, value))
        for job, (step, target) in zip(jobs, pairs, strict=True)
        for key, value in effective.merge_tags(
            target.revision.document if target.revision else {}, step.document
        ).items()
    ]


def _array_size(document: Document) -> int | None:
    size: Any = document.get("arrayProperties", {}).get("size")
    return size if isinstance(size, int) else None


def name_of(steps: WorkflowPlan) -> str:
    first = steps.steps[0].name
    more = len(steps.steps) - 1
    return f"{first[:100]} and {more} more" if more else first


def notes_of(verdict: Verdict) -> list[dict[str, str]]:
    """What was read otherwise than it was written, and what was warned of: kept, for whoever wonders later."""
    document = verdict.reading.document
    changes = [
        {
            "pointer": c.pointer,
            "message": mask_mentions(c.message, document),
            "severity": "change",
            **({"by": c.rule_owner} if c.rule_owner else {}),
        }
        for c in verdict.reading.changes
    ]
    warnings = [{"pointer": p.pointer, "message": p.message, "severity": "warning"} for p in verdict.warnings]
    return [{**each, "message": mask_mentions(each["message"], document)} for each in (*changes, *warnings)]
