"""Requests for approval of a team."""

from typing import Literal

from django.http import HttpRequest
from ninja import Router

from jobs.api.auth import CallerRequest
from jobs.api.schemas import ProblemDetailsOut, RequestOut, RequestsOut
from jobs.api.serializers import approval_values
from jobs.models import Approval
from jobs.reports import approvals as reports

router = Router(tags=["approvals"])


@router.get("/approvals", response={200: RequestsOut, (401, 422, 429): ProblemDetailsOut})
def list_approvals(
    request: CallerRequest, state: Literal["waiting", "decided"] = "waiting", after: str = ""
) -> RequestsOut:
    """List the team's requests: those that wait, the oldest first, or the decided ones, the newest first.

    `after`: the `next` of the page before.
    """
    member = request.auth.member
    if state == "waiting":
        page = reports.waiting_approvals(member.team, member.user, after)
    else:
        page = reports.decided_approvals(member.team, after)
    return RequestsOut(approvals=[_request_out(request, approval) for approval in page.rows], next=page.next)


def _request_out(request: HttpRequest, approval: Approval) -> RequestOut:
    return RequestOut(
        id=approval.text_id,
        url=request.build_absolute_uri(approval.get_absolute_url()),
        submission=approval.submission.text_id,
        name=approval.submission.name,
        user=approval.requester.username,
        **approval_values(approval),
    )
