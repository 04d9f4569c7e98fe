"""Group commit: requests of several threads at the same time share one database transaction."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

LINGER_SECONDS = 0.02
PAUSE = 0.001

Wish = TypeVar("Wish")
Answer = TypeVar("Answer")


@dataclass
class _Place(Generic[Wish, Answer]):
    """A waiting thread's request and its outcome."""

    wish: Wish
    done: bool = False
    answers: list[Answer] = field(default_factory=list)
    trouble: BaseException | None = None


class Together(Generic[Wish, Answer]):
    """Calls `commit` with the requests of all waiting threads; each gets its own result.

    The first thread becomes the leader and commits the whole batch on its connection. If that fails, each request is
    tried alone, so that a bad one doesn't affect the others.
    """

    def __init__(self, commit: Callable[[Sequence[Wish]], Sequence[Answer]]) -> None:
        self.threads = 1  # that may call at the same time
        self._act = commit
        self._gathering = threading.Lock()
        self._acting = threading.Lock()
        self._waiting: list[_Place[Wish, Answer]] = []

    def __call__(self, request: Wish) -> Answer:
        slot: _Place[Wish, Answer] = _Place(request)
        with self._gathering:
            self._waiting.append(slot)
        with self._acting:
            if not slot.done:
                self._linger()
                with self._gathering:
                    slots, self._waiting = self._waiting, []
                self._serve(slots)
        if slot.trouble is not None:
            raise slot.trouble
        return slot.answers[0]

    def _linger(self) -> None:
        """Wait a moment for the other threads: much less than a call to AWS takes."""
        until = time.monotonic() + LINGER_SECONDS
        while len(self._waiting) < self.threads and time.monotonic() < until:
            time.sleep(PAUSE)

    def _serve(self, slots: list[_Place[Wish, Answer]]) -> None:
        try:
            results = self._act([slot.wish for slot in slots])
        except Exception as error:  # noqa: BLE001 - any error is raised in the thread of its request
            if len(slots) == 1:
                self._close(slots[0], error=error)
            else:
                for slot in slots:
                    self._serve([slot])
        else:
            for slot, result in zip(slots, results, strict=True):
                self._close(slot, result)

    @staticmethod
    def _close(slot: _Place[Wish, Answer], *results: Answer, error: Exception | None = None) -> None:
        slot.answers, slot.trouble, slot.done = list(results), error, True
