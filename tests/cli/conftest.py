"""A running portal, and the scripts as someone fetches them from it, with nothing but curl on PATH."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.quickstart_process import Run

SHELLS = ("dash", "bash")
SCRIPTS = ("create-job-definition.sh", "submit-job.sh")
# The guide writes its files with cat, which is not on this PATH either.
CAT = "set -e\ncat() { while IFS= read -r line; do printf '%s\\n' \"$line\"; done; }\n"


@dataclass
class Desk:
    """A folder with the scripts, for one shell."""

    shell: str
    path: Path
    environment: dict[str, str]
    started: list[subprocess.Popen[str]]

    def start(self, text: str, **more: str) -> subprocess.Popen[str]:
        """Begin to run some lines of shell."""
        with (self.path / "out").open("w") as out, (self.path / "err").open("w") as err:
            run = subprocess.Popen(
                [self.shell, "-c", CAT + text],
                cwd=self.path,
                env={**self.environment, **more},
                stdout=out,
                stderr=err,
                text=True,
                start_new_session=True,
            )
        self.started.append(run)
        return run

    def run(self, text: str, **more: str) -> int:
        return self.start(text, **more).wait(120)

    @property
    def out(self) -> str:
        return (self.path / "out").read_text()

    @property
    def err(self) -> str:
        return (self.path / "err").read_text()

    def says(self, words: str, seconds: float = 60) -> None:
        eventually(lambda: words in self.out, seconds, describe=lambda: (self.out, self.err))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """As from a terminal: what is run in the background ignores SIGINT, hands that on, and no shell can trap it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def make_desk(portal: Run, tmp_path: Path, interruptible: None) -> Iterator[Callable[..., Desk]]:
    """Makes folders in which the scripts lie, fetched from the portal, to be run by a shell."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "curl").symlink_to(curl)
    token = (portal.state / "token").read_text().strip()
    started: list[subprocess.Popen[str]] = []

    def made(shell: str, name: str = "desk") -> Desk:
        path = shutil.which(shell)
        if path is None:
            pytest.skip(f"{shell} is not installed")
        folder = tmp_path / f"{name}-{shell}"
        folder.mkdir()
        for script in SCRIPTS:
            subprocess.run([curl, "-fsSO", f"{portal.url}/cli/{script}"], cwd=folder, check=True)
            text = (folder / script).read_text()
            assert text.startswith("#!/bin/sh\n")
            (folder / script).write_text(text.replace("#!/bin/sh", f"#!{path}", 1))
            (folder / script).chmod(0o755)
        return Desk(path, folder, {"PATH": str(tools), "BATCH_PORTAL_TOKEN": token}, started)

    yield made
    for run in started:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
