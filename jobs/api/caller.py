"""The person, team and role that a token acts for."""

from ninja import Router

from jobs.api.auth import CallerRequest
from jobs.api.schemas import CallerOut, ProblemDetailsOut

router = Router(tags=["token"])


@router.get("/me", response={200: CallerOut, 401: ProblemDetailsOut})
def me(request: CallerRequest) -> CallerOut:
    """Return the person, the team and the role that the token acts for, and whether it may submit."""
    token, member = request.auth.token, request.auth.member
    return CallerOut(
        user=member.user.username,
        team=member.team.slug,
        role=member.role,
        token=token.name,
        can_submit=token.may_submit and member.can("submit"),
        expires_at=token.expires_at,
    )
