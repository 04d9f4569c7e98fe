"""Serializers from rows to response schemas."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest

from jobs.api.schemas import (
    ApprovalOut,
    ChangeOut,
    DefinitionOut,
    EstimateOut,
    FoundDefinitionOut,
    FoundJobOut,
    FoundSubmissionOut,
    HoldOut,
    JobOut,
    JobSummaryOut,
    LaunchFormDetailOut,
    LaunchFormOut,
    LaunchFormUseOut,
    ParameterOut,
    ProblemOut,
    RerunOut,
    StateChangeOut,
    SubmissionOut,
    TemplateDetailOut,
    TemplateOut,
    TemplateUseOut,
)
from jobs.causes import Explanation
from jobs.models import (
    Approval,
    Job,
    LaunchForm,
    LaunchFormVersion,
    Revision,
    StateChange,
    Submission,
    TemplateVersion,
)
from jobs.models.array_reruns import rerun_families
from jobs.models.rerun_summary import RerunSummary
from jobs.reports import causes
from jobs.reports import launch_forms as form_reports
from jobs.reports import submissions as reports
from jobs.reports import templates as template_reports
from jobs.reports.catalog import DefinitionCard
from jobs.reports.job_search import JobRow
from jobs.reports.recovery import account_recovery
from jobs.reports.submissions import SubmissionRow
from jobs.reports.templates import TemplateCard
from jobs.search import SearchError
from jobs.spec.documents import Document, object_at
from jobs.spec.parsing.parser import DocumentParseError, ParseResult, parse, parse_problem
from jobs.spec.problems import DocumentChange, LocatedProblem, Problem, Severity
from jobs.spec.redaction import redact
from jobs.states import Delivery

MAX_PROBLEMS = 200
"""A response must not grow with a mistake that repeats."""

HOLD_REASON = "The portal was restored from a backup and is comparing its jobs with AWS. It submits this afterwards."


def problem_out(problem: Problem | LocatedProblem) -> ProblemOut:
    return ProblemOut(**problem.as_json())


def problems_out(problems: Iterable[Problem], reading: ParseResult) -> list[ProblemOut]:
    return [problem_out(reading.locate(problem)) for problem in list(problems)[:MAX_PROBLEMS]]


def parse_error_out(error: DocumentParseError) -> ProblemOut:
    return problem_out(parse_problem(error))


def search_problems_out(error: SearchError) -> list[ProblemOut]:
    """Return each problem with its column in the search, and what to write there."""
    return [
        ProblemOut(
            pointer="",
            message=problem.message + f" Did you mean {problem.suggestion}?" * bool(problem.suggestion),
            severity=Severity.ERROR,
            line=1,
            column=problem.start + 1,
            rule="request.search",
        )
        for problem in error.problems[:MAX_PROBLEMS]
    ]


def changes_out(changes: Iterable[DocumentChange]) -> list[ChangeOut]:
    return [ChangeOut(**change.as_json()) for change in changes]


def _noted_problem(note: Mapping[str, str]) -> Problem:
    return Problem(note["pointer"], note["message"], Severity(note["severity"]), note.get("rule", ""))


def definition_out(
    request: HttpRequest,
    revision: Revision,
    warnings: list[ProblemOut],
    change_items: list[ChangeOut],
    *,
    reused: bool,
) -> DefinitionOut:
    return DefinitionOut(
        name=revision.definition.name,
        revision=revision.number,
        arn=revision.arn or None,
        url=request.build_absolute_uri(revision.get_absolute_url()),
        reused=reused,
        problems=warnings,
        changes=change_items,
    )


def submission_out(
    request: HttpRequest,
    record: Submission,
    *,
    with_notes: bool = False,
    cursor: str = "",
    history: Iterable[StateChange] = (),
) -> SubmissionOut:
    jobs = reports.submission_jobs(record)
    names = {job.pk: job for job in jobs}
    current_jobs = [job for job in jobs if not job.superseded]
    families = rerun_families([record.pk]) if any(job.array_index is not None for job in current_jobs) else {}
    reports.add_rerun_summaries(jobs, families)
    counts = reports.count_statuses(current_jobs)
    reports.count_recovered_arrays(counts, families.values())
    status = reports.overall_status(counts)
    reading = parse(record.text) if with_notes and record.notes else None
    causes.add_explanations(current_jobs, record.team)
    return SubmissionOut(
        id=record.text_id,
        url=request.build_absolute_uri(record.get_absolute_url()),
        name=record.name,
        state=status.name,
        final=record.waiting_rerun_or_none is None and all(job.status.is_final for job in current_jobs),
        created_at=record.created_at,
        approval=_approval_out(next(iter(record.requests), None)),
        estimate=estimate_out(record.estimate),
        held=_hold_out(record, jobs),
        template=_template_use_out(record),
        form=_form_use_out(record),
        jobs=[JobSummaryOut(**_summary_values(request, job)) for job in _in_step_order(current_jobs)],
        problems=[
            problem_out(reading.locate(_noted_problem(note)))
            for note in record.notes
            if reading and note["severity"] != "change"
        ],
        changes=[
            ChangeOut(pointer=note["pointer"], message=note["message"])
            for note in record.notes
            if reading and note["severity"] == "change"
        ],
        cursor=cursor,
        history=[
            StateChangeOut(
                time=change.at,
                job=names[change.job_id].text_id,
                name=names[change.job_id].name,
                state=change.status.name,
                note=change.note,
            )
            for change in history
        ],
    )


def _template_use_out(record: Submission) -> TemplateUseOut | None:
    version = record.template_version
    if version is None:
        return None
    return TemplateUseOut(
        id=version.template.text_id,
        name=version.template.name,
        version=version.number,
        values=dict(template_reports.template_values(record)),
    )


def _form_use_out(record: Submission) -> LaunchFormUseOut | None:
    version = record.form_version
    if version is None:
        return None
    return LaunchFormUseOut(
        id=version.form.text_id,
        name=version.form.name,
        version=version.number,
        values=record.ordered_form_values,
    )


def launch_form_out(request: HttpRequest, form: LaunchForm, number: int) -> LaunchFormOut:
    return LaunchFormOut(**_form_fields(request, form, number))


def launch_form_detail_out(request: HttpRequest, version: LaunchFormVersion) -> LaunchFormDetailOut:
    file = form_reports.form_file(version)
    return LaunchFormDetailOut(
        **_form_fields(request, version.form, version.number),
        note=version.note,
        created_at=version.created_at,
        sections=file["sections"],
        locked_by=version.locks,
        document=file["document"],
    )


def _form_fields(request: HttpRequest, form: LaunchForm, number: int) -> dict[str, Any]:
    return {
        "id": form.text_id,
        "url": request.build_absolute_uri(form.get_absolute_url()),
        "name": form.name,
        "description": form.description,
        "labels": form.labels,
        "version": number,
        "archived": form.archived_at is not None,
        "runs": form.run_count,
        "used_at": form.used_at,
    }


def template_out(request: HttpRequest, card: TemplateCard) -> TemplateOut:
    return TemplateOut(**_template_values(request, card))


def template_detail_out(request: HttpRequest, version: TemplateVersion) -> TemplateDetailOut:
    parameters = template_reports.shown_parameters(version)
    card = TemplateCard(version.template, version.number, parameters)
    return TemplateDetailOut(
        **_template_values(request, card),
        note=version.note,
        created_at=version.created_at,
        parameters=[ParameterOut(**parameter.as_json()) for parameter in parameters],
        document=redact(version.document),
    )


def _template_values(request: HttpRequest, card: TemplateCard) -> dict[str, Any]:
    template = card.template
    return {
        "id": template.text_id,
        "url": request.build_absolute_uri(template.get_absolute_url()),
        "name": template.name,
        "description": template.description,
        "version": card.number,
        "archived": template.archived_at is not None,
        "runs": template.run_count,
        "used_at": template.used_at,
    }


def document_text(document: Document) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _in_step_order(jobs: Iterable[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: (job.step, job.position))


def estimate_out(totals: Mapping[str, Any]) -> EstimateOut | None:
    """Return None for a submission older than estimates."""
    return EstimateOut.model_validate(totals) if totals else None


def approval_values(approval: Approval) -> dict[str, Any]:
    """Return what a request for approval has alone and in a list."""
    return {
        "state": approval.decision,
        "reasons": [reason["message"] for reason in approval.reasons],
        "requested_at": approval.requested_at,
        "decided_at": approval.decided_at,
        "decided_by": approval.decided_by.username if approval.decided_by else None,
        "comment": approval.comment,
        "asked_at": approval.requested_at,
        "words": approval.comment,
    }


def _approval_out(approval: Approval | None) -> ApprovalOut | None:
    if approval is None:
        return None
    return ApprovalOut(
        **approval_values(approval),
        raised_by=approval.escalators() if approval.is_waiting else [],
        run_again=approval.rerun.job_names if approval.rerun else [],
    )


def _hold_out(submission: Submission, jobs: Iterable[Job]) -> HoldOut | None:
    if not any(job.delivery == Delivery.ACCEPTED for job in jobs):
        return None
    recovery = account_recovery(submission.account)
    if recovery is None:
        return None
    return HoldOut(until=None if recovery.is_late else recovery.until, reason=HOLD_REASON)


def job_out(request: HttpRequest, record: Job) -> JobOut:
    summary = object_at(record.array_summary)
    reports.add_summaries_of_failures([record])
    causes.add_explanations([record], record.team)
    return JobOut(
        **_summary_values(request, record),
        submission=record.submission.text_id,
        queue=record.queue.name,
        definition=record.revision.qualified_name,
        array_size=record.array_size,
        array={str(state): count for state, count in summary.items() if isinstance(count, int) and count},
        stop_requested=record.stop_requested_at is not None,
        accepted_at=record.accepted_at,
        started_at=record.started_at,
        stopped_at=record.stopped_at,
    )


def found_job_out(request: HttpRequest, row: JobRow) -> FoundJobOut:
    job = row.job
    return FoundJobOut(
        **_summary_values(request, job),
        submission=job.submission.text_id,
        team=job.team.slug,
        user=job.person.username,
        queue=job.queue.name,
        definition=job.revision.qualified_name,
        array_size=job.array_size,
        attempts=job.finished_attempts,
        accepted_at=job.accepted_at,
        started_at=job.started_at,
        stopped_at=job.stopped_at,
        usd=None if row.usd is None else f"{row.usd:f}",
        tags=dict(row.tags),
    )


def found_submission_out(request: HttpRequest, row: SubmissionRow) -> FoundSubmissionOut:
    submission = row.submission
    return FoundSubmissionOut(
        id=submission.text_id,
        url=request.build_absolute_uri(submission.get_absolute_url()),
        name=submission.name,
        state=row.status.name,
        user=submission.person.username,
        source=submission.source,
        created_at=submission.created_at,
        jobs={status.name: number for status, number in row.counts},
    )


def found_definition_out(request: HttpRequest, card: DefinitionCard) -> FoundDefinitionOut:
    definition, revision = card.definition, card.revision
    return FoundDefinitionOut(
        name=definition.name,
        revision=revision.number if revision else None,
        arn=(revision.arn or None) if revision else None,
        url=request.build_absolute_uri(definition.get_absolute_url()),
        description=definition.description,
        team=definition.team.slug,
        used_at=card.used_at,
    )


def _summary_values(request: HttpRequest, record: Job) -> dict[str, Any]:
    return {
        "id": record.text_id,
        "name": record.name,
        "state": record.status.name,
        "final": record.status.is_final,
        "batch_job_id": record.batch_id,
        "exit_code": record.exit_code,
        "reason": record.delivery_note or record.container_reason or record.status_reason,
        **_cause_values(record.explanation),
        "url": request.build_absolute_uri(record.get_absolute_url()),
        "reruns": _rerun_out(record.rerun_summary),
    }


def _cause_values(explanation: Explanation | None) -> dict[str, str]:
    if explanation is None or explanation.cause is None:
        return {}
    return {
        "cause": explanation.cause.value,
        "cause_label": explanation.label,
        "explanation": explanation.sentence,
        "next_step": explanation.next_step,
    }


def _rerun_out(summary: RerunSummary | None) -> RerunOut | None:
    if summary is None:
        return None
    return RerunOut(
        failed=summary.failures,
        run_again=summary.reruns,
        succeeded=summary.successes,
        in_progress=summary.live,
        all_succeeded=summary.has_recovered,
    )
