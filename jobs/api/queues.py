"""The queues of a team."""

from ninja import Router

from jobs.api.auth import CallerRequest
from jobs.api.schemas import ProblemDetailsOut, QueueOut, QueuesOut
from jobs.reports import queues as reports

PAGE_SIZE = 50

router = Router(tags=["queues"])


@router.get("/queues", response={200: QueuesOut, (401, 422, 429): ProblemDetailsOut})
def list_queues(request: CallerRequest, after: str = "") -> QueuesOut:
    """List the queues that the team can submit to, with its jobs in each. `after`: the `next` of the page before."""
    member = request.auth.member
    page = reports.queue_page(member.user, member.team, after, PAGE_SIZE)
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
            for board in page.rows
        ],
        next=page.next,
    )
