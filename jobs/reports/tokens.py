"""API tokens, as their team's leads and their own people see them."""

from jobs.models import ApiToken, Team, User

MAX_TOKENS = 200


def team_tokens(team: Team) -> list[ApiToken]:
    """Return the team's tokens, newest first, revoked and expired ones too."""
    return list(ApiToken.objects.filter(team=team).select_related("person")[:MAX_TOKENS])


def valid_tokens(user: User) -> list[ApiToken]:
    return list(ApiToken.objects.valid().filter(person=user).select_related("team"))
