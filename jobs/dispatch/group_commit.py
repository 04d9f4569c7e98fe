"""Group commit: several threads share one transaction."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

MAX_LINGER_SECONDS = 0.02
POLL_INTERVAL_SECONDS = 0.001

Request = TypeVar("Request")
Result = TypeVar("Result")


@dataclass
class _Slot(Generic[Request, Result]):
    request: Request
    is_done: bool = False
    results: list[Result] = field(default_factory=list)
    error: BaseException | None = None


class GroupCommit(Generic[Request, Result]):
    """Calls `commit` with all waiting threads' requests; if that fails, with each alone."""

    def __init__(self, commit: Callable[[Sequence[Request]], Sequence[Result]]) -> None:
        self.expected_threads = 1  # that may call at the same time
        self._commit = commit
        self._queue_lock = threading.Lock()
        self._commit_lock = threading.Lock()
        self._queue: list[_Slot[Request, Result]] = []

    def __call__(self, request: Request) -> Result:
        slot: _Slot[Request, Result] = _Slot(request)
        with self._queue_lock:
            self._queue.append(slot)
        with self._commit_lock:
            if not slot.is_done:
                self._wait_for_others()
                with self._queue_lock:
                    slots, self._queue = self._queue, []
                self._commit_batch(slots)
        if slot.error is not None:
            raise slot.error
        return slot.results[0]

    def _wait_for_others(self) -> None:
        until = time.monotonic() + MAX_LINGER_SECONDS
        while len(self._queue) < self.expected_threads and time.monotonic() < until:
            time.sleep(POLL_INTERVAL_SECONDS)

    def _commit_batch(self, slots: list[_Slot[Request, Result]]) -> None:
        try:
            results = self._commit([slot.request for slot in slots])
        except Exception as error:  # noqa: BLE001 - any error is raised in the thread of its request
            if len(slots) == 1:
                self._finish(slots[0], error=error)
            else:
                for slot in slots:
                    self._commit_batch([slot])
        else:
            for slot, result in zip(slots, results, strict=True):
                self._finish(slot, result)

    @staticmethod
    def _finish(slot: _Slot[Request, Result], *results: Result, error: Exception | None = None) -> None:
        slot.results, slot.error, slot.is_done = list(results), error, True
