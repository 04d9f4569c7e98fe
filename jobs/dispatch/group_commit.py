"""Group commit: several threads share one transaction."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

MAX_LINGER_SECONDS = 0.02

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
        self._queued = threading.Condition()
        self._commit_lock = threading.Lock()
        self._queue: list[_Slot[Request, Result]] = []

    def __call__(self, request: Request) -> Result:
        slot: _Slot[Request, Result] = _Slot(request)
        with self._queued:
            self._queue.append(slot)
            self._queued.notify()
        with self._commit_lock:
            if not slot.is_done:
                self._commit_batch(self._take_slots())
        if slot.error is not None:
            raise slot.error
        return slot.results[0]

    def _take_slots(self) -> list[_Slot[Request, Result]]:
        with self._queued:
            self._queued.wait_for(lambda: len(self._queue) >= self.expected_threads, MAX_LINGER_SECONDS)
            slots, self._queue = self._queue, []
            return slots

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
