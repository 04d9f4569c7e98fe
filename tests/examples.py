"""How many examples a property is tried with: a few in `make test`, at most 15 in `make test-fast` (QUICK=1), and
many more in `make fuzz` (FUZZ=1), before a release."""

import os

from hypothesis import HealthCheck, settings

FUZZ = os.environ.get("FUZZ") == "1"
QUICK = os.environ.get("QUICK") == "1"
MAX_QUICK = 15


def examples(suite: int, fuzz: int = 1_000) -> settings:
    """So many in the suite, and under FUZZ=1."""
    number = fuzz if FUZZ else min(MAX_QUICK, suite) if QUICK else suite
    return settings(
        max_examples=number,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
