"""A row of costs that AWS tells, beside the portal's estimate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class ComparisonRow:
    """`value` is None for what has none. `usd` is the amount that AWS tells."""

    value: str | None
    label: str
    estimate: Decimal
    usd: Decimal
    cents: Mapping[str, Decimal] = field(default_factory=dict, kw_only=True)
    """Amounts rounded so that those of all rows add up."""

    @property
    def difference(self) -> Decimal:
        return self.usd - self.estimate

    @property
    def change(self) -> Decimal | None:
        """The difference in percent of the estimate; None where that is zero."""
        return self.difference / self.estimate * 100 if self.estimate else None
