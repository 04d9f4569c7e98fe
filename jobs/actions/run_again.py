"""Run steps of a workflow again, in the same submission.

Each such step gets a new job, which takes the place of the earlier one. The others stay as they are. Thresholds for
approval count for the person of the submission, as on the first run; what exceeds one waits for approval.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import IntegrityError
from django.db.models import Max

from jobs.access import Member
from jobs.actions.idempotency import KEY_REUSED_MESSAGE
from jobs.actions.new_jobs import RepeatedJob
from jobs.actions.reruns import RerunOutcome, RunAgainError, StaleRunAgainError, job_entries, start_rerun
from jobs.actions.revalidate import with_thresholds_of
from jobs.actions.validate import (
    IdempotencyConflictError,
    ValidationResult,
    validate,
)
from jobs.models import (
    Approval,
    Decision,
    IdempotencyRecord,
    Job,
    JobDependency,
    Rerun,
    Submission,
)
from jobs.models.array_reruns import rerun_families
from jobs.spec import step_references
from jobs.spec.documents import Document, DocumentKind, is_object, list_at
from jobs.spec.masked_source import restore_secrets
from jobs.spec.parsing.parser import DocumentParseError, ParseResult, parse
from jobs.spec.partial_workflow import edges_by_name, select_steps, with_dependents, with_references
from jobs.spec.patch import copy_json
from jobs.spec.problems import join_words
from jobs.spec.rules.workflow import WorkflowPlan, WorkflowStep, plan_workflow
from jobs.spec.step_conditions import Condition
from jobs.states import Delivery

FROM_FAILED = "failed"
ALL_STEPS = "all"
"""What to run again, besides the id of a job: its step and all that depend on it."""

MAX_JOBS = 20_000
"""Jobs per submission, earlier runs included, so that its pages stay fast."""

_IDEMPOTENCY_PATH = "run-again"


@dataclass(frozen=True)
class RunAgainPlan:
    """`jobs` has the current job of every step; `numbers` are the steps to run again, in document order."""

    submission: Submission
    start: str
    workflow: WorkflowPlan
    jobs: Mapping[int, Job]
    numbers: tuple[int, ...]
    document: Document
    """The workflow of these steps."""
    completions: Mapping[int, Job]
    """Of each array whose failed indexes have all succeeded since: the job that ran the last of them."""

    @cached_property
    def version(self) -> str:
        """Change when one of them has run again since."""
        ids = " ".join(self.jobs[number].text_id for number in self.numbers)
        return hashlib.sha256(ids.encode()).hexdigest()[:16]

    @property
    def text(self) -> str:
        return json.dumps(self.document, indent=2, ensure_ascii=False) + "\n"

    @property
    def repeated_jobs(self) -> list[Job]:
        return [self.jobs[number] for number in self.numbers]

    @property
    def kept_jobs(self) -> list[Job]:
        return [job for number, job in sorted(self.jobs.items()) if number not in set(self.numbers)]

    @property
    def repeated(self) -> list[RepeatedJob]:
        return [RepeatedJob(job) for job in self.repeated_jobs]

    def check_unchanged(self) -> None:
        _check_submission(self.submission)
        numbers = set(self.numbers)
        current = self.submission.jobs.current_steps().filter(step__lt=len(self.workflow.steps))
        rows = {job.step: job for job in current.only("step", "delivery", "state", "public_id")}
        if any(rows.get(number) != job for number, job in self.jobs.items()):
            raise StaleRunAgainError(_STALE)
        if any(not rows[number].status.is_final for number in numbers) or _live_index_jobs(self):
            raise StaleRunAgainError(_STALE)

    def _last_run(self, number: int) -> Job:
        """Return the job whose outcome is the step's: AWS Batch would fail what depends on the array itself."""
        return self.completions.get(number, self.jobs[number])

    def kept_edges(self, jobs: Sequence[Job]) -> list[JobDependency]:
        numbers = set(self.numbers)
        return [
            JobDependency(job=job, parent=self._last_run(edge.parent), kind=edge.type, condition=edge.condition)
            for job, number in zip(jobs, self.numbers, strict=True)
            for edge in self.workflow.steps[number].dependencies
            if edge.parent not in numbers and edge.parent in self.jobs
        ]

    def request(self) -> Rerun:
        return Rerun(start=self.start, version=self.version)

    def note(self, person: str) -> str:
        return f"Run again by {person}."

    def audit_before(self) -> dict[str, Any]:
        return {**job_entries(self.repeated_jobs)}

    def audit_after(self, result: ValidationResult, jobs: Sequence[Job]) -> dict[str, Any]:
        is_same = result.parse_result.document == self.document
        return {**(job_entries(jobs) if jobs else {}), "document": "unchanged" if is_same else "changed"}


