"""What several threads want at the same moment is done in one go, so that one commit to the disk serves them all."""

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
    """A thread that waits with its wish, and what becomes of it."""

    wish: Wish
    done: bool = False
    answers: list[Answer] = field(default_factory=list)
    trouble: BaseException | None = None


class Together(Generic[Wish, Answer]):
    """Calls `act` with the wishes of all threads that wait; each gets its own answer.

    Whoever finds nobody at it does it for all, in its own thread and with its own connection. When that fails each
    wish is tried by itself, so that one bad one leaves the others alone.
    """

    def __init__(self, act: Callable[[Sequence[Wish]], Sequence[Answer]]) -> None:
        self.threads = 1  # that may come at the same moment
        self._act = act
        self._gathering = threading.Lock()
        self._acting = threading.Lock()
        self._waiting: list[_Place[Wish, Answer]] = []

    def __call__(self, wish: Wish) -> Answer:
        place: _Place[Wish, Answer] = _Place(wish)
        with self._gathering:
            self._waiting.append(place)
        with self._acting:
            if not place.done:
                self._linger()
                with self._gathering:
                    places, self._waiting = self._waiting, []
                self._serve(places)
        if place.trouble is not None:
            raise place.trouble
        return place.answers[0]

    def _linger(self) -> None:
        """Give the other threads a moment to join: much less than a call to AWS takes."""
        until = time.monotonic() + LINGER_SECONDS
        while len(self._waiting) < self.threads and time.monotonic() < until:
            time.sleep(PAUSE)

    def _serve(self, places: list[_Place[Wish, Answer]]) -> None:
        try:
            answers = self._act([place.wish for place in places])
        except Exception as trouble:  # noqa: BLE001 - whatever it is, each thread hears of its own
            if len(places) == 1:
                self._close(places[0], trouble=trouble)
            else:
                for place in places:
                    self._serve([place])
        else:
            for place, answer in zip(places, answers, strict=True):
                self._close(place, answer)

    @staticmethod
    def _close(place: _Place[Wish, Answer], *answers: Answer, trouble: Exception | None = None) -> None:
        place.answers, place.trouble, place.done = list(answers), trouble, True
