"""Processes of the quick start.

On Linux the kernel ends a process with its supervisor, and orphans are re-parented to the supervisor, which kills
them.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

LOG_LIMIT = 5 * 1024 * 1024
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LINUX = sys.platform.startswith("linux")


@dataclass
class CrashCounter:
    limit: int = 3
    window_seconds: float = 60.0
    _times: deque[float] = field(default_factory=deque)

    def record_crash(self, at: float) -> bool:
        self._times.append(at)
        while self._times[0] <= at - self.window_seconds:
            self._times.popleft()
        return len(self._times) > self.limit


@dataclass
class ManagedProcess:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    stop_timeout: float = 5.0
    is_one_off: bool = False  # ends by itself, and everything waits for it
    is_optional: bool = False  # a one-off whose failure is only reported
    crashes: CrashCounter = field(default_factory=CrashCounter)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                self.command,
                cwd=self.directory,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_supervisor(),  # noqa: PLW1509 - the supervisor is single-threaded
            )

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def terminate(self) -> None:
        """Leave its children to the process."""
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def log_tail(self, lines: int = 5) -> str:
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            return "\n".join(log.read().decode(errors="replace").strip().splitlines()[-lines:])
        return ""


def rotate_log(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))


def _die_with_supervisor() -> Callable[[], None] | None:
    """Return a function for a new process: it ends when this one does, even by kill -9."""
    if not LINUX:
        return None
    libc = ctypes.CDLL(None)
    supervisor = os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != supervisor:  # it has ended already
            os._exit(1)

    return tie


def die_with_parent() -> None:
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def adopt_orphans() -> None:
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_orphans(known_pids: set[int]) -> None:
    for _ in range(50):
        orphans = [pid for pid in child_pids(os.getpid()) if pid not in known_pids]
        if not orphans:
            return
        for pid in orphans:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        reap(known_pids)
        time.sleep(0.02)


def reap(known_pids: set[int]) -> None:
    for pid in child_pids(os.getpid()):
        if pid not in known_pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def child_pids(parent: int) -> Iterator[int]:
    if not LINUX:
        return
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                yield int(entry.name)
