"""What a submission will probably cost, before any of it runs: sizes, how long its jobs usually take, and the rates.

How long one run takes is what nine of ten earlier good runs of the same definition by the same team took, but not
longer than its time limit; without earlier runs, its time limit; without either, one hour is assumed. One attempt of
each job is counted, and a child of an array is a run like any other. What is said is how it was come by, each time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any

from jobs.models import CostLine, Team
from jobs.pricing.estimate import HOUR, Attempt, Share, Size, receipt
from jobs.pricing.rates import Rates

ASSUMED_SECONDS = Decimal(3600)
# So many of the newest runs say what is usual, and of so many definitions at most it is asked.
LOOKED_AT = 20
DEFINITIONS_AT_MOST = 10
# So many of the dearest jobs are kept one by one.
KEPT_PARTS = 50


class Basis(StrEnum):
    """Where a run time comes from."""

    USUAL = "usual"
    LIMIT = "limit"
    ASSUMED = "assumed"


@dataclass(frozen=True)
class Length:
    """How long one run is thought to take, and from how many earlier ones that was learnt."""

    seconds: Decimal
    basis: Basis
    learnt_from: int = 0


@dataclass(frozen=True)
class Planned:
    """A job that has not run: its size, how many times it runs, and what may be known of its length."""

    name: str
    size: Size
    runs: int
    definition: int
    limit_seconds: int = 0  # 0: none


@dataclass(frozen=True)
class Part:
    """What one job is thought to cost. `shares` are of one run; no price: nobody knows, and `unknown` says why."""

    name: str
    runs: int
    length: Length
    shares: tuple[Share, ...]
    usd: Decimal | None
    vcpu_hours: Decimal
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Forecast:
    """All jobs of a submission together. No price: that of some part is not known."""

    parts: tuple[Part, ...]
    made_at: datetime

    @property
    def usd(self) -> Decimal | None:
        known = [part.usd for part in self.parts if part.usd is not None]
        return sum(known, Decimal(0)) if len(known) == len(self.parts) else None

    @property
    def vcpu_hours(self) -> Decimal:
        return sum((part.vcpu_hours for part in self.parts), Decimal(0))

    def as_json(self) -> dict[str, Any]:
        """As it is kept: numbers as text, so that no digit is lost; the dearest jobs first."""
        dearest = sorted(self.parts, key=lambda part: (part.usd is not None, -(part.usd or 0)))
        rest = dearest[KEPT_PARTS:]
        return {
            "usd": _text(self.usd),
            "vcpu_hours": f"{self.vcpu_hours:f}",
            "made_at": self.made_at.isoformat(),
            "parts": [_part_json(part) for part in dearest[:KEPT_PARTS]],
            "more": {"jobs": len(rest), "usd": f"{sum((part.usd or Decimal(0) for part in rest), Decimal(0)):f}"},
        }


def forecast(
    planned: Iterable[Planned], usual: Mapping[int, Sequence[Decimal]], rates: Rates, moment: datetime
) -> Forecast:
    """What the jobs will probably cost at the rates of a moment. `usual` has the lengths of earlier good runs, by
    definition."""
    return Forecast(tuple(_part(job, usual.get(job.definition, ()), rates, moment) for job in planned), moment)


def length_of(limit_seconds: int, earlier: Sequence[Decimal]) -> Length:
    """How long one run will probably take."""
    limit = Decimal(limit_seconds) if limit_seconds else None
    if earlier:
        place = int((len(earlier) * Decimal("0.9")).to_integral_value(ROUND_CEILING)) - 1
        usual = Length(sorted(earlier)[place], Basis.USUAL, len(earlier))
        return replace(usual, seconds=min(usual.seconds, limit)) if limit else usual
    return Length(limit, Basis.LIMIT) if limit else Length(ASSUMED_SECONDS, Basis.ASSUMED)


def usual_lengths(team: Team, definitions: Iterable[int]) -> Mapping[int, Sequence[Decimal]]:
    """Seconds of the newest good runs of each definition by the team; one question to the database for each."""
    asked = list(dict.fromkeys(definitions))[:DEFINITIONS_AT_MOST]
    found: dict[int, Sequence[Decimal]] = {}
    for definition in asked:
        lines = CostLine.objects.filter(definition=definition, team=team, succeeded=True, runs__gt=0).order_by("-pk")
        found[definition] = [
            seconds / runs for seconds, runs in lines.values_list("billed_seconds", "runs")[:LOOKED_AT] if seconds
        ]
    return found


def _part(job: Planned, earlier: Sequence[Decimal], rates: Rates, moment: datetime) -> Part:
    length = length_of(job.limit_seconds, earlier)
    ends = moment + timedelta(milliseconds=int(length.seconds * 1000))
    [line] = receipt(job.size, [Attempt(moment, ends, succeeded=True)], rates).lines
    hours = job.size.vcpus * length.seconds / HOUR * job.runs
    return Part(
        name=job.name,
        runs=job.runs,
        length=length,
        shares=line.shares,
        usd=None if line.reasons else line.usd * job.runs,
        vcpu_hours=hours,
        unknown=line.reasons,
    )


def _part_json(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "runs": part.runs,
        "seconds": f"{part.length.seconds.normalize():f}",
        "basis": part.length.basis.value,
        "learnt_from": part.length.learnt_from,
        "vcpu_hours": f"{part.vcpu_hours:f}",
        "usd": _text(part.usd),
        "unknown": list(part.unknown),
        "shares": [
            {
                "resource": share.resource,
                "amount": f"{share.amount.normalize():f}",
                "usd_per_hour": f"{share.usd_per_hour.normalize():f}",
                "valid_from": share.valid_from.isoformat(),
                "usd": f"{share.usd:f}",
            }
            for share in part.shares
        ],
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