def plan_run_again(submission: Submission, start: str = FROM_FAILED) -> RunAgainPlan:
    """Plan a run from the failed steps on, of all steps, or from the step of a job on. Raise RunAgainError."""
    _check_submission(submission)
    all_jobs = submission.jobs.current_steps().select_related("queue", "revision__definition").defer("raw")
    jobs = {job.step: job for job in all_jobs.order_by("step")}
    document = _current_document(submission, jobs)
    workflow = plan_workflow(document)
    jobs = {number: job for number, job in jobs.items() if number < len(workflow.steps)}
    completions = _completions(submission, jobs)
    roots = _roots(jobs, start, workflow, completions)
    parents = [[edge.parent for edge in step.dependencies] for step in workflow.steps]
    numbers = tuple(sorted(with_dependents(roots, parents) & jobs.keys()))
    plan = RunAgainPlan(submission, start, workflow, jobs, numbers, select_steps(document, numbers), completions)
    _check_states(plan)
    if start not in (FROM_FAILED, ALL_STEPS):
        _check_parents(plan, roots[0])
    return plan


def check_run_again(plan: RunAgainPlan, member: Member, text: str | None = None) -> ValidationResult:
    """Validate the steps as one submission: rules, permissions, quotas, price and thresholds.

    `text` is their edited document. Raise DocumentParseError, or RunAgainError if it changes more than the steps.
    """
    reading = _read(plan, member, text)
    is_form = plan.submission.form_version_id is not None and reading.document == plan.document
    result = validate(reading, member, plan.submission.account, is_form=is_form)
    if result.is_valid:
        check_same_steps(result, plan.document)
    return with_thresholds_of(plan.submission, result, member.team)


def run_again(
    submission: Submission,
    member: Member,
    start: str = FROM_FAILED,
    *,
    text: str | None = None,
    version: str = "",
    request_key: str | None = None,
) -> RerunOutcome:
    """Create the jobs or request approval; neither if the `request_key` came before.

    Raise RunAgainError, DocumentParseError, ValidationFailedError, IdempotencyConflictError or RecoveryError.
    """
    member.require("submit")
    request = _RequestKey(member, request_key, submission, start, text) if request_key else None
    if request and request.is_repeat():
        return RerunOutcome()
    try:
        plan = plan_run_again(submission, start)
        if version and version != plan.version:
            raise StaleRunAgainError(_STALE)
        return start_rerun(plan, check_run_again(plan, member, text), member, request)
    except (RunAgainError, IntegrityError):
        if request and request.is_repeat():  # it came twice at once
            return RerunOutcome()
        raise


class _RequestKey:
    """An idempotency key of the page. Save it in the transaction that creates the jobs."""

    def __init__(self, member: Member, key: str, submission: Submission, start: str, text: str | None) -> None:
        self.member = member
        self.key = key
        content = "\n".join([submission.text_id, start, text or ""])
        self.body_hash = hashlib.sha256(content.encode()).hexdigest()

    def is_repeat(self) -> bool:
        """Raise IdempotencyConflictError if the key was used for something else."""
        record = IdempotencyRecord.objects.filter(team=self.member.team, key=self.key).first()
        if record is not None and (record.path, record.body_hash) == (_IDEMPOTENCY_PATH, self.body_hash):
            return True
        if record or Submission.objects.filter(team=self.member.team, request_key=self.key).exists():
            raise IdempotencyConflictError(KEY_REUSED_MESSAGE)
        return False

    def record(self) -> None:
        IdempotencyRecord.objects.create(
            team=self.member.team,
            person=self.member.user,
            key=self.key,
            path=_IDEMPOTENCY_PATH,
            body_hash=self.body_hash,
            status=202,
        )


_STALE = "The steps have changed since this page was opened. Check what runs again, then confirm."


# -- What runs


def _check_submission(submission: Submission) -> None:
    if submission.kind != DocumentKind.WORKFLOW:
        raise RunAgainError(
            "Only steps of a workflow can run again in the same submission. Run the job again as a new one."
        )
    approvals = Approval.objects.filter(submission=submission, rerun=None)
    decision = approvals.values_list("decision", flat=True).first()
    if decision == Decision.WAITING:
        raise RunAgainError("This workflow is waiting for approval. Withdraw the request first.")
    if decision in (Decision.DECLINED, Decision.WITHDRAWN):
        raise RunAgainError("The request for approval was declined or withdrawn. Submit the workflow again.")


def _current_document(submission: Submission, jobs: Mapping[int, Job]) -> Document:
    """Return the submission's document with the steps as they ran last."""
    document = copy_json(submission.document)
    steps = [step if is_object(step) else {} for step in list_at(document, "jobs")]
    edges = step_references.resolve_references(steps).edges
    for number, job in jobs.items():
        if job.repeats_id is not None and number < len(steps):
            last = {**copy_json(job.document), **({"tags": dict(job.tags)} if job.tags else {})}
            entries = {edge.entry for edge in edges if edge.step == number}
            steps[number] = with_references(last, steps[number], entries)
    return {**document, "jobs": steps}


