"""What the portal costs when nothing happens."""

import time
from typing import Any

from bench.environment import BenchEnvironment

SETTLE_SECONDS = 5.0


def idle_cost(environment: BenchEnvironment, seconds: float) -> dict[str, Any]:
    """Return the share of one core and the memory of each of the portal's processes."""
    time.sleep(SETTLE_SECONDS)
    cpu, started_at = environment.cpu(), time.monotonic()
    environment.reset_aws_record()
    time.sleep(seconds)
    passed, after, pss = time.monotonic() - started_at, environment.cpu(), environment.pss()
    names = [name for name in after if name != "aws"]
    return {
        "seconds": seconds,
        "cpu_percent": {name: (after[name] - cpu[name]) / passed * 100 for name in names},
        "pss_mib": {name: pss[name] for name in names},
        "calls": environment.aws_record()["calls"],
    }
