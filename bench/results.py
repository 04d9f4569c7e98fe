"""Results as JSON, with the date, the machine and its load."""

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / ".bench"
"""Where results are written unless `--json FILE` is given; `python -m bench.tables` reads them there."""


def add_json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", type=Path, help="file for the result; a new one below .bench/ replaces an older one"
    )


def write_result(name: str, figures: dict[str, Any], file: Path | None = None) -> Path:
    """Write `figures` with where and when they were measured. Return the file."""
    file = file or FOLDER / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    head = {"date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "machine": machine()}
    file.write_text(json.dumps(head | figures, indent=1) + "\n")
    return file


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": round(os.getloadavg()[0], 1),
    }


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value at or below which that share of the values is."""
    return sorted(values)[max(0, ceil(len(values) * part) - 1)]


def spread(values: Sequence[float]) -> float:
    """Return how far the values lie apart, as a share of their median."""
    return (max(values) - min(values)) / median(values)


def size_text(jobs: int) -> str:
    """Return about how many: 10k, 1M."""
    return f"{jobs / 1_000_000:.0f}M" if jobs >= 999_500 else f"{jobs / 1000:.0f}k"


def print_line(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
