"""Calls to AWS guarded by an account's circuit breaker."""

from collections.abc import Callable
from contextlib import suppress

import structlog
from django.utils.timezone import now

from jobs.aws import queues
from jobs.aws.deadline import time_limit
from jobs.aws.errors import AwsError
from jobs.aws.outcomes import CallOutcome
from jobs.aws.session import Purpose, client_for, pop_clock_skew, pop_outcome
from jobs.models import Account, AccountStatus
from jobs.models.circuit_breaker import CircuitBreaker

log = structlog.get_logger(__name__)

PROBE_SECONDS = 10.0
MAX_UPDATE_ATTEMPTS = 3
SKEW_PRECISION_SECONDS = 2.0  # AWS's dates have whole seconds, and responses take time

AccountCall = Callable[[Account], object]


def call_account(account: Account, call: AccountCall, *, seconds: float, despite_breaker: bool = False) -> bool:
    """Return False if the breaker is open."""
    if account.status.breaker.is_open and not despite_breaker:
        log.info("account_call_skipped", account=account.name, reason=account.status.breaker.reason)
        return False
    try:
        with time_limit(seconds):
            call(account)
    finally:
        _record_outcome(account, pop_outcome(account))
        _record_clock_skew(account, pop_clock_skew(account))
    return True


def probe(account: Account) -> bool:
    current_time, status = now(), account.status
    if not status.breaker.may_probe(current_time) or not status.update_breaker(
        status.breaker.with_probe_started(current_time)
    ):
        return False
    with suppress(AwsError), time_limit(PROBE_SECONDS):
        queues.check_reachable(client_for(account, "batch", Purpose.READ))
    outcome = pop_outcome(account)
    if outcome.failures:
        status.update_breaker(status.breaker.after_failed_probe(outcome.reason, now()))
        return False
    return _close_breaker(account)


def _record_outcome(account: Account, outcome: CallOutcome) -> None:
    if outcome.failures:
        _record_failure(account, outcome)
    elif outcome.answered and not account.status.breaker.is_reset:
        _close_breaker(account)


def _record_clock_skew(account: Account, skew: float | None) -> None:
    before = account.status.clock_skew_seconds
    if skew is not None and (before is None or abs(skew - before) >= SKEW_PRECISION_SECONDS):
        AccountStatus.objects.filter(pk=account.pk).update(clock_skew_seconds=skew)


def _record_failure(account: Account, outcome: CallOutcome) -> None:
    for _ in range(MAX_UPDATE_ATTEMPTS):
        state_before = account.status.breaker
        state = state_before.after_failures(outcome.failures, outcome.reason, now(), timed_out=outcome.timed_out)
        if state == state_before:
            return
        if account.status.update_breaker(state):
            if state.is_open:
                log.error("breaker_opened", account=account.name, reason=state.reason)
            return
        account.status.refresh_from_db()


def _close_breaker(account: Account) -> bool:
    was_open = account.status.breaker.is_open
    closed = account.status.update_breaker(CircuitBreaker())
    if closed and was_open:
        log.warning("breaker_closed", account=account.name)
    return closed
