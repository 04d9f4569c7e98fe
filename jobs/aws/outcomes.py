"""What became of the calls to an account, noted in this process: whether AWS answers at all.

Only what says something of the account's reachability counts: no answer in time, a broken connection, a 5xx. That AWS
refuses a request, wants fewer of them or does not know the credentials is an answer.
"""

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
# A call that was cut off sooner says more of our time than of AWS's.
LEAST_WAIT_SECONDS = 3.0


@dataclass(frozen=True)
class Outcome:
    """The calls since it was last asked for: failures in a row up to now, and whether the last was answered."""

    failures: int = 0
    timed_out: bool = False
    answered: bool = False
    reason: str = ""

    def with_failure(self, reason: str, *, timed_out: bool = False) -> "Outcome":
        return Outcome(self.failures + 1, timed_out=self.timed_out or timed_out, reason=reason)


@dataclass
class Outcomes:
    """The outcome of every account's calls, by whatever identifies the account."""

    _by_account: dict[Hashable, Outcome] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, client: Any, account: Hashable) -> None:
        """Note from now on what becomes of each of the client's calls."""

        def answered(http_response: Any, **_: object) -> None:
            if http_response.status_code >= SERVER_ERROR:
                self._fail(account, f"AWS answered with an error of its own (HTTP {http_response.status_code}).")
            else:
                with self._lock:
                    self._by_account[account] = Outcome(answered=True)

        def failed(exception: Exception, **_: object) -> None:
            if isinstance(exception, DeadlineError) and exception.waited < LEAST_WAIT_SECONDS:
                return
            if isinstance(exception, DeadlineError | ReadTimeoutError):
                self._fail(account, "AWS did not answer in time.", timed_out=True)
            elif isinstance(exception, ConnectTimeoutError):
                self._fail(account, "AWS could not be reached in time.", timed_out=True)
            elif isinstance(exception, HTTPClientError | NotConnectedError):
                self._fail(account, "The connection to AWS failed.")
            elif isinstance(exception, AwsError) and is_outage(exception):  # on the way to the role's credentials
                self._fail(account, "AWS gave no credentials for the role.", timed_out=exception.code in TIMEOUTS)

        client.meta.events.register("after-call", answered)
        client.meta.events.register("after-call-error", failed)

    def _fail(self, account: Hashable, reason: str, *, timed_out: bool = False) -> None:
        with self._lock:
            before = self._by_account.get(account, Outcome())
            self._by_account[account] = before.with_failure(reason, timed_out=timed_out)

    def take(self, account: Hashable) -> Outcome:
        """The outcome since the last time it was taken."""
        with self._lock:
            return self._by_account.pop(account, Outcome())
