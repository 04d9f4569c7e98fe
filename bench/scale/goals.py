"""Goals of pages with a long history."""

from collections.abc import Mapping, Sequence
from typing import Any

MAX_P95_MS = {"sqlite": 100, "postgresql": 50}  # at a million jobs
MAX_RATIO = 2  # of a million to ten thousand jobs
MIN_MS = 5.0  # below this a ratio says nothing


def missed_by(small: Sequence[Mapping[str, Any]], large: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the pages that take more than `MAX_RATIO` times as long with the long history, and how many times."""
    times = {page["name"]: max(page["p50_ms"], MIN_MS) for page in small}
    ratios = {page["name"]: page["p50_ms"] / times[page["name"]] for page in large if page["name"] in times}
    return {name: ratio for name, ratio in ratios.items() if ratio > MAX_RATIO}
