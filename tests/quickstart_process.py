"""A quick start in the background: what it says, what it answers, and which processes it has."""

import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from portal.quickstart.state_dir import LOOPBACK
from tests.eventually import eventually

ROOT = Path(__file__).resolve().parents[1]
FIRST_JOBS = 1000  # the demo begins with a few, and its history has a few thousand
SECONDS = 150  # longer than a quick start gives itself
# What a developer's shell may hold for another portal or for AWS changes what is started; a test names what it wants.
NOT_INHERITED = re.compile(r"DATABASE_URL|REDIS_URL|SANDBOX|AWS_.*")


class Run:
    """A quick start in the background, and what it says."""

    def __init__(self, state: Path, port: int, module: str = "portal.quickstart", **given: str) -> None:
        self.state, self.port = state, port
        command = [sys.executable, "-m", module, "--port", str(port), "--state", str(state)]
        surroundings = {name: value for name, value in os.environ.items() if not NOT_INHERITED.fullmatch(name)}
        surroundings["DEMO"] = "off"  # most tests want no other jobs than theirs
        self.said = state.with_suffix(".said")
        self.began = time.monotonic()
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**surroundings, **given}, stdout=said, stderr=said, start_new_session=True
            )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def endpoint(self, name: str) -> str:
        """Where one of its inner servers listens."""
        return f"http://{LOOPBACK}:{json.loads((self.state / 'ports.json').read_text())[name]}"

    def says(self, words: str) -> str:
        """Wait until it says so. The text so far."""

        def said() -> bool:
            ended = self.process.poll() is not None
            text = self.said.read_text()
            assert words in text or not ended, f"It ended: {text}"
            return words in text

        eventually(said, SECONDS, describe=lambda: f"It never said {words!r}: {self.said.read_text()}")
        return self.said.read_text()

    def page(self, path: str) -> tuple[int, str]:
        with closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)) as line:
            line.request("GET", path)
            answer = line.getresponse()
            return answer.status, answer.read().decode()

    def manage(self, *arguments: str) -> None:
        """Run a command of manage.py on its database."""
        surroundings = {
            **os.environ,
            "PORTAL_MODE": "quickstart",
            "STATE": str(self.state),
            "SECRET_KEY": (self.state / "secret_key").read_text().strip(),
        }
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, cwd=ROOT, env=surroundings, check=True, capture_output=True)

    def children(self) -> dict[int, str]:
        """Every process below it, by its command."""
        children: dict[int, str] = {}
        parents = {self.process.pid}
        while True:
            more = {pid: command for pid, parent, command in processes() if parent in parents and pid not in children}
            if not more:
                return children
            children |= more
            parents |= set(more)

    def child(self, words: str) -> int:
        """The oldest process whose command has the words."""
        return min(pid for pid, command in self.children().items() if words in command)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """How long it took to end."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(SECONDS)
        return time.monotonic() - began


@contextmanager
def running(state: Path, port: int, module: str = "portal.quickstart", **given: str) -> Iterator[Run]:
    run = Run(state, port, module, **given)
    try:
        run.says("Ready: ")
        yield run
    finally:
        if run.process.poll() is None:
            run.stop()


def processes() -> Iterator[tuple[int, int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if state != "Z":
                yield int(entry.name), int(parent), command


def alive_commands(pids: dict[int, str]) -> list[str]:
    now = {pid: command for pid, _, command in processes()}
    return [command for pid, command in pids.items() if now.get(pid) == command]


def rows(state: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(state / "portal.sqlite3")) as database:
        return database.execute(query).fetchall()


def history_is_saved(run: Run) -> bool:
    """Whether the demo's history is complete: begun, and nothing left to do."""
    in_progress = (run.state / "demo-progress").exists()
    return not in_progress and rows(run.state, "select count(*) from jobs_job")[0][0] > FIRST_JOBS


def environment_of(pid: int) -> bytes:
    """The environment of a process; nothing of one that has just ended."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
