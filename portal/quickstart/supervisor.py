"""The supervisor of the quick start: keeps processes running and stops them in order.

One thread, woken by signals.
"""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType

from portal.quickstart.errors import CannotRun
from portal.quickstart.process import Child, adopt_orphans, bury, children_of, end_orphans

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# make forwards a SIGTERM that its whole group may have received already: two at once count as one.
ONE_REQUEST = 1.0
TURN = 0.05
ORDINAL = {2: "second", 3: "third", 4: "fourth"}


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """A shutdown was requested; nothing is wrong."""


class Supervisor:
    """Starts processes, restarts them when they die, and ends them all."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self._before = set(children_of(os.getpid()))  # not ours: left alone
        self._asked_at: float | None = None
        self._at_once = False
        self._awake, self._wake = os.pipe()
        for end in (self._awake, self._wake):
            os.set_blocking(end, False)

    # -- Signals
    def listen(self) -> None:
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._asked)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only to wake up
        adopt_orphans()

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > ONE_REQUEST:
            self._at_once = True

    # -- Running
    def start(self, child: Child) -> None:
        child.start()
        self.children.append(child)

    def until(self, condition: Callable[[], bool], *, timeout: float, message: str) -> None:
        """Keep everything running until the condition holds. Raise StartupError when it is too late."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise CannotRun(message)
            self.turn(TURN)

    def forever(self) -> None:
        while True:
            self.turn(5.0)

    def turn(self, seconds: float) -> None:
        """Sleep until something happens, or for that long; then check the processes."""
        select.select([self._awake], [], [], seconds)
        while self._drain():
            pass
        if self._asked_at is not None:
            raise Stopped
        self._look_after()

    def _drain(self) -> bool:
        try:
            return bool(os.read(self._awake, 512))
        except BlockingIOError:
            return False

    def _look_after(self) -> None:
        for child in list(self.children):
            if child.running:
                continue
            code = child.exit_code or 0
            child.end_now()
            if child.once and code == 0:
                self.children.remove(child)
                continue
            end_orphans(self._known())
            outcome = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
            end_of_log = f"The end of {child.log}:\n{child.last_words()}"
            if child.once:
                raise CannotRun(f"The {child.name} {outcome}: nothing can be started without it. {end_of_log}")
            if child.deaths.too_many(time.monotonic()):
                frequency = f"for the {ORDINAL.get(child.deaths.allowed + 1, 'last')} time within a minute"
                raise CannotRun(f"The {child.name} {outcome}, {frequency}: everything is stopped. {end_of_log}")
            say(f"The {child.name} {outcome} and is started again; its log: {child.log}")
            child.start()
        bury(self._known())

    def _known(self) -> set[int]:
        return self._before | {child.pid for child in self.children}

    # -- Stopping
    def stop(self, stages: Sequence[Sequence[str]]) -> None:
        """End the processes stage by stage, clients before servers. A second request ends all at once."""
        for names in stages:
            stage = [child for child in self.children if child.name in names]
            for child in stage:
                child.ask_to_end()
            self._wait_for(stage)
        for child in self.children:
            child.end_now()
        end_orphans(self._before)

    def _wait_for(self, stage: Sequence[Child]) -> None:
        started_at = time.monotonic()
        while running_processes := [child for child in stage if child.running]:
            if self._at_once:
                return
            select.select([self._awake], [], [], TURN)
            while self._drain():
                pass
            for child in running_processes:
                if time.monotonic() - started_at > child.patience:
                    say(f"The {child.name} did not end within {child.patience:.0f} s and was killed.")
                    child.end_now()


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
