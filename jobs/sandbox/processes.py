"""The process of one attempt: started, logged, stopped with all its children, cleaned up."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from jobs.sandbox.context import Document
from jobs.sandbox.images import Image
from jobs.sandbox.logs import LONGEST_MESSAGE, LogWriter

LISTEN_SECONDS = 0.1  # how long a line may wait for others before it is stored
LISTEN_BYTES = 256 * 1024
LEFT_BEHIND_SECONDS = 2.0  # how long killed processes may take to disappear
PROC = Path("/proc")


@dataclass(frozen=True)
class Plan:
    """The parameters of an attempt."""

    job_id: str
    record: Document  # the attempt's part of the job's row
    image: Image
    argv: list[str]
    environment: dict[str, str]
    folder: Path
    open_log: Callable[[], LogWriter | None]


@dataclass
class Attempt:
    """A running attempt. `started` and `ended` are called on its own thread."""

    plan: Plan
    started: Callable[["Attempt"], None]
    ended: Callable[["Attempt", int, str | None], None]
    process: subprocess.Popen[bytes] | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(
            target=self._run, name=f"sandbox-attempt-{self.plan.record['taskId'][:8]}", daemon=True
        )

    def begin(self) -> None:
        self.thread.start()

    def _run(self) -> None:
        folder = self.plan.folder
        try:
            try:
                self.process = self._spawn()
            except (OSError, ValueError) as error:
                self.ended(self, 127, f"CannotStartContainerError: {error}"[:255])
                return
            with self.process as process:
                log = self.plan.open_log()
                self.started(self)
                if process.stdout is not None:
                    _listen(process, process.stdout, log)
                code = process.wait()
                _end_group(process.pid)
            shutil.rmtree(folder, ignore_errors=True)
            self.ended(self, code if code >= 0 else 128 - code, None)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        plan = self.plan
        plan.folder.mkdir(parents=True)
        plan.image.unpack(plan.folder)
        return subprocess.Popen(  # noqa: S603 - running given commands is the purpose
            plan.argv,
            env=plan.environment,
            cwd=plan.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group, if it still exists."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def _end_group(group: int) -> None:
    """Kill all processes that the first one left behind, before the end is reported, as a container does.

    killpg returns before SIGKILL has taken effect. Where orphans are not reaped, they stay in the group as zombies:
    hence the time limit.
    """
    deadline = time.monotonic() + LEFT_BEHIND_SECONDS
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
        while time.monotonic() < deadline:
            time.sleep(0.002)
            os.killpg(group, 0)


def _listen(process: subprocess.Popen[bytes], pipe: IO[bytes], log: LogWriter | None) -> None:
    """Store lines as they come, until the process has ended, without waiting for processes that it left running."""
    remainder = b""
    while True:
        has_ended = process.poll() is not None
        chunk = _read(pipe, 0 if has_ended else LISTEN_SECONDS)
        if chunk:
            lines, remainder = _split(remainder + chunk)
            if log is not None:
                log.write(lines)
        elif has_ended or chunk == b"":
            break
    if remainder and log is not None:
        log.write(_texts([remainder]))
    # The pipe may be closed long before the process ends.
    process.wait()


def _read(pipe: IO[bytes], seconds: float) -> bytes | None:
    """Return the output so far; b"" at the end of the pipe, None if there was none."""
    descriptor = pipe.fileno()
    if not select.select([descriptor], [], [], seconds)[0]:
        return None
    output = os.read(descriptor, LISTEN_BYTES)
    if output and seconds:
        # Collect a burst in one write: a program that prints a thousand lines costs a few commits.
        time.sleep(0.01)
        while len(output) < LISTEN_BYTES and select.select([descriptor], [], [], 0)[0]:
            more = os.read(descriptor, LISTEN_BYTES - len(output))
            if not more:
                break
            output += more
    return output


def _split(text: bytes) -> tuple[list[str], bytes]:
    """Return the complete lines and the rest. A line longer than an event is cut into several."""
    *lines, remainder = text.split(b"\n")
    while len(remainder) > LONGEST_MESSAGE:
        lines.append(remainder[:LONGEST_MESSAGE])
        remainder = remainder[LONGEST_MESSAGE:]
    return list(_texts(lines)), remainder


def _texts(lines: Iterable[bytes]) -> Iterable[str]:
    for line in lines:
        for start in range(0, len(line), LONGEST_MESSAGE):
            yield line[start : start + LONGEST_MESSAGE].decode("utf-8", "replace").rstrip("\r")


def reap(job_ids: set[str]) -> None:
    """Kill the processes that a killed sandbox left behind.

    A process is identified by the AWS_BATCH_JOB_ID in its environment, never by its process id alone: those are
    reused. Without /proc (macOS) this is impossible, and nothing is killed.
    """
    if not job_ids or not PROC.is_dir():
        return
    markers = {f"AWS_BATCH_JOB_ID={job_id}".encode() for job_id in job_ids}
    deadline = time.monotonic() + LEFT_BEHIND_SECONDS
    while time.monotonic() < deadline:  # one that is just forking may be missed in a round
        pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _marked(entry, markers)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return
        time.sleep(0.02)


def _marked(entry: Path, markers: set[bytes]) -> bool:
    try:
        return not markers.isdisjoint((entry / "environ").read_bytes().split(b"\0"))
    except OSError:
        return False
