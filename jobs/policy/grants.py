"""A team's grants, read in one query."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Self

from django.conf import settings
from django.db import connection
from django.db.models import Count, DecimalField, F, Q, QuerySet, Sum, TextField, Value
from django.db.models.functions import Cast, Coalesce, JSONObject

from jobs.models import Budget, BudgetTerms, ImageGrant, Job, QueueGrant, RoleGrant, TagRule, Team
from jobs.models.queue import GRANT_FIELDS
from jobs.policy.tags import TagRequirement, tag_requirements
from jobs.spec.rules.required_size import DefaultSize

GrantRow = tuple[str, str]
"""Kind and content of a grant: a pattern, or JSON as the database writes it."""

_ANY_TEAM = -1
"""Placeholder for a team's key in the built query."""

_QUEUE_FIELDS = {
    name: F(name)
    for name in (
        "queue_id",
        *GRANT_FIELDS,
        "queue__state",
        "queue__status",
        "queue__removed_at",
        "queue__seen_at",
    )
}
_BUDGET_FIELDS = {
    name: F(name)
    for name in ("pk", "tag_key", "tag_value", "period", "usd", "warn_percent", "approve_percent", "stop_percent")
}
_TAG_FIELDS = {name: F(name) for name in ("team_id", "key", "required", "allowed", "pattern", "default", "filled_by")}


@dataclass(frozen=True)
class QueueLimits:
    """None is no limit."""

    vcpus: int | None = None
    memory_mib: int | None = None
    gpus: int | None = None
    array_size: int | None = None
    run_seconds: int | None = None
    active_jobs: int | None = None
    active_vcpus: int | None = None
    forms_only: str = ""
    """Whose submissions have to come from a launch form, of `FormsOnly`; no limit of the team."""

    @property
    def has_active_limits(self) -> bool:
        return self.active_jobs is not None or self.active_vcpus is not None


@dataclass(frozen=True)
class TeamGrants:
    """Anything not listed is not granted."""

    team: str
    active: bool = True
    may_register: bool = False
    queues: Mapping[int, QueueLimits] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    features: frozenset[str] = frozenset()
    further_fields: frozenset[str] = frozenset()
    tags: tuple[TagRequirement, ...] = ()
    default_time_limit_seconds: int | None = None
    queue_versions: Mapping[int, tuple[object, ...]] = field(default_factory=dict, compare=False, repr=False)
    """Differ after every change of a queue."""
    default_size: DefaultSize | None = None
    """For definitions that name no size: the team's own, or the portal's."""
    default_size_owner: str = ""
    """“team” or “portal”; empty without a default size."""
    budgets: tuple[BudgetTerms, ...] = ()

    @classmethod
    def for_team(cls, team: Team) -> Self:
        return cls.from_rows(team, _read_rows(team))

    @classmethod
    def from_rows(cls, team: Team, rows: Iterable[GrantRow]) -> Self:
        contents: dict[str, list[str]] = {}
        for kind, content in sorted(rows):
            contents.setdefault(kind, []).append(content)
        queues = [json.loads(content) for content in contents.get("queue", ())]
        return cls(
            team=team.name,
            active=team.active,
            may_register=team.may_register,
            queues={queue["queue_id"]: _queue_limits(queue) for queue in queues},
            roles=tuple(contents.get("role", ())),
            images=tuple(contents.get("image", ())),
            features=frozenset(map(str, team.features)),
            further_fields=frozenset(map(str, team.further_fields)),
            tags=tag_requirements(json.loads(content) for content in contents.get("tag", ())),
            default_time_limit_seconds=team.default_time_limit_seconds,
            queue_versions={queue["queue_id"]: _queue_version(queue) for queue in queues},
            default_size=_team_size(team) or settings.DEFAULT_SIZE,
            budgets=tuple(_budget_terms(json.loads(content)) for content in contents.get("budget", ())),
            default_size_owner="team" if _team_size(team) else "portal" if settings.DEFAULT_SIZE else "",
        )


