"""The processes of a portal: started, killed, paused, started again. Nothing of them stays, whatever happened."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from portal.quickstart.process import ManagedProcess
from portal.quickstart.state_dir import LOOPBACK
from tests.eventually import eventually
from tests.quickstart_process import ROOT, environment_of, processes

# What asks ends before what answers.
STOP_ORDER = ("web", "events", "clock", "worker", "sandbox", "redis")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def parent_of(pid: int) -> int:
    """The process that started it; 0 if it is gone."""
    return next((parent for each, parent, _ in processes() if each == pid), 0)


def children_of(pid: int) -> list[int]:
    return [each for each, parent, _ in processes() if parent == pid]


def is_paused(pid: int) -> bool:
    """Whether it is paused."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


def send_signal(pid: int, how: signal.Signals) -> bool:
    """False: there is no such process any more."""
    with suppress(ProcessLookupError):
        os.kill(pid, how)
        return True
    return False


class Staff:
    """Named processes with one environment. They are known again by it, also what a dead one has left behind."""

    def __init__(self, state: Path, environment: Mapping[str, str]) -> None:
        self.state = state
        self.environment = dict(environment)
        self.children: dict[str, ManagedProcess] = {}
        self.deaths = 0
        self._keeper = threading.get_ident()
        (state / "logs").mkdir(parents=True, exist_ok=True)

    def start(self, name: str, command: Sequence[str], **more: str) -> ManagedProcess:
        log = self.state / "logs" / f"{name}.log"
        child = ManagedProcess(name, command, {**self.environment, **more}, ROOT, log)
        child.start()
        self.children[name] = child
        return child

    def pids(self, kind: str) -> list[int]:
        """Those that run of `worker-1`, `worker-2`, …"""
        return [child.pid for name, child in self.children.items() if name.startswith(kind) and child.running]

    def horses(self) -> list[int]:
        """What the workers have forked for the tasks in hand."""
        workers = set(self.pids("worker"))
        return [pid for pid, parent, _ in processes() if parent in workers]

    def look_after(self) -> None:
        """Start again what has died. Only whoever began does: a process is told to end when its thread ends."""
        if threading.get_ident() != self._keeper:
            return
        for child in self.children.values():
            if not child.running:
                self.deaths += 1
                child.start()

    def until(self, condition: Callable[[], object], seconds: float, what: str) -> float:
        """Keep everything running until the condition holds. How long it took; an AssertionError if too long."""
        began = time.monotonic()

        def holds() -> bool:
            if condition():
                return True
            self.look_after()
            return False

        eventually(holds, seconds, describe=lambda: f"{what}. See {self.state}/logs.")
        return time.monotonic() - began

    def stop(self) -> None:
        """End everything, what is paused and what is orphaned too."""
        for kind in STOP_ORDER:
            stage = [child for name, child in self.children.items() if name.startswith(kind)]
            for child in stage:
                send_signal(child.pid, signal.SIGCONT)
                child.terminate()
            deadline = time.monotonic() + 3
            for child in stage:
                with suppress(subprocess.TimeoutExpired):
                    if child.process:
                        child.process.wait(max(0.0, deadline - time.monotonic()))
                child.kill()
        for pid in self.left():
            send_signal(pid, signal.SIGKILL)

    def left(self) -> Iterator[int]:
        """Processes that have this staff's directory in their environment."""
        mark = f"STATE={self.state}".encode()
        return (pid for pid, _, _ in processes() if pid != os.getpid() and mark in environment_of(pid).split(b"\0"))
