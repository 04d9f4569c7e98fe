import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.quickstart.errors import StartupError
from portal.quickstart.state_dir import LOOPBACK, StateDir, find_free_port, wait_for_web_port

URL = "http://127.0.0.1:8000"


@pytest.fixture
def state_dir(tmp_path: Path) -> Iterator[StateDir]:
    made = StateDir.open(tmp_path / "state")
    yield made
    made.release()


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_only_its_owner_can_read_what_is_kept(state_dir: StateDir) -> None:
    state_dir.secret_key()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (state_dir.path, state_dir.path / "secret_key")]

    assert modes == [0o700, 0o600]


def test_somebody_elses_directory_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    tmp_path.chmod(0o755)
    StateDir.open(tmp_path)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_state_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StartupError, match=r"^STATE=.*/file is not writable \(File exists\)\. Use another"):
        StateDir.open(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_without_the_right_to_write_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(StartupError, match="Permission denied"):
        StateDir.open(tmp_path / "state")


def test_a_second_start_says_who_is_first(state_dir: StateDir) -> None:
    state_dir.lock(URL)

    with pytest.raises(StartupError, match=rf"already running as process {os.getpid()} at {URL}\. Stop it"):
        StateDir.open(state_dir.path).lock(URL)


def test_whether_the_last_one_could_say_goodbye_is_known(state_dir: StateDir) -> None:
    state_dir.lock(URL)
    first = state_dir.was_unclean
    state_dir.release()
    state_dir.lock(URL)
    after_goodbye = state_dir.was_unclean
    assert state_dir._lock
    state_dir._lock.close()  # as the kernel does for a process that was killed
    state_dir._lock = None
    again = StateDir.open(state_dir.path)
    again.lock(URL)
    again.release()

    assert (first, after_goodbye, again.was_unclean) == (False, False, True)


def test_letting_go_of_what_another_holds_changes_nothing(state_dir: StateDir) -> None:
    state_dir.lock(URL)
    state_dir.write("url", URL)
    other = StateDir.open(state_dir.path)
    with pytest.raises(StartupError):
        other.lock(URL)
    other.release()

    assert (state_dir.path / "url").exists()


def test_the_secret_key_stays_the_same(state_dir: StateDir) -> None:
    assert state_dir.secret_key() == StateDir.open(state_dir.path).secret_key()
    assert len(state_dir.secret_key()) >= 50


def test_inner_ports_stay_the_same_while_they_are_free(state_dir: StateDir) -> None:
    first = state_dir.ports(["redis", "sandbox"], reserved=8000)

    assert state_dir.ports(["redis", "sandbox"], reserved=8000) == first
    assert len(set(first.values())) == 2


def test_an_inner_port_that_was_taken_meanwhile_is_replaced(state_dir: StateDir, taken_port: int) -> None:
    state_dir.write("ports.json", f'{{"redis": {taken_port}, "sandbox": {find_free_port([])}}}')

    assert state_dir.ports(["redis", "sandbox"], reserved=8000)["redis"] != taken_port


@pytest.mark.parametrize("kept", ["", "[]", '{"redis": "x"}', '{"redis": 8000}'])
def test_a_spoilt_note_of_ports_is_forgotten(state_dir: StateDir, kept: str) -> None:
    state_dir.write("ports.json", kept)
    chosen = state_dir.ports(["redis"], reserved=8000)

    assert chosen["redis"] not in ("x", 8000)


def test_a_web_port_in_use_is_one_sentence(taken_port: int) -> None:
    with pytest.raises(StartupError) as refused:
        wait_for_web_port(taken_port)

    assert str(refused.value) == (
        f"Port {taken_port} is in use. Stop the other program, or use another port: make run PORT={taken_port + 1}"
    )


def test_a_free_web_port_is_fine() -> None:
    wait_for_web_port(find_free_port([]))