def _team_size(team: Team) -> DefaultSize | None:
    if team.default_vcpus is None or team.default_memory_mib is None:
        return None
    return DefaultSize(team.default_vcpus, team.default_memory_mib)


def grant_rows(team: Team) -> QuerySet[Any, GrantRow]:
    tag_rules = TagRule.objects.filter(Q(team=team) | Q(team=None))
    return (
        _rows("queue", _queue_grants(team), JSONObject(**_QUEUE_FIELDS))
        .union(
            _rows("role", RoleGrant.objects.filter(team=team), F("pattern")),
            _rows("image", ImageGrant.objects.filter(team=team), F("pattern")),
            _rows("tag", tag_rules, JSONObject(**_TAG_FIELDS)),
            _rows("budget", Budget.objects.filter(team=team, active=True), JSONObject(**_BUDGET_FIELDS)),
            all=True,
        )
        .order_by()
    )


def _read_rows(team: Team) -> list[GrantRow]:
    """Read the query as built once: building takes longer than reading."""
    sql, params = _compiled_rows()
    with connection.cursor() as cursor:
        cursor.execute(sql, [team.pk if param == _ANY_TEAM else param for param in params])
        return list(cursor.fetchall())


@cache
def _compiled_rows() -> tuple[str, tuple[Any, ...]]:
    return grant_rows(Team(pk=_ANY_TEAM)).query.sql_with_params()


def _rows(kind: str, queryset: QuerySet[Any], content: Any) -> QuerySet[Any, GrantRow]:
    return queryset.order_by().values_list(Value(kind, output_field=TextField()), Cast(content, TextField()))


def read_queue_grants(team: Team) -> list[QueueGrant]:
    grants = _queue_grants(team).select_related("queue__account")
    return list(grants.order_by("queue__account__name", "queue__name"))


def _queue_grants(team: Team) -> QuerySet[QueueGrant]:
    return QueueGrant.objects.filter(team=team, queue__account__active=True)


@dataclass(frozen=True)
class QueueUsage:
    """An array counts as its size."""

    jobs: int = 0
    vcpus: Decimal = Decimal(0)
    unknown_vcpus: int = 0
    """Jobs whose vCPU are unknown, which `vcpus` does not include."""


def queue_usage(team: Team, queues: Iterable[int]) -> Mapping[int, QueueUsage]:
    """Return a usage that stays valid only under the lock of the team's row."""
    size = Coalesce(F("array_size"), 1)
    rows = (
        Job.objects.filter(team=team, queue__in=set(queues))
        .counting_against_quota()
        .order_by()
        .values_list("queue")
        .annotate(
            jobs=Sum(size),
            of_vcpus=Sum(F("vcpus") * size, output_field=DecimalField()),
            unsized=Count("pk", filter=Q(vcpus=0)),
        )
    )
    return {queue: QueueUsage(jobs, Decimal(vcpus), unsized) for queue, jobs, vcpus, unsized in rows}


def _queue_limits(queue: Mapping[str, Any]) -> QueueLimits:
    return QueueLimits(
        vcpus=queue["max_vcpus"],
        memory_mib=queue["max_memory_mib"],
        gpus=queue["max_gpus"],
        array_size=queue["max_array_size"],
        run_seconds=queue["max_run_seconds"],
        active_jobs=queue["max_active_jobs"],
        active_vcpus=queue["max_active_vcpus"],
        forms_only=queue["forms_only"],
    )


def _queue_version(queue: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(queue[f"queue__{name}"] for name in ("state", "status", "removed_at", "seen_at"))


def _budget_terms(budget: Mapping[str, Any]) -> BudgetTerms:
    """JSON has the amount as a float, which is exact to the cent in the column's range."""
    return BudgetTerms(**{**budget, "usd": Decimal(str(budget["usd"])).quantize(Decimal("0.01"))})
