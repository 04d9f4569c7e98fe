"""Corrections of past costs by administrators, with what they change in each team."""

from dataclasses import dataclass

from jobs.models import Repricing, Team
from jobs.pricing.corrections import RepriceResult, TeamCorrections


@dataclass(frozen=True)
class RepricingView:
    """`rows` are what would change, or what has changed once it is applied, by name of the team."""

    repricing: Repricing
    rows: list[tuple[str, TeamCorrections]]
    total: TeamCorrections

    @property
    def is_working(self) -> bool:
        return self.repricing.due_at is not None

    @property
    def is_applied(self) -> bool:
        return self.repricing.applied_at is not None

    @property
    def can_apply(self) -> bool:
        return bool(self.repricing.previewed_at and not self.is_applied and self.total.corrected)


def repricing_view(row: Repricing) -> RepricingView:
    names = dict(Team.objects.values_list("pk", "name"))
    result = RepriceResult.from_json(row.result if row.applied_at else row.preview)
    rows = [(names.get(team, "A deleted team"), counts) for team, counts in result.by_team.items()]
    return RepricingView(row, sorted(rows, key=lambda item: item[0]), result.total)
