"""One job: how it goes, what it writes, and its end on request."""

from django.http import HttpResponse
from ninja import Router

from jobs import intake
from jobs.api import asking, words
from jobs.api.answers import answer
from jobs.api.door import CallerRequest
from jobs.api.openapi import KEY
from jobs.api.shapes import JobAnswer, LogAnswer, LogLine, Problem
from jobs.reports import following, looking

router = Router(tags=["jobs"])


@router.get("/jobs/{text_id}", response={200: JobAnswer, (401, 404): Problem})
def job(request: CallerRequest, text_id: str) -> HttpResponse:
    """A job and its state."""
    found = request.auth.job(text_id)
    looking.look_at([found])
    content = words.job(request, found)
    return answer(request, 200, content, [words.job_row(content)])


@router.get("/jobs/{text_id}/log", response={200: LogAnswer, (401, 404, 422): Problem})
def log(request: CallerRequest, text_id: str, next: str = "") -> HttpResponse:  # noqa: A002 - the parameter's name
    """The log from its beginning, or from the `next` of an earlier answer; over all attempts, until `end`."""
    piece = following.follow(request.auth.job(text_id), next)
    content = LogAnswer(
        lines=[LogLine(time=line.at, text=line.text) for line in piece.lines],
        next=piece.next,
        note=piece.note,
        end=piece.end,
    )
    rows: list[tuple[object, ...]] = [("next", content.next, content.end)]
    if content.note:
        rows.append(("note", content.note))
    rows += [("line", line.time, line.text) for line in content.lines]
    return answer(request, 200, content, rows)


@router.post("/jobs/{text_id}/release", response={202: JobAnswer, (401, 403, 404, 429): Problem}, openapi_extra=KEY)
def release(request: CallerRequest, text_id: str) -> HttpResponse:
    """Have a held job sent after all, as a lead. One that is not held stays as it is."""
    asking.key(request)
    found = request.auth.job(text_id)
    intake.release(found, request.auth.member)
    content = words.job(request, request.auth.job(text_id))
    return answer(request, 202, content, [words.job_row(content)])


@router.post("/jobs/{text_id}/stop", response={202: JobAnswer, (401, 403, 404, 429): Problem}, openapi_extra=KEY)
def stop(request: CallerRequest, text_id: str) -> HttpResponse:
    """Ask for a job to be stopped. Its end is observed: ask for the job until it is final."""
    asking.key(request)
    found = request.auth.job(text_id)
    intake.stop(found, request.auth.member)
    content = words.job(request, request.auth.job(text_id))
    return answer(request, 202, content, [words.job_row(content)])
