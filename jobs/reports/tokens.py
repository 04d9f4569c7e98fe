"""API tokens of a team."""

from django.db.models import Exists, OuterRef, QuerySet

from jobs.models import ApiToken, Team, User

MAX_TOKENS = 200


def team_tokens(team: Team) -> list[ApiToken]:
    return _list(ApiToken.objects.filter(team=team))


def own_tokens(user: User) -> list[ApiToken]:
    return _list(ApiToken.objects.filter(person=user))


def valid_tokens(user: User) -> list[ApiToken]:
    return list(ApiToken.objects.valid().filter(person=user).select_related("team"))


def _list(rows: QuerySet[ApiToken]) -> list[ApiToken]:
    valid = ApiToken.objects.valid().filter(pk=OuterRef("pk"))
    return list(rows.select_related("person", "team").annotate(is_valid=Exists(valid))[:MAX_TOKENS])
