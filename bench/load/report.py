"""Figures and lines of one rate."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.load.generator import RequestResult
from bench.load.mix import SHARES
from bench.results import percentile

MAX_P95_MS = {25: 300.0}  # by rate; at each rate there are no errors


def figures(
    rate: float, seconds: float, results: Sequence[RequestResult], cpu: Mapping[str, float]
) -> dict[str, Any]:
    """Return times of all and of each kind, errors, and the processor seconds of each process a second."""
    kinds = {kind: [result for result in results if result.request.kind == kind] for kind in SHARES}
    all_figures = _times(results)
    return {
        "rate": rate,
        "seconds": seconds,
        **all_figures,
        "kinds": {kind: _times(of_kind) for kind, of_kind in kinds.items() if of_kind},
        "error_texts": Counter(f"{result.request.kind}: {result.error}" for result in results if result.error),
        "late_p95_ms": percentile([result.late for result in results], 0.95) * 1000,
        "cores": {name: amount / seconds for name, amount in cpu.items()},
        "goal": goal(rate, all_figures),
    }


def goal(rate: float, times: Mapping[str, float]) -> str:
    limit = MAX_P95_MS.get(round(rate))
    is_met = not times["errors"] and (limit is None or times["p95_ms"] <= limit)
    text = "no errors" + (f", p95 ≤ {limit:.0f} ms" if limit else "")
    return f"{text}: {'met' if is_met else 'MISSED'}"


def lines(run: Mapping[str, Any]) -> Iterator[str]:
    yield f"{run['rate']:g} requests/s for {run['seconds']:g} s: {_times_text(run)}  [{run['goal']}]"
    for kind, times in run["kinds"].items():
        yield f"  {kind:8} {_times_text(times)}"
    if run["error_texts"]:
        yield "  errors: " + ", ".join(f"{text} {count}" for text, count in run["error_texts"].items())
    cores = ", ".join(f"{name} {amount:.2f}" for name, amount in run["cores"].items())
    yield f"  cores used: {cores}; requests started late by p95 {run['late_p95_ms']:.0f} ms"


def _times(results: Sequence[RequestResult]) -> dict[str, float]:
    seconds = [result.seconds for result in results]
    return {
        "requests": len(results),
        "errors": sum(1 for result in results if result.error),
        "p50_ms": percentile(seconds, 0.5) * 1000,
        "p95_ms": percentile(seconds, 0.95) * 1000,
        "p99_ms": percentile(seconds, 0.99) * 1000,
    }


def _times_text(times: Mapping[str, float]) -> str:
    return (
        f"{times['requests']:5} requests, {times['errors']} errors, p50 {times['p50_ms']:.0f}, "
        f"p95 {times['p95_ms']:.0f}, p99 {times['p99_ms']:.0f} ms"
    )
