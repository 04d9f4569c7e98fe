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
                name=row.grant.queue.name,
                region=row.grant.queue.account.region,
                state=row.grant.queue.state,
                status=row.grant.queue.status,
                running=row.running,
                waiting=row.waiting,
            )
            for row in reports.queue_rows(request.auth.member.team)
        ],
        next="",
    )
