"""Lines about the turns of a workflow, goals, and the result as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from bench.delivery.turn import Turn
from bench.results import spread

MAX_RATIO, MAX_CPU_MS, MAX_CALLS, MAX_DELAY_AFTER_POLL = 1.15, 10.0, 1.05, 0.5
MIN_JOBS = 100
POLL_SECONDS = 1  # unless another is measured
MAX_IDLE_PERCENT, MAX_IDLE_MIB = 1.5, 360.0


def summary(
    title: str, loops: Sequence[Turn], portals: Mapping[int, Sequence[Turn]], poll_seconds: float
) -> dict[str, Any]:
    """Return medians over the turns, the goals, and all turns. `portals`: by number of workers."""
    loop_wall = median(turn.wall for turn in loops)
    return {
        "title": title,
        "jobs": loops[0].jobs,
        "loop": _medians(loops) | {"spread": spread([turn.wall for turn in loops]), "turns": len(loops)},
        "portal": {
            str(workers): _medians(turns)
            | {
                "ratio": median(turn.wall for turn in turns) / loop_wall,
                "spread": spread([turn.wall for turn in turns]),
                "turns": len(turns),
                "goals": goals(turns, loop_wall, poll_seconds),
            }
            for workers, turns in portals.items()
        },
        "turns": {"loop": [turn.to_json() for turn in loops]}
        | {f"portal, workers {workers}": [turn.to_json() for turn in turns] for workers, turns in portals.items()},
    }


def goals(turns: Sequence[Turn], loop_wall: float, poll_seconds: float) -> dict[str, str]:
    """Return each goal with "met" or "MISSED", by what it is about.

    Those for each job apply to workflows of a hundred jobs or more: of fewer, a poll alone is more.
    """
    measured, max_delay = _medians(turns), poll_seconds + MAX_DELAY_AFTER_POLL
    is_correct = all(turn.ends_known == turn.jobs and not turn.sent_twice + turn.throttles for turn in turns)
    reached = {
        "ratio": _goal(f"≤ {MAX_RATIO}", is_met=measured["wall"] / loop_wall <= MAX_RATIO),
        "delay": _goal(f"≤ {max_delay:g} s", is_met=measured["delay_p95"] <= max_delay),
        "correct": _goal("all, 0, 0", is_met=is_correct),
    }
    if turns[0].jobs >= MIN_JOBS:
        reached["cpu"] = _goal(f"≤ {MAX_CPU_MS:.0f} ms", is_met=measured["cpu_ms_per_job"] <= MAX_CPU_MS)
        reached["calls"] = _goal(f"≤ {MAX_CALLS}", is_met=measured["calls_per_job"] <= MAX_CALLS)
    return reached


def lines(workflow: Mapping[str, Any]) -> Iterator[str]:
    loop = workflow["loop"]
    yield f"{workflow['title']}: loop {loop['wall']:.2f} s (spread {loop['spread']:.0%}); {_phases(loop)}"
    for workers, portal in workflow["portal"].items():
        reached = portal["goals"]
        calls = ", ".join(f"{name} {count:g}" for name, count in portal["calls"].items())
        processes = ", ".join(f"{name} {amount:.1f}" for name, amount in portal["cpu_ms"].items())
        delay = f"p50 {portal['delay_p50']:.2f} s, p95 {portal['delay_p95']:.2f} s"
        yield (
            f"  workers {workers}: {portal['wall']:.2f} s, {portal['ratio']:.2f} × (spread {portal['spread']:.0%})"
            f"{_goal_suffix(reached, 'ratio')}"
        )
        yield f"    {_phases(portal)}"
        yield f"    CPU per job {portal['cpu_ms_per_job']:.1f} ms{_goal_suffix(reached, 'cpu')}: {processes}"
        yield (
            f"    calls per job {portal['calls_per_job']:.3f}{_goal_suffix(reached, 'calls')}: {calls}; "
            f"loop {loop['calls_per_job']:.3f}"
        )
        yield f"    end to known {delay}{_goal_suffix(reached, 'delay')}"
        yield (
            f"    ends known {portal['ends_known']:g} of {workflow['jobs']}, sent twice {portal['sent_twice']:g}, "
            f"429s {portal['throttles']:g}{_goal_suffix(reached, 'correct')}"
        )


def reasons(loop: Mapping[str, Any], portal: Mapping[str, Any]) -> list[str]:
    """Return each goal that was missed, with the figures that explain it."""
    more = portal["wall"] - loop["wall"]
    start = max(0.0, portal["first_send"] - portal["accepted"])  # a worker may be sooner than the response
    tail, loop_tail = (turn["wall"] - turn["last_send"] for turn in (portal, loop))
    processes = ", ".join(f"{name} {amount:.1f}" for name, amount in portal["cpu_ms"].items())
    calls = ", ".join(f"{name} {count:g}" for name, count in portal["calls"].items())
    texts = {
        "ratio": f"ratio {portal['ratio']:.2f}: {more:.2f} s more than the loop "
        f"({portal['accepted']:.2f} s to accept, {start:.2f} s to the first send, {portal['holes']:.2f} s holes, "
        f"{tail - loop_tail:.2f} s more from the last send to the last end known)",
        "delay": f"end to known p95 {portal['delay_p95']:.2f} s",
        "correct": f"ends known {portal['ends_known']:g} of {portal['jobs']:g}, sent twice {portal['sent_twice']:g}, "
        f"429s {portal['throttles']:g}",
        "cpu": f"CPU per job {portal['cpu_ms_per_job']:.1f} ms: {processes}",
        "calls": f"calls per job {portal['calls_per_job']:.3f}: {calls}; the loop {loop['calls_per_job']:.3f}",
    }
    return [f"{texts[name]} (goal {text})" for name, text in portal["goals"].items() if text.endswith("MISSED")]


def idle_goals(idle: Mapping[str, Any]) -> dict[str, str]:
    cpu, memory = sum(idle["cpu_percent"].values()), sum(idle["pss_mib"].values())
    return {
        "cpu": _goal(f"≤ {MAX_IDLE_PERCENT} %", is_met=cpu <= MAX_IDLE_PERCENT),
        "memory": _goal(f"≤ {MAX_IDLE_MIB:.0f} MiB", is_met=memory <= MAX_IDLE_MIB),
    }


def idle_lines(idle: Mapping[str, Any]) -> Iterator[str]:
    cpu, memory = sum(idle["cpu_percent"].values()), sum(idle["pss_mib"].values())
    by_process = ", ".join(
        f"{name} {percent:.2f} % {idle['pss_mib'][name]:.0f} MiB" for name, percent in idle["cpu_percent"].items()
    )
    reached = idle_goals(idle)
    yield (
        f"idle for {idle['seconds']:g} s: {cpu:.2f} % of one core  [{reached['cpu']}], "
        f"{memory:.0f} MiB  [{reached['memory']}]: {by_process}; calls {dict(idle['calls']) or 'none'}"
    )


def _phases(turn: Mapping[str, Any]) -> str:
    return (
        f"accepted {turn['accepted']:.2f}, first send {turn['first_send']:.2f}, limit's floor {turn['floor']:.2f}, "
        f"holes {turn['holes']:.2f} (longest gap {turn['longest_gap']:.2f}), "
        f"last send to last end known {turn['wall'] - turn['last_send']:.2f} s"
    )


def _goal_suffix(reached: Mapping[str, str], name: str) -> str:
    return f"  [{reached[name]}]" if name in reached else ""


def _goal(limit: str, *, is_met: bool) -> str:
    return f"{limit}: {'met' if is_met else 'MISSED'}"


def _medians(turns: Sequence[Turn]) -> dict[str, Any]:
    """Return the median of each figure over the turns, of each operation and of each process."""
    documents = [turn.to_json() for turn in turns]
    return {name: _median([document[name] for document in documents]) for name in documents[0]}


def _median(values: list[Any]) -> Any:
    if isinstance(values[0], dict):
        names = {name: None for value in values for name in value}
        return {name: median(value.get(name, 0) for value in values) for name in names}
    return median(values)
