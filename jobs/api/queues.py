"""The queues of a team."""

from ninja import Router

from jobs.api.auth import CallerRequest
from jobs.api.schemas import ProblemDetailsOut, QueueOut, QueuesOut
from jobs.reports import queues as reports

router = Router(tags=["queues"])


@router.get("/queues", response={200: QueuesOut, (401, 429): ProblemDetailsOut})
def list_queues(request: CallerRequest) -> QueuesOut:
    """List the queues that the team can submit to, with its jobs in each: all on one page."""
    return QueuesOut(
        queues=[
            QueueOut(
                name=board.queue.name,
                region=board.queue.account.region,
                state=board.queue.state,
                status=board.queue.status,
                running=board.running_jobs,
                waiting=board.waiting_jobs,
            )
            for board in reports.team_queues(request.auth.member.user, request.auth.member.team)
        ],
        next="",
    )
