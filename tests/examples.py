"""How many examples a property is tried with: as many as `make test` has time for; a part of them in `make
test-fast` (QUICK=1), which is asked every few minutes; many more in `make fuzz` (FUZZ=1), before a release."""

import os

from hypothesis import HealthCheck, settings

FUZZ = os.environ.get("FUZZ") == "1"
QUICK = os.environ.get("QUICK") == "1"
FEWEST = 15


def examples(suite: int, fuzz: int = 0) -> settings:
    """So many in the suite, and under FUZZ=1 (if more than in the suite)."""
    wanted = max(suite, fuzz) if FUZZ else max(FEWEST, suite // 10) if QUICK else suite
    return settings(
        max_examples=wanted,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
