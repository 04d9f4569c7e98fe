"""Submitting jobs and workflows, and following them."""

import secrets
from typing import Literal

from ninja import Router
from ninja.responses import Status

from jobs import actions
from jobs.actions import IdempotencyConflictError, idempotency, poll_hint
from jobs.actions.run_again import FROM_FAILED
from jobs.api import cursor, parsing, serializers
from jobs.api.auth import CallerRequest
from jobs.api.long_poll import wait_until
from jobs.api.openapi import DOCUMENT, KEY, OPTIONAL_DOCUMENT
from jobs.api.schemas import KeyOut, ProblemDetailsOut, StopOut, SubmissionOut, SubmissionsOut
from jobs.models import Source
from jobs.models.ids import new_id, to_text
from jobs.reports import submissions as reports
from jobs.reports.submission_search import search_submission_page
from jobs.search import parse
from jobs.spec.documents import DocumentKind

router = Router(tags=["submissions"])


@router.get("/key", response={200: KeyOut, 401: ProblemDetailsOut})
def fresh_key(request: CallerRequest) -> KeyOut:  # noqa: ARG001 - ninja recognizes a request by its name
    """Return a new Idempotency-Key, for callers that can't generate one. It includes the time; nothing is stored."""
    return KeyOut(key=f"{secrets.token_hex(8)}-{to_text(new_id())}")


@router.post(
    "/submissions",
    response={202: SubmissionOut, (401, 403, 413, 422, 429, 503): ProblemDetailsOut},
    openapi_extra={**DOCUMENT, **KEY},
)
def submit(
    request: CallerRequest,
    region: str = "",
    document: int | None = None,
    on_refusal: Literal["stop", "keep"] = "stop",
) -> Status[SubmissionOut]:
    """Submit a job or a workflow. `problems` holds the warnings; a document with errors gets 422.

    `on_refusal`: what happens to the other steps of a workflow if AWS Batch refuses one.
    """
    member = request.auth.member
    reading = parsing.read_document(request, document, {DocumentKind.SUBMISSION, DocumentKind.WORKFLOW})
    key = parsing.idempotency_key(request)
    target_account = parsing.find_account(member, region, reading)
    idempotency.reject_definition_key(member, key)
    submission = actions.submit(
        reading, member, source=Source.API, request_key=key, account=target_account, on_refusal=on_refusal
    )
    if target_account and submission.account_id != target_account.pk:
        raise IdempotencyConflictError(idempotency.KEY_REUSED_MESSAGE)
    return Status(202, serializers.submission_out(request, submission, with_notes=True))


@router.get("/submissions", response={200: SubmissionsOut, (401, 422, 429): ProblemDetailsOut})
def list_submissions(
    request: CallerRequest, search: str = "", *, mine: bool = False, after: str = ""
) -> SubmissionsOut:
    """List the team's submissions, newest first.

    `search`: only those with a job that it finds, as in the list of jobs. `mine`: only those with a job that the
    token's person submitted. `after`: the `next` of the page before.
    """
    member = request.auth.member
    if search.strip() or mine:
        page = search_submission_page(member, parse(search), after, mine=mine)
    else:
        page = reports.submission_page(member.team, after)
    rows = [serializers.found_submission_out(request, row) for row in page.rows]
    return SubmissionsOut(submissions=rows, next=page.next)


@router.get("/submissions/{text_id}", response={200: SubmissionOut, (401, 404, 422): ProblemDetailsOut})
def submission(request: CallerRequest, text_id: str, since: str | None = None, wait: float = 0) -> SubmissionOut:
    """Return a submission and its jobs. `since`: also the changes after this cursor; `wait`: up to 5 s for one."""
    submission = request.auth.submission(text_id)
    poll_hint.hint_submission_poll(submission)
    if since is None:
        return serializers.submission_out(request, submission)
    counts = cursor.parse(since, reports.count_jobs(submission))
    wait_until(lambda: cursor.has_new_changes(submission, counts), wait)
    changes, next_cursor = cursor.changes_since(submission, counts)
    return serializers.submission_out(request, submission, cursor=next_cursor, history=changes)


@router.post(
    "/submissions/{text_id}/run-again",
    response={202: SubmissionOut, (401, 403, 404, 413, 422, 429, 503): ProblemDetailsOut},
    openapi_extra={**OPTIONAL_DOCUMENT, **KEY},
)
def run_steps_again(request: CallerRequest, text_id: str, start: str = FROM_FAILED) -> Status[SubmissionOut]:
    """Run steps of a workflow again in the same submission: from the failed ones on.

    `start`: `failed`, `all`, or the ID of a job: its step and all that depend on it. The body is empty, or the
    edited workflow of these steps.
    """
    key = parsing.idempotency_key(request)
    submission = request.auth.submission(text_id, "submit")
    text = parsing.read_text(request)
    actions.run_again(submission, request.auth.member, start, text=text or None, request_key=key)
    return Status(202, serializers.submission_out(request, request.auth.submission(text_id)))


@router.post(
    "/submissions/{text_id}/stop", response={202: StopOut, (401, 403, 404, 429): ProblemDetailsOut}, openapi_extra=KEY
)
def stop(request: CallerRequest, text_id: str) -> Status[StopOut]:
    """Request that all jobs of the submission are stopped."""
    parsing.idempotency_key(request)
    submission = request.auth.submission(text_id, "stop")
    return Status(202, StopOut(stopping=actions.stop_all(submission, request.auth.member)))
