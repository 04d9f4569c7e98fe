"""`python -m tests.chaos.hasty COMMAND …`: a command of manage.py, in a portal whose waits are short.

Everything is scaled together: what the quarantine is reckoned from, the lease, and the patience with AWS. The check
E010 at the start goes by the scaled numbers, so an account that does not fit them keeps the process from starting.
SCALE=real leaves the portal as it is.
"""

import os
import sys
from datetime import timedelta
from typing import Any

import django
from django.core.management import execute_from_command_line

LEASE = 4.0
SEND_WITHIN = 1.0
SIGNATURE = 3.0
LISTED_WITHIN = 4.0
MARGIN = LISTED_WITHIN + 2.0  # AWS may stand still for a second, and this machine may be busy
READ_SECONDS = 2
CLOCK_LEASE = 3.0
QUARANTINE = round(SEND_WITHIN + SIGNATURE + MARGIN)


def shorten_waits() -> None:
    """Shorten every wait of this process that a crash is waited out by."""
    from botocore.config import Config

    from jobs import account_calls
    from jobs.aws import session
    from jobs.dispatch import claim, delivery, delivery_log, registration, terminate
    from jobs.management.commands import clock, events
    from jobs.models import circuit_breaker, job, quarantine
    from jobs.sync import poll, reconcile

    for module in (delivery_log, claim, registration):
        _replace(module, "LEASE", timedelta(seconds=LEASE))
    _replace(clock, "LEASE", timedelta(seconds=CLOCK_LEASE))
    for module in (quarantine, delivery):
        _replace(module, "SEND_DEADLINE_SECONDS", SEND_WITHIN)
    _replace(quarantine, "SANDBOX_SIGNATURE_LIFETIME_SECONDS", SIGNATURE)
    _replace(quarantine, "SANDBOX_MARGIN_SECONDS", MARGIN)
    _replace(delivery, "OUTAGE_BACKOFF_SECONDS", 1.0)
    _replace(terminate, "REPEAT_INTERVAL", timedelta(seconds=3))
    _replace(job, "MAX_RETRY_DELAY_SECONDS", 2 * LEASE)
    _replace(reconcile, "MAX_WAIT_SECONDS", LEASE)
    _replace(poll, "ERROR_RETRY_INTERVAL", timedelta(seconds=2))
    _replace(poll, "CLAIM", timedelta(seconds=LEASE))
    _replace(poll, "MAX_BACKOFF_SECONDS", 4)
    _replace(circuit_breaker, "FIRST_PAUSE", timedelta(seconds=1))
    _replace(circuit_breaker, "MAX_PAUSE", timedelta(seconds=LEASE))
    _replace(circuit_breaker, "PROBE_TIMEOUT", timedelta(seconds=READ_SECONDS + 1))
    _replace(account_calls, "PROBE_SECONDS", float(READ_SECONDS))
    _replace(events, "ERROR_PAUSE_SECONDS", 1.0)
    for purpose in (session.Purpose.SUBMIT, session.Purpose.READ):
        patient = session.CLIENT_CONFIGS[purpose]
        session.CLIENT_CONFIGS[purpose] = patient.merge(Config(connect_timeout=1, read_timeout=READ_SECONDS))


def _replace(module: Any, name: str, value: object) -> None:
    if not hasattr(module, name):
        raise AttributeError(f"{module.__name__} has no {name} any more: tests.chaos.hasty must follow it.")
    setattr(module, name, value)


def begin() -> None:
    django.setup()
    if os.environ.get("SCALE") != "real":
        shorten_waits()


def main() -> None:
    begin()
    execute_from_command_line(["manage.py", *sys.argv[1:]])


if __name__ == "__main__":
    main()
