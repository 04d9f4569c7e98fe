"""A team for its members."""

from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, Value, When

from jobs.access import Member
from jobs.models import Feature, Membership, QueueGrant, Role, TagRule, Team


@dataclass(frozen=True)
class Teammate:
    membership: Membership
    is_manageable: bool


@dataclass(frozen=True)
class TeamOverview:
    """Rules for all teams count unless the team has replaced them."""

    members: list[Teammate]
    queues: list[QueueGrant]
    roles: list[str]
    images: list[str]
    features: list[str]
    tag_rules: list[TagRule]


def team_overview(member: Member) -> TeamOverview:
    team = member.team
    rank = Case(
        When(role=Role.LEAD, then=Value(0)),
        When(role=Role.ANALYST, then=Value(1)),
        default=2,
        output_field=IntegerField(),
    )
    memberships = team.memberships.filter(user__is_active=True).select_related("user", "team")
    granted = team.queue_grants.filter(queue__account__active=True).select_related("queue__account")
    return TeamOverview(
        members=[Teammate(row, member.can_manage(row)) for row in memberships.order_by(rank, "user__username")],
        queues=list(granted.order_by("-is_default", "queue__name")),
        roles=list(team.role_grants.values_list("pattern", flat=True)),
        images=list(team.image_grants.values_list("pattern", flat=True)),
        features=[Feature(name).label for name in team.features if name in Feature.values],
        tag_rules=_tag_rules(team),
    )


def _tag_rules(team: Team) -> list[TagRule]:
    rules = TagRule.objects.filter(Q(team=team) | Q(team=None)).order_by("key", "team")
    by_key = {rule.key: rule for rule in sorted(rules, key=lambda rule: rule.team_id is not None)}
    return [by_key[key] for key in sorted(by_key)]
