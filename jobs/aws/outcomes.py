"""Outcomes of this process's calls: time-outs, broken connections and 5xx are failures."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.exceptions import ConnectTimeoutError, HTTPClientError, ReadTimeoutError

from jobs.aws.deadline import DeadlineError
from jobs.aws.errors import AwsError, is_outage

SERVER_ERROR = 500
TIMEOUTS = frozenset({"DeadlineError", "ReadTimeoutError", "ConnectTimeoutError"})
# A call that was cut off sooner tells about our deadline and not about AWS.
MIN_WAIT_SECONDS = 3.0


@dataclass(frozen=True)
class CallOutcome:
    failures: int = 0
    timed_out: bool = False
    answered: bool = False
    reason: str = ""

    def with_failure(self, reason: str, *, timed_out: bool = False) -> "CallOutcome":
        return CallOutcome(self.failures + 1, timed_out=self.timed_out or timed_out, reason=reason)


@dataclass
class OutcomeTracker:
    _by_account: dict[Hashable, CallOutcome] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, client: Any, account: Hashable) -> None:
        def answered(http_response: Any, **_: object) -> None:
            if http_response.status_code >= SERVER_ERROR:
                self._record_failure(account, f"AWS returned a server error (HTTP {http_response.status_code}).")
            else:
                with self._lock:
                    self._by_account[account] = CallOutcome(answered=True)

        def failed(exception: Exception, **_: object) -> None:
            if isinstance(exception, DeadlineError) and exception.waited_seconds < MIN_WAIT_SECONDS:
                return
            if isinstance(exception, DeadlineError | ReadTimeoutError):
                self._record_failure(account, "AWS didn't respond in time.", timed_out=True)
            elif isinstance(exception, ConnectTimeoutError):
                self._record_failure(account, "AWS couldn't be reached in time.", timed_out=True)
            elif isinstance(exception, HTTPClientError | NotConnectedError):
                self._record_failure(account, "The connection to AWS failed.")
            elif isinstance(exception, AwsError) and is_outage(exception):  # while assuming the role
                self._record_failure(
                    account, "AWS returned no credentials for the role.", timed_out=exception.code in TIMEOUTS
                )

        client.meta.events.register("after-call", answered)
        client.meta.events.register("after-call-error", failed)

    def _record_failure(self, account: Hashable, reason: str, *, timed_out: bool = False) -> None:
        with self._lock:
            before = self._by_account.get(account, CallOutcome())
            self._by_account[account] = before.with_failure(reason, timed_out=timed_out)

    def pop(self, account: Hashable) -> CallOutcome:
        with self._lock:
            return self._by_account.pop(account, CallOutcome())
