"""The board of queues, and the page of one."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jobs import access
from jobs.access import Member
from jobs.actions.queue_snapshot import request_snapshots
from jobs.models import Feature
from jobs.reports import queues as reports
from jobs.reports.queues import QueueBoard
from jobs.web.capacity_bar import capacity_bar
from jobs.web.shell import polling
from jobs.web.shell.auth import SignedInRequest, login_required
from jobs.web.wait_chart import wait_chart


@require_safe
@login_required
def queues(request: SignedInRequest, slug: str) -> HttpResponse:
    member = access.membership(request.user, slug)
    boards = reports.team_boards(request.user, member.team)
    return _board_page(request, boards, {"member": member, "team": member.team})


@require_safe
@login_required
def all_queues(request: SignedInRequest) -> HttpResponse:
    return _board_page(request, reports.all_boards(request.user), {})


def _board_page(request: SignedInRequest, boards: list[QueueBoard], page: Mapping[str, Any]) -> HttpResponse:
    etag = polling.etag([_etag_fields(board) for board in boards])
    is_partial = polling.is_partial(request)
    if is_partial and polling.is_current(request, etag):
        return HttpResponse(status=204)
    context = {
        "rows": [(board, capacity_bar(board)) for board in boards],
        "etag": etag,
        "is_live": any(board.loads for board in boards),
        "current_page": "queues",
        **page,
    }
    return render(request, "jobs/queues/list.html" + "#live" * is_partial, context)


@require_safe
@login_required
def queue(request: SignedInRequest, slug: str, number: int) -> HttpResponse:
    return _queue_page(request, number, access.membership(request.user, slug))


@require_safe
@login_required
def queue_of_all(request: SignedInRequest, number: int) -> HttpResponse:
    return _queue_page(request, number, None)


def _queue_page(request: SignedInRequest, number: int, member: Member | None) -> HttpResponse:
    detail = reports.queue_detail(request.user, number, member.team if member else None)
    if detail is None:
        raise Http404("This queue doesn't exist, or you don't have access to it.")
    board = detail.board
    if board.oldest:
        request_snapshots({board.queue.pk: board.queue.account_id})
    etag = polling.etag(_etag_fields(board), detail.waits)
    is_partial = polling.is_partial(request)
    if is_partial and polling.is_current(request, etag):
        return HttpResponse(status=204)
    context = {
        "member": member,
        "team": member.team if member else None,
        "board": board,
        "bar": capacity_bar(board),
        "chart": wait_chart(detail.waits),
        "team_grants": detail.team_grants,
        "features": [Feature(name).label for name in sorted(detail.team_grants.features) if name in Feature.values]
        if detail.team_grants
        else [],
        "etag": etag,
        "is_live": bool(board.loads),
        "current_page": "queues",
    }
    return render(request, "jobs/queues/detail.html" + "#live" * is_partial, context)


def _etag_fields(board: QueueBoard) -> tuple[object, ...]:
    queue = board.queue
    return board, queue.state, queue.status, queue.status_reason, queue.removed_at, queue.environments
