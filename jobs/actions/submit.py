"""Creation of a submission."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.timezone import now

from jobs import audit
from jobs.access import Member
from jobs.actions.new_jobs import NewJobs, lock_team
from jobs.actions.revalidate import revalidate
from jobs.actions.submission_estimate import SubmissionEstimate
from jobs.actions.validate import (
    IdempotencyConflictError,
    RecoveryError,
    ValidationFailedError,
    ValidationResult,
    validate,
)
from jobs.failpoints import hit_failpoint
from jobs.models import Account, Job, Source, Submission, Team, TemplateVersion, WorkflowTemplate
from jobs.models.database_generation import unknown_keys_window
from jobs.models.ids import TEXT_LENGTH, from_text, timestamp_of
from jobs.models.submission import OnRefusal
from jobs.models.tag_secret import tag_digests
from jobs.spec.documents import Document, list_at, text_at
from jobs.spec.masked_source import mask_mentions
from jobs.spec.parsing.parser import ParseResult, parse
from jobs.spec.workflow_name import workflow_name


class SubmissionOrigin(Protocol):
    """What a document was made from."""

    def record(self, submission: Submission) -> None:
        """Set it in a new submission, before that is stored."""

    @property
    def label(self) -> Mapping[str, str]:
        """Return what the audit log says of it."""

    @property
    def is_form(self) -> bool:
        """Return whether the person could change only what a launch form asks for."""


@dataclass(frozen=True)
class TemplateUse:
    """The template that a workflow is from, and the values as they may be shown."""

    version: TemplateVersion
    values: Mapping[str, str]

    def record(self, submission: Submission) -> None:
        submission.template_version = self.version
        submission.template_values = dict(self.values)
        templates = WorkflowTemplate.objects.filter(pk=self.version.template_id)
        templates.update(run_count=F("run_count") + 1, used_at=now())

    @property
    def label(self) -> Mapping[str, str]:
        return {"template": str(self.version)}

    @property
    def is_form(self) -> bool:
        return False


@dataclass(frozen=True)
class JobRerun:
    """The job that a submission runs again."""

    job: Job

    def record(self, submission: Submission) -> None:
        submission.rerun_of = self.job
        submission.rerun_origin_id = self.job.submission.rerun_origin_id or self.job.pk

    @property
    def label(self) -> Mapping[str, str]:
        return {"rerun of": self.job.text_id}

    @property
    def is_form(self) -> bool:
        return False

    @classmethod
    def find(cls, member: Member, text_id: str) -> "JobRerun | None":
        """Return None unless it is the id of a job of the team."""
        try:
            job = Job.objects.filter(team=member.team, public_id=from_text(text_id)).first()
        except ValueError:
            return None
        return cls(job) if job else None


def submit(
    source_text: str | ParseResult,
    member: Member,
    *,
    source: str,
    request_key: str | None = None,
    account: Account | None = None,
    on_refusal: str = OnRefusal.STOP,
    origin: SubmissionOrigin | None = None,
) -> Submission:
    """Create a submission; the same `request_key` returns the same one. Delivery is enqueued after the commit.

    Raise DocumentParseError, ValidationFailedError, IdempotencyConflictError if the key came with another text, or
    RecoveryError while only AWS may know the key.
    """
    member.require("submit")
    text = source_text if isinstance(source_text, str) else source_text.text
    request = _IdempotentRequest(member.team, request_key, text) if request_key else None
    if request and (earlier := request.matching_submission()):
        return earlier
    reading = parse(source_text) if isinstance(source_text, str) else source_text
    try:
        return _submit(
            text,
            reading,
            member,
            source,
            request=request,
            account=account,
            on_refusal=on_refusal,
            origin=origin,
        )
    except (ValidationFailedError, IntegrityError):
        # The same request may have been accepted meanwhile, which has the key now, and may have used up a quota.
        if request and (earlier := request.find_submission()):
            return earlier
        raise


def _submit(
    text: str,
    reading: ParseResult,
    member: Member,
    source: str,
    *,
    request: "_IdempotentRequest | None",
    account: Account | None,
    on_refusal: str,
    origin: SubmissionOrigin | None,
) -> Submission:
    """Raise IntegrityError if another request with the key was first."""
    result = validate(reading, member, account, is_form=origin is not None and origin.is_form)
    if not result.is_valid or result.account is None:
        raise ValidationFailedError(result)
    new = _NewSubmission(text, member, result, source, request)
    with transaction.atomic():
        member = lock_team(member)
        if request:
            request.check_not_in_doubt()
        current = revalidate(result, reading, member, account)
        if not current.is_valid or current.account is None:
            raise ValidationFailedError(current)
        if current.resolved_jobs is not result.resolved_jobs:
            new = _NewSubmission(text, member, current, source, request)
        new.submission.on_refusal = on_refusal
        if origin:
            origin.record(new.submission)
        new.save(current.estimate)
        audit.record(
            "run again" if source == Source.RERUN else "submit",
            person=member.user,
            team=member.team,
            target=new.submission,
            after=_audit_summary(
                new.submission, new.jobs, hashlib.sha256(text.encode()).hexdigest(), origin.label if origin else {}
            ),
        )
        hit_failpoint("accepting")
    return new.submission


class _IdempotentRequest:
    """Only the unique constraints say for certain that it is new."""

    def __init__(self, team: Team, key: str, text: str) -> None:
        self.team = team
        self.key = key
        self.text_hash = hashlib.sha256(text.encode()).hexdigest()
        self.key_digest, self.body_digest = tag_digests(team.pk, ("key", key), ("body", text))

    def find_submission(self) -> Submission | None:
        """Raise IdempotencyConflictError or RecoveryError."""
        submission = self.matching_submission()
        if submission is None:
            self.check_not_in_doubt()
        return submission

    def matching_submission(self) -> Submission | None:
        """Raise IdempotencyConflictError."""
        submission = self.team.submissions.filter(Q(request_key=self.key) | Q(key_digest=self.key_digest)).first()
        if submission is None:
            return None
        is_recovered = submission.request_key is None
        is_same = (
            submission.body_digest == self.body_digest if is_recovered else submission.request_hash == self.text_hash
        )
        if not is_same:
            raise IdempotencyConflictError(
                "This idempotency key was already used for another document. Use a new key for each new request."
            )
        if is_recovered:
            Submission.objects.filter(pk=submission.pk).update(**self.fields())
            submission.refresh_from_db()
        submission.is_repeat = True
        return submission

    def fields(self) -> dict[str, str]:
        return {
            "request_key": self.key,
            "request_hash": self.text_hash,
            "key_digest": self.key_digest,
            "body_digest": self.body_digest,
        }

    def check_not_in_doubt(self) -> None:
        """Raise RecoveryError if a lost submission may have this key."""
        window = unknown_keys_window(self.team)
        if window:
            since, until = window
            if not _is_newer(self.key, since):
                raise RecoveryError(until)


def _is_newer(key: str, time: datetime) -> bool:
    try:
        return timestamp_of(from_text(key[-TEXT_LENGTH:])) > time
    except ValueError:
        return False


class _NewSubmission:
    def __init__(
        self,
        text: str,
        member: Member,
        result: ValidationResult,
        source: str,
        request: _IdempotentRequest | None,
    ) -> None:
        self.submission = Submission(
            team=member.team,
            account=result.account,
            person=member.user,
            name=submission_name(result.parse_result.document),
            kind=result.parse_result.kind,
            source=source,
            text=text,
            document=result.parse_result.document,
            notes=submission_notes(result),
            job_count=len(result.resolved_jobs),
            estimate=result.estimate.cost.totals_as_json() if result.estimate else {},
            **(request.fields() if request else {}),
        )
        self._new_jobs = NewJobs(self.submission, result)
        self.jobs = self._new_jobs.jobs

    def save(self, estimate: SubmissionEstimate | None) -> None:
        self.submission.save(force_insert=True)
        self._new_jobs.save(estimate)


def _audit_summary(
    submission: Submission, jobs: list[Job], text_hash: str, origin: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "account": str(submission.account),
        "kind": submission.kind,
        "source": submission.source,
        **origin,
        **audit.truncate_list(
            "jobs",
            [{"name": job.name, "queue": job.queue.name, "definition": job.revision.qualified_name} for job in jobs],
        ),
        "document SHA-256": text_hash,
    }


def submission_name(document: Document) -> str:
    steps = list_at(document, "jobs") if "jobs" in document else [document]
    return workflow_name(document, [text_at(step, "jobName") for step in steps])


def submission_notes(result: ValidationResult) -> list[dict[str, str]]:
    document = result.parse_result.document
    changes = [
        {**change.as_json(), "severity": "change", **({"by": change.rule_owner} if change.rule_owner else {})}
        for change in result.parse_result.changes
    ]
    # A fix may quote a secret, so none is stored.
    warnings = [
        {key: value for key, value in problem.as_json().items() if key != "fix"} for problem in result.warnings
    ]
    return [{**note, "message": mask_mentions(note["message"], document)} for note in (*changes, *warnings)]