def _completions(submission: Submission, jobs: Mapping[int, Job]) -> dict[int, Job]:
    arrays = {job.pk: number for number, job in jobs.items() if job.array_size and _has_failed(job)}
    families = rerun_families([submission.pk]) if arrays else {}
    return {arrays[pk]: family.completion for pk, family in families.items() if pk in arrays and family.completion}


def _roots(jobs: Mapping[int, Job], start: str, workflow: WorkflowPlan, completions: Mapping[int, Job]) -> list[int]:
    if start == ALL_STEPS:
        return list(jobs)
    if start != FROM_FAILED:
        number = next((number for number, job in jobs.items() if job.text_id == start), None)
        if number is None:
            raise RunAgainError("This step has run again since. Choose the newest run of the step.")
        return [number]
    roots = [
        number
        for number, job in jobs.items()
        if number not in completions and _is_root(job, workflow.steps[number], completions)
    ]
    if not roots:
        raise RunAgainError("No step has failed or was stopped. Choose a step, or run all again.")
    return roots


def _is_root(job: Job, step: WorkflowStep, completions: Mapping[int, Job]) -> bool:
    """Return whether the step failed, or was withdrawn for the failure of an array that has succeeded since."""
    conditions = {edge.condition for edge in step.dependencies if edge.parent in completions}
    if Condition.FAILURE in conditions:
        return False
    if job.delivery == Delivery.WITHDRAWN and conditions & {Condition.BATCH, Condition.SUCCESS}:
        return True
    return _has_failed(job)


def _has_failed(job: Job) -> bool:
    """Return False for a step that was skipped, or withdrawn because of others: it runs with them, or not at all."""
    if not job.status.is_final or job.status.is_success or job.delivery == Delivery.SKIPPED:
        return False
    return job.delivery != Delivery.WITHDRAWN or job.stop_requested_at is not None


def _check_states(plan: RunAgainPlan) -> None:
    live = [*(job for job in plan.repeated_jobs if job.status.is_live), *_live_index_jobs(plan)]
    if live:
        names = join_words([job.name for job in live[:4]], limit=3)
        verb = "hasn't" if len(live) == 1 else "haven't"
        raise RunAgainError(f"{names} {verb} ended. Wait, or stop {'it' if len(live) == 1 else 'them'} first.")
    last = plan.submission.jobs.aggregate(last=Max("position"))["last"]
    if (last or 0) + len(plan.numbers) >= MAX_JOBS:
        raise RunAgainError(f"A submission can have {MAX_JOBS:,} jobs. Submit the workflow again.")


def _live_index_jobs(plan: RunAgainPlan) -> list[Job]:
    """Return those that run indexes of the steps' arrays again, also where a later job has taken over an index."""
    jobs = plan.submission.jobs.filter(step__in=plan.numbers, array_index__isnull=False, ended_at=None)
    return [job for job in jobs.only("name", "delivery", "state", "submission") if job.status.is_live]


def _check_parents(plan: RunAgainPlan, number: int) -> None:
    """Refuse to start with a step that would be withdrawn at once."""
    for edge in plan.workflow.steps[number].dependencies:
        parent = plan.jobs.get(edge.parent)
        if parent is None or edge.parent in plan.numbers or not parent.status.is_final:
            continue
        name, other = plan.workflow.steps[number].name, parent.name
        is_success = parent.status.is_success or edge.parent in plan.completions
        if edge.condition == Condition.FAILURE and is_success:
            raise RunAgainError(f"{name} runs only if {other} fails, and {other} succeeded. Choose another step.")
        if edge.condition == Condition.FAILURE and parent.delivery == Delivery.SKIPPED:
            raise RunAgainError(f"{name} runs only if {other} fails, and {other} was skipped. Choose another step.")
        if edge.condition in (Condition.BATCH, Condition.SUCCESS) and not is_success:
            raise RunAgainError(
                f"{name} depends on {other}, which is {parent.status.label.lower()}. Run again from {other}."
            )


# -- Their document


def _read(plan: RunAgainPlan, member: Member, text: str | None) -> ParseResult:
    if text is None:
        return parse(plan.text, DocumentKind.WORKFLOW)
    if member.can("reveal"):
        text = restore_secrets(text, plan.document)
    reading = parse(text)
    if reading.kind is not DocumentKind.WORKFLOW:
        raise DocumentParseError('Keep the steps in {"jobs": [ … ]}.')
    return reading


def check_same_steps(result: ValidationResult, document: Document) -> None:
    """Raise RunAgainError if the result is of other steps, or of other dependencies between them."""
    workflow, before = plan_workflow(result.parse_result.document), plan_workflow(document)
    if [step.name for step in workflow.steps] != [step.name for step in before.steps]:
        names = join_words([step.name for step in before.steps], limit=8)
        raise RunAgainError(f"Keep the steps, their order and their jobNames: {names}.")
    if edges_by_name(workflow) != edges_by_name(before):
        raise RunAgainError("Keep the dependencies between the steps. Submit a new workflow to change them.")
