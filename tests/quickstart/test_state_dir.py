import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.quickstart.errors import CannotRun
from portal.quickstart.state_dir import LOOPBACK, Ground, claim_web_port, some_free_port

URL = "http://127.0.0.1:8000"


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    made = Ground.at(tmp_path / "state")
    yield made
    made.let_go()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_only_its_owner_can_read_what_is_kept(ground: Ground) -> None:
    ground.secret_key()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (ground.path, ground.path / "secret_key")]

    assert modes == [0o700, 0o600]


def test_somebody_elses_directory_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "letters").touch()
    tmp_path.chmod(0o755)
    Ground.at(tmp_path)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_state_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotRun, match=r"^STATE=.*/file cannot be written \(File exists\): choose another"):
        Ground.at(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_without_the_right_to_write_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(CannotRun, match="Permission denied"):
        Ground.at(tmp_path / "state")


def test_a_second_start_says_who_is_first(ground: Ground) -> None:
    ground.hold(URL)

    with pytest.raises(CannotRun, match=rf"already running as process {os.getpid()} at {URL}: stop it"):
        Ground.at(ground.path).hold(URL)


def test_whether_the_last_one_could_say_goodbye_is_known(ground: Ground) -> None:
    ground.hold(URL)
    first = ground.unclean
    ground.let_go()
    ground.hold(URL)
    after_goodbye = ground.unclean
    assert ground._lock
    ground._lock.close()  # as the kernel does for a process that was killed
    ground._lock = None
    again = Ground.at(ground.path)
    again.hold(URL)
    again.let_go()

    assert (first, after_goodbye, again.unclean) == (False, False, True)


def test_letting_go_of_what_another_holds_changes_nothing(ground: Ground) -> None:
    ground.hold(URL)
    ground.write("url", URL)
    other = Ground.at(ground.path)
    with pytest.raises(CannotRun):
        other.hold(URL)
    other.let_go()

    assert (ground.path / "url").exists()


def test_the_secret_key_stays_the_same(ground: Ground) -> None:
    assert ground.secret_key() == Ground.at(ground.path).secret_key()
    assert len(ground.secret_key()) >= 50


def test_inner_ports_stay_the_same_while_they_are_free(ground: Ground) -> None:
    first = ground.ports(["redis", "sandbox"], reserved=8000)

    assert ground.ports(["redis", "sandbox"], reserved=8000) == first
    assert len(set(first.values())) == 2


def test_an_inner_port_that_was_taken_meanwhile_is_replaced(ground: Ground, taken: int) -> None:
    ground.write("ports.json", f'{{"redis": {taken}, "sandbox": {some_free_port([])}}}')

    assert ground.ports(["redis", "sandbox"], reserved=8000)["redis"] != taken


@pytest.mark.parametrize("kept", ["", "[]", '{"redis": "x"}', '{"redis": 8000}'])
def test_a_spoilt_note_of_ports_is_forgotten(ground: Ground, kept: str) -> None:
    ground.write("ports.json", kept)
    chosen = ground.ports(["redis"], reserved=8000)

    assert chosen["redis"] not in ("x", 8000)


def test_a_web_port_in_use_is_one_sentence(taken: int) -> None:
    with pytest.raises(CannotRun) as refused:
        claim_web_port(taken)

    assert str(refused.value) == (
        f"Port {taken} is in use: stop what uses it, or choose another: make run PORT={taken + 1}"
    )


def test_a_free_web_port_is_fine() -> None:
    claim_web_port(some_free_port([]))
