"""Lists of jobs, and operations on one."""

from typing import Literal

from ninja import Router
from ninja.responses import Status

from jobs import actions
from jobs.actions import poll_hint
from jobs.api import parsing, serializers
from jobs.api.auth import CallerRequest
from jobs.api.errors import ApiProblemError
from jobs.api.openapi import KEY
from jobs.api.schemas import JobOut, JobsOut, LogLineOut, LogOut, ProblemDetailsOut, SubmissionOut
from jobs.reports import causes, job_search, log_follow
from jobs.search import parse
from jobs.spec.index_rerun import IndexRerunError

router = Router(tags=["jobs"])

MAX_ROWS = 200


@router.get("/jobs", response={200: JobsOut, (401, 422, 429): ProblemDetailsOut})
def list_jobs(
    request: CallerRequest,
    search: str = "",
    *,
    sort: Literal["", "time", "-time", "cost", "-cost", "run", "-run", "wait", "-wait"] = "",
    mine: bool = False,
    after: str = "",
    limit: int = job_search.PAGE_SIZE,
) -> JobsOut:
    """List the team's jobs that a search finds, as the Jobs page does: newest first, or as `sort` says.

    `search` has conditions such as `status:failed tag.Project:ALPHA cost>1`; docs/search.md lists them. `mine`: only
    those that the token's person submitted. `after`: the `next` of the page before. `limit`: 200 at most.
    """
    member = request.auth.member
    page = job_search.search_page(
        job_search.Scope(member.user, member.team, mine=mine),
        parse(search),
        sort=sort,
        before=after,
        rows=max(1, min(limit, MAX_ROWS)),
    )
    causes.add_explanations([row.job for row in page.rows], request.auth.member.team)
    return JobsOut(jobs=[serializers.found_job_out(request, row) for row in page.rows], next=page.next)


@router.get("/jobs/{text_id}", response={200: JobOut, (401, 404): ProblemDetailsOut})
def job(request: CallerRequest, text_id: str) -> JobOut:
    """Return a job and its state."""
    job = request.auth.job(text_id)
    poll_hint.hint_poll([job])
    return serializers.job_out(request, job)


@router.get("/jobs/{text_id}/log", response={200: LogOut, (401, 404, 422): ProblemDetailsOut})
def log(request: CallerRequest, text_id: str, next: str = "") -> LogOut:  # noqa: A002 - the parameter's name
    """Return the log from its start, or from the `next` of an earlier response: all attempts, until `end`."""
    part = log_follow.follow(request.auth.job(text_id), next)
    return LogOut(
        lines=[LogLineOut(time=record.at, text=record.text) for record in part.records],
        next=part.next_cursor,
        note=part.note,
        end=part.is_last,
    )


@router.post(
    "/jobs/{text_id}/run-again", response={202: SubmissionOut, (401, 403, 404, 422, 429, 503): ProblemDetailsOut}
)
def run_again(
    request: CallerRequest, text_id: str, indexes: str = "", run_as: str = "single", index_by: str = "variable"
) -> Status[SubmissionOut]:
    """Run failed indexes of an array again, in its submission: all, or `indexes` such as 3,17-20.

    `run_as` is single (a job for each index) or array. With `index_by=variable` the program reads ARRAY_INDEX, or
    entry AWS_BATCH_JOB_ARRAY_INDEX of ARRAY_INDEXES; with wrapper, sh sets AWS_BATCH_JOB_ARRAY_INDEX before it.
    """
    array_job = request.auth.job(text_id, "submit")
    plan = parsing.index_rerun_plan(run_as, index_by)
    try:
        actions.rerun_indexes(array_job, request.auth.member, indexes, plan)
    except IndexRerunError as error:
        raise ApiProblemError(422, "The child jobs can't run again", str(error)) from None
    return Status(202, serializers.submission_out(request, array_job.submission))


@router.post(
    "/jobs/{text_id}/release", response={202: JobOut, (401, 403, 404, 429): ProblemDetailsOut}, openapi_extra=KEY
)
def release(request: CallerRequest, text_id: str) -> Status[JobOut]:
    """Release a held job, so that it is submitted to AWS. Leads only. A job that isn't held stays as it is."""
    parsing.idempotency_key(request)
    job = request.auth.job(text_id, "lead")
    actions.release(job, request.auth.member)
    return Status(202, serializers.job_out(request, request.auth.job(text_id)))


@router.post(
    "/jobs/{text_id}/stop", response={202: JobOut, (401, 403, 404, 429): ProblemDetailsOut}, openapi_extra=KEY
)
def stop(request: CallerRequest, text_id: str) -> Status[JobOut]:
    """Request that a job is stopped. Then get the job until it is final."""
    parsing.idempotency_key(request)
    job = request.auth.job(text_id, "stop")
    actions.stop(job, request.auth.member)
    return Status(202, serializers.job_out(request, request.auth.job(text_id)))
