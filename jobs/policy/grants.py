"""A team's grants, read from the database once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

from django.db.models import CharField, Count, DecimalField, F, Q, Sum, Value
from django.db.models.functions import Coalesce

from jobs.models import ImageGrant, Job, QueueGrant, RoleGrant, Team
from jobs.policy.tags import TagRequirement, tag_requirements


@dataclass(frozen=True)
class QueueLimits:
    """Limits of a team in a queue; None is no limit."""

    vcpus: int | None = None
    memory_mib: int | None = None
    gpus: int | None = None
    array_size: int | None = None
    run_seconds: int | None = None
    active_jobs: int | None = None
    active_vcpus: int | None = None

    @property
    def has_active_limits(self) -> bool:
        """Whether the current usage matters."""
        return self.active_jobs is not None or self.active_vcpus is not None


@dataclass(frozen=True)
class TeamGrants:
    """A team's grants as plain values. Anything not listed is not granted."""

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

    @classmethod
    def for_team(cls, team: Team, queue_grants: Iterable[QueueGrant] | None = None) -> Self:
        """Read the grants in three queries; in two if the caller has read the queue grants."""
        if queue_grants is None:
            queue_grants = read_queue_grants(team)
        roles = RoleGrant.objects.filter(team=team).order_by().values_list(_kind_value("role"), "pattern")
        images = ImageGrant.objects.filter(team=team).order_by().values_list(_kind_value("image"), "pattern")
        patterns = list(roles.union(images, all=True))
        return cls(
            team=team.name,
            active=team.active,
            may_register=team.may_register,
            queues={grant.queue_id: _queue_limits(grant) for grant in queue_grants},
            roles=tuple(pattern for kind, pattern in patterns if kind == "role"),
            images=tuple(pattern for kind, pattern in patterns if kind == "image"),
            features=frozenset(map(str, team.features)),
            further_fields=frozenset(map(str, team.further_fields)),
            tags=tag_requirements(team),
            default_time_limit_seconds=team.default_time_limit_seconds,
        )


def read_queue_grants(team: Team) -> list[QueueGrant]:
    """Return the team's grants of queues in active accounts, with queue and account, in one query."""
    grants = QueueGrant.objects.filter(team=team, queue__account__active=True)
    return list(grants.select_related("queue__account").order_by("queue__account__name", "queue__name"))


@dataclass(frozen=True)
class QueueUsage:
    """Usage of a queue by a team's jobs; an array counts as its size."""

    jobs: int = 0
    vcpus: Decimal = Decimal(0)
    unknown_vcpus: int = 0
    """Jobs whose vCPU are unknown; `vcpus` does not include them."""


def queue_usage(team: Team, queues: Iterable[int]) -> Mapping[int, QueueUsage]:
    """Return the usage of each queue by the team's jobs. It stays valid only under the lock of the team's row."""
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


def _kind_value(word: str) -> Value:
    return Value(word, output_field=CharField())


def _queue_limits(grant: QueueGrant) -> QueueLimits:
    return QueueLimits(
        vcpus=grant.max_vcpus,
        memory_mib=grant.max_memory_mib,
        gpus=grant.max_gpus,
        array_size=grant.max_array_size,
        run_seconds=grant.max_run_seconds,
        active_jobs=grant.max_active_jobs,
        active_vcpus=grant.max_active_vcpus,
    )
