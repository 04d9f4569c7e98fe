"""Summary of what needs an administrator now."""

from dataclasses import dataclass

from jobs.models import Approval, Membership, Queue, Role, Team, User
from jobs.reports.health import AccountHealth, Health, HealthCheck, collect_health

MAX_REQUESTS = 5


@dataclass(frozen=True)
class MappingGap:
    text: str
    list_name: str
    query: str


@dataclass(frozen=True)
class AdministrationSummary:
    health: Health
    requests: list[Approval]
    request_count: int
    gaps: list[MappingGap]

    @property
    def failing_processes(self) -> list[HealthCheck]:
        return [check for check in self.health.processes if check.tone != "good"]

    @property
    def troubled_accounts(self) -> list[AccountHealth]:
        accounts = (
            AccountHealth(row.account, [check for check in row.checks if check.tone != "good"])
            for row in self.health.accounts
        )
        return [row for row in accounts if row.checks]

    @property
    def is_empty(self) -> bool:
        return not (self.failing_processes or self.troubled_accounts or self.requests or self.gaps)


def administration_summary(user: User) -> AdministrationSummary:
    decidable = Approval.objects.decidable_by(user)
    requests = decidable.select_related("team", "requester", "submission").order_by("pk")
    requests = requests.defer("submission__text", "submission__document", "submission__notes")
    return AdministrationSummary(
        health=collect_health(),
        requests=list(requests[:MAX_REQUESTS]),
        request_count=decidable.count(),
        gaps=_mapping_gaps(),
    )


def _mapping_gaps() -> list[MappingGap]:
    teams = Team.objects.filter(active=True)
    leads = Membership.objects.filter(role=Role.LEAD, user__is_active=True)
    counts = (
        (Queue.objects.filter(grants=None, removed_at=None).count(), "queue", "without a team", "queue", "team=none"),
        (teams.filter(queue_grants=None).count(), "team", "without a queue", "team", "missing=queue&active__exact=1"),
        (
            teams.exclude(memberships__in=leads).count(),
            "team",
            "without a lead",
            "team",
            "missing=lead&active__exact=1",
        ),
    )
    return [
        MappingGap(f"{count} {noun}{'' if count == 1 else 's'} {lack}", f"admin:jobs_{model}_changelist", query)
        for count, noun, lack, model, query in counts
        if count
    ]
