"""One process of the quick start: how it is started, how it ends, and that nothing of it stays behind.

Each child leads a session of its own, so that Ctrl-C reaches the supervisor alone, which then stops the children in
order. On Linux a child is told to end when the supervisor does, however that ends, and what a dead child leaves
behind becomes the supervisor's, which ends it.
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
class Deaths:
    """How often a child may die before it is given up."""

    allowed: int = 3
    within: float = 60.0
    _times: deque[float] = field(default_factory=deque)

    def too_many(self, at: float) -> bool:
        """Count a death. True if there were more than allowed within the span."""
        self._times.append(at)
        while self._times[0] <= at - self.within:
            self._times.popleft()
        return len(self._times) > self.allowed


@dataclass
class Child:
    """A process of the quick start: its command, its log, and its end."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    directory: Path
    log: Path
    patience: float = 5.0
    once: bool = False  # it ends by itself, and everything waits for that
    deaths: Deaths = field(default_factory=Deaths)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own words
                self.command,
                cwd=self.directory,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_tied_to_me(),  # noqa: PLW1509 - the supervisor has one thread
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

    def ask_to_end(self) -> None:
        """SIGTERM to the process itself: how its own children end is its own business."""
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def end_now(self) -> None:
        """SIGKILL to the process and all of its group."""
        if self.process is None:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def last_words(self, lines: int = 5) -> str:
        """The end of its log, for the sentence that says why it was given up."""
        with suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4000))
            return "\n".join(log.read().decode(errors="replace").strip().splitlines()[-lines:])
        return ""


def keep_short(log: Path) -> None:
    """Put a long log aside; the one before goes."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT:
            log.replace(log.with_suffix(".log.1"))


def _tied_to_me() -> Callable[[], None] | None:
    """For a new process to do before its program starts: end when this one ends, even by kill -9."""
    if not LINUX:
        return None
    libc = ctypes.CDLL(None)
    supervisor = os.getpid()

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != supervisor:  # it ended in between
            os._exit(1)

    return tie


def end_with_parent() -> None:
    """Have this process itself be told to end when the one that started it is gone."""
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of whatever a dead child leaves behind, so that it can be found and ended."""
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans(known_pids: set[int]) -> None:
    """End everything below this process that is no known child of it, until there is nothing more."""
    for _ in range(50):
        orphans = [pid for pid in children_of(os.getpid()) if pid not in known_pids]
        if not orphans:
            return
        for pid in orphans:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        bury(known_pids)
        time.sleep(0.02)


def bury(known_pids: set[int]) -> None:
    """Take leave of ended orphans, which would stay zombies otherwise."""
    for pid in children_of(os.getpid()):
        if pid not in known_pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def children_of(parent: int) -> Iterator[int]:
    if not LINUX:
        return
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                yield int(entry.name)
