"""The supervisor of the quick start: one thread, woken by signals."""

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType

from portal.quickstart.errors import StartupError
from portal.quickstart.process import ManagedProcess, adopt_orphans, child_pids, kill_orphans, reap

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# make forwards a SIGTERM that its whole group may have received already: two at once count as one.
SIGNAL_DEBOUNCE_SECONDS = 1.0
STEP_SECONDS = 0.05
ORDINAL = {2: "second", 3: "third", 4: "fourth"}


class ShutdownRequestedError(Exception):
    """A shutdown was requested; nothing is wrong."""


class Supervisor:
    def __init__(self) -> None:
        self.children: list[ManagedProcess] = []
        self._foreign_pids = set(child_pids(os.getpid()))  # not ours: left alone
        self._stop_requested_at: float | None = None
        self._stop_now = False
        self._wake_read, self._wake_write = os.pipe()
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)

    # -- Signals
    def listen(self) -> None:
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_stop_signal)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # only to wake up
        adopt_orphans()

    def _on_stop_signal(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._stop_requested_at is None:
            self._stop_requested_at = now
        elif now - self._stop_requested_at > SIGNAL_DEBOUNCE_SECONDS:
            self._stop_now = True

    # -- Running
    def start(self, child: ManagedProcess) -> None:
        child.start()
        self.children.append(child)

    def wait_until(self, condition: Callable[[], bool], *, timeout: float, message: str) -> None:
        """Raise StartupError on timeout."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise StartupError(message)
            self.step(STEP_SECONDS)

    def run_forever(self) -> None:
        while True:
            self.step(5.0)

    def step(self, seconds: float) -> None:
        select.select([self._wake_read], [], [], seconds)
        while self._drain():
            pass
        if self._stop_requested_at is not None:
            raise ShutdownRequestedError
        self._restart_dead()

    def _drain(self) -> bool:
        try:
            return bool(os.read(self._wake_read, 512))
        except BlockingIOError:
            return False

    def _restart_dead(self) -> None:
        for child in list(self.children):
            if child.running:
                continue
            code = child.exit_code or 0
            child.kill()
            if child.is_one_off and code == 0:
                self.children.remove(child)
                continue
            kill_orphans(self._known_pids())
            outcome = f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"
            end_of_log = f"End of {child.log}:\n{child.log_tail()}"
            if child.is_optional:
                print_message(f"The {child.name} {outcome}. See its log: {child.log}")
                self.children.remove(child)
                continue
            if child.is_one_off:
                raise StartupError(f"Preparing the database failed: {child.name} {outcome}. {end_of_log}")
            if child.crashes.record_crash(time.monotonic()):
                frequency = f"for the {ORDINAL.get(child.crashes.limit + 1, 'last')} time in a minute"
                raise StartupError(f"The {child.name} {outcome} {frequency}. Stopping the portal. {end_of_log}")
            print_message(f"The {child.name} {outcome} and is restarted. See its log: {child.log}")
            child.start()
        reap(self._known_pids())

    def _known_pids(self) -> set[int]:
        return self._foreign_pids | {child.pid for child in self.children}

    # -- Stopping
    def stop(self, stages: Sequence[Sequence[str]]) -> None:
        """End clients before servers. A second request ends all at once."""
        for names in stages:
            stage = [child for child in self.children if child.name in names]
            for child in stage:
                child.terminate()
            self._wait_for(stage)
        for child in self.children:
            child.kill()
        kill_orphans(self._foreign_pids)

    def _wait_for(self, stage: Sequence[ManagedProcess]) -> None:
        started_at = time.monotonic()
        while running_processes := [child for child in stage if child.running]:
            if self._stop_now:
                return
            select.select([self._wake_read], [], [], STEP_SECONDS)
            while self._drain():
                pass
            for child in running_processes:
                if time.monotonic() - started_at > child.stop_timeout:
                    print_message(f"The {child.name} did not stop within {child.stop_timeout:.0f} s and was killed.")
                    child.kill()


def print_message(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
