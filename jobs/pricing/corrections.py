"""Counts of corrections of past costs, by team."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Self

from jobs.pricing import exact_sum


@dataclass
class TeamCorrections:
    """Attempts are of an array all its successful, or all its failed children. `units` is the difference."""

    checked: int = 0
    corrected: int = 0
    unknown: int = 0
    """Attempts whose cost is still unknown in part, and stays as it is."""
    units: int = 0

    @property
    def usd(self) -> Decimal:
        return exact_sum.usd(self.units)


@dataclass
class RepriceResult:
    by_team: dict[int, TeamCorrections] = field(default_factory=lambda: defaultdict(TeamCorrections))
    """By key of the team."""

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        result = cls()
        result.by_team.update({int(team): TeamCorrections(**counts) for team, counts in stored.items()})
        return result

    def to_json(self) -> dict[str, Any]:
        return {str(team): asdict(counts) for team, counts in self.by_team.items()}

    @property
    def total(self) -> TeamCorrections:
        rows = [asdict(counts) for counts in self.by_team.values()]
        return TeamCorrections(**{name: sum(row[name] for row in rows) for name in asdict(TeamCorrections())})
