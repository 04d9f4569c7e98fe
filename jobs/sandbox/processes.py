"""The process of one container."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jobs.sandbox.context import Document, drop_none
from jobs.sandbox.images import SandboxImage
from jobs.sandbox.logs import MAX_MESSAGE_BYTES, LogWriter

READ_TIMEOUT_SECONDS = 0.1  # how long a line may wait for others before it is stored
MAX_READ_BYTES = 256 * 1024
KILL_TIMEOUT_SECONDS = 2.0  # how long killed processes may take to disappear
PROC_DIR = Path("/proc")


@dataclass(frozen=True)
class ContainerPlan:
    name: str
    image: SandboxImage
    argv: list[str]
    environment: dict[str, str]
    folder: Path
    stream: str | None
    open_log: Callable[[], LogWriter | None]
    is_essential: bool
    is_init: bool
    conditions: tuple[tuple[str, str], ...]


class ContainerProcess:
    """`on_change` is called on its own thread, at start and end."""

    def __init__(self, plan: ContainerPlan, on_change: Callable[[], None]) -> None:
        self.plan = plan
        self._on_change = on_change
        self._process: subprocess.Popen[bytes] | None = None
        self._is_waiting = True
        self._last_signal: signal.Signals | None = None
        self.has_started = False
        self.has_ended = False
        self.stopped_at: float | None = None
        self.exit_code: int | None = None
        self.reason: str | None = None

    @property
    def is_waiting(self) -> bool:
        return self._is_waiting

    @property
    def is_running(self) -> bool:
        return not self._is_waiting and not self.has_ended

    def start(self) -> None:
        self._is_waiting = False
        if self.plan.image.is_empty:
            self.has_started = True
            self._end(0, None)
        else:
            threading.Thread(target=self._run, name=f"sandbox-container-{self.plan.name}", daemon=True).start()

    def give_up(self, reason: str) -> None:
        self._is_waiting = False
        self._end(None, reason)

    def _end(self, exit_code: int | None, reason: str | None) -> None:
        self.exit_code, self.reason = exit_code, reason
        self.stopped_at = time.monotonic()
        self.has_ended = True

    def _run(self) -> None:
        try:
            self._end(*self._run_process())
        finally:
            shutil.rmtree(self.plan.folder, ignore_errors=True)
            self._on_change()

    def _run_process(self) -> tuple[int, str | None]:
        try:
            process = self._spawn()
        except (OSError, ValueError) as error:
            return 127, f"CannotStartContainerError: {error}"[:255]
        with process:
            log = self.plan.open_log()
            self._process = process
            if self._last_signal is not None:  # it came before there was a process
                self.signal(self._last_signal)
            self.has_started = True
            self._on_change()
            if process.stdout is not None:
                _store_output(process, process.stdout, log)
            code = process.wait()
            _kill_group(process.pid)
        return (code if code >= 0 else 128 - code), None

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
        self._last_signal = number
        if self._process is not None and not self.has_ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def record(self) -> Document:
        return drop_none(
            {
                "name": self.plan.name,
                "isInit": self.plan.is_init,
                "stream": self.plan.stream if self._process is not None else None,
                "exitCode": self.exit_code,
                "reason": self.reason,
            }
        )


def _kill_group(group: int) -> None:
    """Kill what the first process left behind, as a container does."""
    deadline = time.monotonic() + KILL_TIMEOUT_SECONDS
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
        while time.monotonic() < deadline:
            time.sleep(0.002)
            os.killpg(group, 0)


def _store_output(process: subprocess.Popen[bytes], pipe: IO[bytes], log: LogWriter | None) -> None:
    """Store lines without waiting for processes left running."""
    remainder = b""
    while True:
        has_ended = process.poll() is not None
        chunk = _read_pipe(pipe, 0 if has_ended else READ_TIMEOUT_SECONDS)
        if chunk:
            lines, remainder = _split_lines(remainder + chunk)
            if log is not None:
                log.write(lines)
        elif has_ended or chunk == b"":
            break
    if remainder and log is not None:
        log.write(_log_messages([remainder]))
    # The pipe may be closed long before the process ends.
    process.wait()


def _read_pipe(pipe: IO[bytes], seconds: float) -> bytes | None:
    descriptor = pipe.fileno()
    if not select.select([descriptor], [], [], seconds)[0]:
        return None
    output = os.read(descriptor, MAX_READ_BYTES)
    if output and seconds:
        # Collect a burst in one write: each write is a commit.
        time.sleep(0.01)
        while len(output) < MAX_READ_BYTES and select.select([descriptor], [], [], 0)[0]:
            more = os.read(descriptor, MAX_READ_BYTES - len(output))
            if not more:
                break
            output += more
    return output


def _split_lines(text: bytes) -> tuple[list[str], bytes]:
    *lines, remainder = text.split(b"\n")
    while len(remainder) > MAX_MESSAGE_BYTES:
        lines.append(remainder[:MAX_MESSAGE_BYTES])
        remainder = remainder[MAX_MESSAGE_BYTES:]
    return list(_log_messages(lines)), remainder


def _log_messages(lines: Iterable[bytes]) -> Iterable[str]:
    for line in lines:
        for start in range(0, len(line), MAX_MESSAGE_BYTES):
            yield line[start : start + MAX_MESSAGE_BYTES].decode("utf-8", "replace").rstrip("\r")


def kill_orphans(job_ids: set[str]) -> None:
    """Kill what a killed sandbox left behind.

    A process is identified by its AWS_BATCH_JOB_ID: process ids are reused.
    """
    if not job_ids or not PROC_DIR.is_dir():
        return
    markers = {f"AWS_BATCH_JOB_ID={job_id}".encode() for job_id in job_ids}
    deadline = time.monotonic() + KILL_TIMEOUT_SECONDS
    while time.monotonic() < deadline:  # one that is just forking may be missed in a round
        pids = [
            int(entry.name) for entry in PROC_DIR.iterdir() if entry.name.isdigit() and _is_of_job(entry, markers)
        ]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return
        time.sleep(0.02)


def _is_of_job(entry: Path, markers: set[bytes]) -> bool:
    try:
        return not markers.isdisjoint((entry / "environ").read_bytes().split(b"\0"))
    except OSError:
        return False
