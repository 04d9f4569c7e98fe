"""Restarting and stopping, with children that are quick to start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.quickstart.errors import StartupError
from portal.quickstart.process import CrashCounter, ManagedProcess
from portal.quickstart.supervisor import Supervisor
from tests.eventually import eventually

SLEEP = "import time; time.sleep(60)"
# A process that leaves another behind, in a session of its own, as a job runner or a daemon does.
LEAVE_ONE = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True);"
    "print(p.pid, flush=True); time.sleep(60)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def test_three_deaths_within_a_minute_are_forgiven_and_the_fourth_is_not() -> None:
    deaths = CrashCounter()

    assert [deaths.record_crash(at) for at in (0.0, 10.0, 20.0, 30.0)] == [False, False, False, True]


def test_old_deaths_are_forgotten() -> None:
    deaths = CrashCounter()

    assert not any(deaths.record_crash(at) for at in (0.0, 20.0, 40.0, 60.0, 80.0, 100.0))


def test_the_sentence_about_a_child_ends_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("".join(f"line {number}\n" for number in range(9)))

    assert child("web", SLEEP, tmp_path).log_tail(2) == "line 7\nline 8"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    """One that was not told to listen to signals: those are pytest's here."""
    made = Supervisor()
    yield made
    made.stop([])


def child(name: str, program: str, directory: Path, *, patience: float = 5, once: bool = False) -> ManagedProcess:
    log = directory / f"{name}.log"
    return ManagedProcess(
        name, [sys.executable, "-c", program], os.environ, directory, log, stop_timeout=patience, is_one_off=once
    )


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.process
def test_a_child_that_dies_is_started_again_three_times(tmp_path: Path, supervisor: Supervisor) -> None:
    made = child("clock", SLEEP, tmp_path)
    supervisor.start(made)
    pids = [made.pid]
    for _ in range(3):
        os.kill(made.pid, signal.SIGKILL)
        eventually(lambda: not made.running)
        supervisor.step(0)
        pids.append(made.pid)
    os.kill(made.pid, signal.SIGKILL)
    eventually(lambda: not made.running)

    assert len(set(pids)) == 4
    with pytest.raises(StartupError, match=r"^The clock was killed by signal 9 for the fourth time in a minute"):
        supervisor.step(0)


@pytest.mark.process
def test_a_preparation_that_fails_ends_the_start_with_its_last_words(tmp_path: Path, supervisor: Supervisor) -> None:
    made = child("preparation", "raise SystemExit('no such table')", tmp_path, once=True)
    supervisor.start(made)
    eventually(lambda: not made.running)

    with pytest.raises(
        StartupError, match=r"(?s)^Preparing the database failed: preparation exited with code 1.*no such table"
    ):
        supervisor.step(0)


@pytest.mark.process
def test_an_optional_child_that_fails_is_reported_and_everything_else_runs_on(
    tmp_path: Path, supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    made = child("demo", "raise SystemExit(3)", tmp_path, once=True)
    made.is_optional = True
    other = child("web", SLEEP, tmp_path)
    for one in (made, other):
        supervisor.start(one)
    eventually(lambda: not made.running)
    supervisor.step(0)

    assert supervisor.children == [other]
    assert other.running
    assert "The demo exited with code 3. See its log: " in capsys.readouterr().err


@pytest.mark.process
def test_a_preparation_that_is_done_is_not_started_again(tmp_path: Path, supervisor: Supervisor) -> None:
    made = child("preparation", "pass", tmp_path, once=True)
    supervisor.start(made)
    eventually(lambda: not made.running)
    supervisor.step(0)

    assert supervisor.children == []


@pytest.mark.process
def test_what_ran_before_it_began_is_not_its_own_to_end(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SLEEP]) as before:
        supervisor = Supervisor()
        supervisor.start(child("clock", SLEEP, tmp_path))
        with subprocess.Popen([sys.executable, "-c", SLEEP]) as left_behind:
            supervisor.stop([])
            assert (is_alive(before.pid), is_alive(left_behind.pid)) == (True, False)
        before.kill()


@pytest.mark.process
def test_children_end_in_the_order_of_the_stages(tmp_path: Path, supervisor: Supervisor) -> None:
    program = (
        "import os, signal, sys, time;"
        # not by print(): the signal may arrive while the line before is printed
        "signal.signal(15, lambda *_: sys.exit(not os.write(1, f'{time.time()}\\n'.encode())));"
        "print('up', flush=True); time.sleep(60)"
    )
    for name in ("redis", "web"):
        supervisor.start(child(name, program, tmp_path))
    eventually(lambda: all((tmp_path / f"{name}.log").read_text() for name in ("redis", "web")))
    supervisor.stop([["web"], ["redis"]])
    web, redis = (float((tmp_path / f"{name}.log").read_text().split()[-1]) for name in ("web", "redis"))

    assert web < redis


@pytest.mark.process
def test_a_child_that_does_not_listen_is_killed_when_the_patience_ends(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    made = child("worker", DEAF, tmp_path, patience=0.3)
    supervisor.start(made)
    eventually(lambda: "deaf" in made.log.read_text())
    supervisor.stop([["worker"]])

    assert made.exit_code == -signal.SIGKILL
