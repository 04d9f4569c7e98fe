"""One turn of a workflow: its times, calls and costs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from bench.results import percentile

BURST_SECONDS = 0.8  # what the portal allows itself, too


@dataclass(frozen=True)
class Pace:
    """Submissions a second; after a pause those of `burst_seconds` leave at once."""

    rate: float
    burst_seconds: float

    def floor(self, sends: int) -> float:
        """Return how long so many take at least, from the first to the last."""
        return max(0.0, (sends - 1) / self.rate - self.burst_seconds)


@dataclass(frozen=True)
class Turn:
    """Times are seconds since the start. `wall` is when the last end was known, `accepted` when the request was.

    `floor` is what the sends take at the limit at least; `holes` is how much longer they took, the longest pause
    between two being `longest_gap`.
    """

    jobs: int
    wall: float
    accepted: float
    first_send: float
    last_send: float
    floor: float
    longest_gap: float
    calls: dict[str, int]
    throttles: int
    sent_twice: int
    delay_p50: float
    delay_p95: float
    ends_known: int
    cpu_ms: dict[str, float]
    """Milliseconds for each job, by process."""

    @property
    def holes(self) -> float:
        return max(0.0, self.last_send - self.first_send - self.floor)

    @property
    def calls_per_job(self) -> float:
        return sum(self.calls.values()) / self.jobs

    @property
    def cpu_ms_per_job(self) -> float:
        return sum(self.cpu_ms.values())

    def to_json(self) -> dict[str, Any]:
        more = {"holes": self.holes, "calls_per_job": self.calls_per_job, "cpu_ms_per_job": self.cpu_ms_per_job}
        return asdict(self) | more


def turn_of(
    record: Mapping[str, Any],
    known_at: Mapping[str, float],
    *,
    jobs: int,
    started_at: float,
    accepted_at: float,
    pace: Pace,
    cpu: Mapping[str, float],
) -> Turn:
    """Return a turn from AWS's record and the time at which each of its job ids was known to have ended."""
    ends, sends = record["ends"], record["sends"]
    delays = [known_at[job_id] - ended_at for job_id, ended_at in ends.items() if job_id in known_at]
    return Turn(
        jobs=jobs,
        wall=max(known_at.values()) - started_at,
        accepted=accepted_at - started_at,
        first_send=sends[0] - started_at,
        last_send=sends[-1] - started_at,
        floor=pace.floor(len(sends)),
        longest_gap=longest_gap(sends),
        calls=record["calls"],
        throttles=sum(record["throttles"].values()),
        sent_twice=record["sent_twice"],
        delay_p50=percentile(delays, 0.5),
        delay_p95=percentile(delays, 0.95),
        ends_known=len(delays),
        cpu_ms={name: seconds * 1000 / jobs for name, seconds in cpu.items()},
    )


def longest_gap(times: Sequence[float]) -> float:
    gaps: Iterable[float] = (later - earlier for earlier, later in pairwise(times))
    return max(gaps, default=0.0)
