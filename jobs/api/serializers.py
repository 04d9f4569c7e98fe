"""How rows and verdicts are told: as the shapes of JSON answers, and as lines for shells."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.http import HttpRequest

from jobs.api.renderers import Row
from jobs.api.schemas import (
    ApprovalAnswer,
    Change,
    DefinitionAnswer,
    Estimate,
    Event,
    Finding,
    HeldAnswer,
    JobAnswer,
    JobBrief,
    SubmissionAnswer,
)
from jobs.models import Approval, Job, Revision, StateChange, Submission
from jobs.reports import submissions as reports
from jobs.reports.recovery import recovery_of
from jobs.spec import problems as spec
from jobs.spec.documents import object_at
from jobs.spec.parsing.parser import NotADocument, Reading, read
from jobs.spec.problems import Severity
from jobs.states import Delivery

MOST_FINDINGS = 200
"""So many problems are told; an answer must not grow with a mistake that repeats."""

HELD_AFTER_RESTORE = "The portal is comparing its jobs with AWS after a restore. It sends this when it has finished."


def finding(pointer: str, message: str, severity: str, reading: Reading, rule: str = "") -> Finding:
    place = reading.place(pointer)
    return Finding(
        pointer=pointer, message=message, severity=severity, line=place.line, column=place.column, rule=rule
    )


def findings(problems: Iterable[spec.Problem], reading: Reading) -> list[Finding]:
    return [
        finding(each.pointer, each.message, each.severity, reading, each.rule)
        for each in list(problems)[:MOST_FINDINGS]
    ]


def finding_of_no_document(no: NotADocument) -> Finding:
    return Finding(pointer="", message=no.message, severity=Severity.ERROR, line=no.line, column=no.column)


def changes(made: Iterable[spec.Change]) -> list[Change]:
    return [Change(pointer=each.pointer, message=each.message) for each in made]


def finding_rows(told: Iterable[Finding]) -> Iterator[Row]:
    for each in told:
        yield "problem", each.severity, each.line, each.column, each.pointer, each.message


def change_rows(made: Iterable[Change]) -> Iterator[Row]:
    for each in made:
        yield "change", each.pointer, each.message


def definition(
    request: HttpRequest, revision: Revision, warnings: list[Finding], made: list[Change], *, reused: bool
) -> DefinitionAnswer:
    return DefinitionAnswer(
        name=revision.definition.name,
        revision=revision.number,
        arn=revision.arn or None,
        url=request.build_absolute_uri(revision.get_absolute_url()),
        reused=reused,
        problems=warnings,
        changes=made,
    )


def definition_rows(content: DefinitionAnswer) -> Iterator[Row]:
    yield "definition", content.name, content.revision, content.arn, content.url
    if content.reused:
        yield "reused", content.name
    yield from change_rows(content.changes)
    yield from finding_rows(content.problems)


def submission(
    request: HttpRequest,
    found: Submission,
    *,
    with_notes: bool = False,
    cursor: str = "",
    history: Iterable[StateChange] = (),
) -> SubmissionAnswer:
    """A submission and its jobs; with what was noted when it was accepted, if that is wanted."""
    jobs = reports.jobs_of(found)
    names = {job.pk: job for job in jobs}
    whole = reports.whole_status(reports.counts_of(jobs))
    reading = read(found.text) if with_notes and found.notes else None
    return SubmissionAnswer(
        id=found.text_id,
        url=request.build_absolute_uri(found.get_absolute_url()),
        name=found.name,
        state=whole.name,
        final=all(job.status.final for job in jobs),
        created_at=found.created_at,
        approval=_approval(found.request),
        estimate=estimate(found.estimate),
        held=_held(found, jobs),
        jobs=[JobBrief(**_brief(request, job)) for job in jobs],
        problems=[
            finding(note["pointer"], note["message"], note["severity"], reading)
            for note in found.notes
            if reading and note["severity"] != "change"
        ],
        changes=[
            Change(pointer=note["pointer"], message=note["message"])
            for note in found.notes
            if reading and note["severity"] == "change"
        ],
        cursor=cursor,
        history=[
            Event(
                time=change.at,
                job=names[change.job_id].text_id,
                name=names[change.job_id].name,
                state=change.status.name,
                note=change.note,
            )
            for change in history
        ],
    )


def estimate(totals: Mapping[str, Any]) -> Estimate | None:
    """Both amounts; none of a submission from before they were kept."""
    return Estimate.model_validate(totals) if totals else None


def estimate_row(content: Estimate) -> Row:
    """Dollars expected and at most, then vCPU-hours expected and at most."""
    expected, at_most = content.expected, content.at_most
    return "estimate", expected.usd, at_most.usd, expected.vcpu_hours, at_most.vcpu_hours


def _approval(found: Approval | None) -> ApprovalAnswer | None:
    if found is None:
        return None
    return ApprovalAnswer(
        state=found.decision,
        reasons=[reason["message"] for reason in found.reasons],
        asked_at=found.asked_at,
        decided_at=found.decided_at,
        decided_by=found.decided_by.username if found.decided_by else None,
        words=found.words,
        raised_by=found.raisers() if found.waits else [],
    )


def _held(found: Submission, jobs: Iterable[Job]) -> HeldAnswer | None:
    """Asked only of a submission of which something is still to be sent."""
    if not any(job.delivery == Delivery.ACCEPTED for job in jobs):
        return None
    recovery = recovery_of(found.account)
    if recovery is None:
        return None
    return HeldAnswer(until=None if recovery.late else recovery.until, reason=HELD_AFTER_RESTORE)


def submission_rows(content: SubmissionAnswer) -> Iterator[Row]:
    yield "submission", content.id, content.url
    if content.approval:
        asked = content.approval
        yield "approval", asked.state, asked.decided_by, asked.words or " ".join(asked.reasons)
    if content.estimate:
        yield estimate_row(content.estimate)
    if content.held:
        yield "held", content.held.until, content.held.reason
    if content.cursor:
        yield "cursor", content.cursor
    yield from change_rows(content.changes)
    yield from finding_rows(content.problems)
    for event in content.history:
        yield "state", event.time, event.job, event.name, event.state, event.note
    for job in content.jobs:
        yield job_row(job)


def job(request: HttpRequest, found: Job) -> JobAnswer:
    summary = object_at(found.array_summary)
    return JobAnswer(
        **_brief(request, found),
        submission=found.submission.text_id,
        queue=found.queue.name,
        definition=found.revision.pinned,
        array_size=found.array_size,
        array={str(state): count for state, count in summary.items() if isinstance(count, int) and count},
        stop_requested=found.stop_requested_at is not None,
        accepted_at=found.accepted_at,
        started_at=found.started_at,
        stopped_at=found.stopped_at,
    )


def job_row(told: JobBrief) -> Row:
    return "job", told.id, told.name, told.state, told.batch_job_id, told.final, told.exit_code, told.reason


def _brief(request: HttpRequest, found: Job) -> dict[str, Any]:
    return {
        "id": found.text_id,
        "name": found.name,
        "state": found.status.name,
        "final": found.status.final,
        "batch_job_id": found.batch_id,
        "exit_code": found.exit_code,
        "reason": found.delivery_note or found.container_reason or found.status_reason,
        "url": request.build_absolute_uri(found.get_absolute_url()),
    }
