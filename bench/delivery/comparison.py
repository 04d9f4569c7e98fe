"""The table of a comparison: measurements and goals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

MAX_WALL_RATIO, WALL_RATIO_GOAL = 1.5, 1.2
MAX_CPU_MS = 30.0


@dataclass(frozen=True)
class BenchRun:
    """One run of a workflow: seconds since its start, and its costs."""

    wall: float
    cpu: float
    calls: dict[str, int]
    sent: float
    accepted: float = 0.0
    started: float = 0.0
    late: list[float] = field(default_factory=list)
    cpu_by: dict[str, float] = field(default_factory=dict)


def percentile(ordered: Sequence[float], part: float) -> float:
    """Return the value below which that share of the ordered values is."""
    return ordered[max(0, ceil(len(ordered) * part) - 1)]


def lines(title: str, jobs: int, loops: Sequence[BenchRun], portals: Sequence[BenchRun]) -> Iterator[str]:
    """Yield lines on one workflow. The quickest run of each way counts, being the least disturbed."""
    loop, portal = (min(turns, key=lambda turn: turn.wall) for turns in (loops, portals))
    ratio = portal.wall / loop.wall
    calls = sum(portal.calls.values()) / jobs
    poll_count = portal.calls.get("DescribeJobs", 0)
    cpu_ms = portal.cpu / jobs * 1000
    others = {
        name: count for name, count in portal.calls.items() if count and name not in ("SubmitJob", "DescribeJobs")
    }
    sent = portal.calls.get("SubmitJob", 0)
    walls = ", ".join(f"{turn.wall:.1f}" for turn in portals)
    yield f"{title}: from acceptance until all ends are known, best of {len(portals)} turns"
    yield _row("wall time", f"{portal.wall:.2f} s, script {loop.wall:.2f} s: {ratio:.2f} times",
               f"≤ {MAX_WALL_RATIO}, target {WALL_RATIO_GOAL}", met=ratio <= MAX_WALL_RATIO)  # fmt: skip
    yield _row("AWS calls per job", f"{calls:.2f} (submits {sent}, polls {poll_count}, others {others or 'none'})",
               "≤ 1 + polls of 100", met=sent == jobs and not others.get("ListJobs"))  # fmt: skip
    yield _row("CPU per job", f"{cpu_ms:.1f} ms, script {loop.cpu / jobs * 1000:.1f} ms",
               f"≤ {MAX_CPU_MS:.0f} ms", met=cpu_ms <= MAX_CPU_MS)  # fmt: skip
    yield _row(
        "delay of an end", f"p50 {percentile(portal.late, 0.5):.2f} s, p95 {percentile(portal.late, 0.95):.2f} s", ""
    )
    yield _row(
        "phases",
        f"accepted at {portal.accepted:.2f} s, submitting from {portal.started:.2f} to {portal.sent:.2f} s "
        f"(script: to {loop.sent:.2f} s), then {portal.wall - portal.sent:.2f} s until the last end was known",
        "",
    )
    if ratio > MAX_WALL_RATIO:
        worker = sum(seconds for name, seconds in portal.cpu_by.items() if name.startswith("worker"))
        yield _row(
            "reason",
            f"of the additional {portal.wall - loop.wall:.1f} s, {portal.accepted:.1f} s are for accepting jobs; "
            f"workers were busy for {worker:.1f} s: they store each job's intent before the request, its ID "
            "after it, and its history; the script stores nothing",
            "",
        )
    cpu_by_process = ", ".join(f"{name} {seconds / jobs * 1000:.1f}" for name, seconds in portal.cpu_by.items())
    yield _row("CPU by process", f"{cpu_by_process} ms per job", "")
    yield _row("all turns", f"portal {walls} s; script {', '.join(f'{turn.wall:.1f}' for turn in loops)} s", "")


def _row(what: str, measured: str, goal: str, *, met: bool = True) -> str:
    suffix = f"  [{goal}: {'met' if met else 'MISSED'}]" if goal else ""
    return f"  {what:<16} {measured}{suffix}"


def burst_line(durations: Sequence[float]) -> str:
    return (
        f"{len(durations)} submissions of one job, posted at once: p50 {percentile(durations, 0.5):.2f} s, "
        f"p95 {percentile(durations, 0.95):.2f} s, last {durations[-1]:.2f} s, "
        f"{len(durations) / durations[-1]:.0f} per second"
    )
