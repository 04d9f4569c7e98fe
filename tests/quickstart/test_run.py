"""`python -m portal.quickstart` with everything it starts. Each start takes seconds: few tests, much in each."""

import http.client
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from jobs.models.token import digest
from portal.quickstart.config import find_redis_server
from portal.quickstart.state_dir import find_free_port
from tests.eventually import eventually
from tests.quickstart_process import Run, alive, rows, running, surroundings

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc"),
]
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90


def test_it_starts_answers_stops_without_a_trace_and_finds_everything_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, port = tmp_path / "state", find_free_port([])
    real = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_PROFILE": "production"}
    with running(state, port, **real) as first:
        text = first.says("To stop")
        ready = time.monotonic() - first.began
        sign_in, _ = first.page("/sign-in/")
        healthy, _ = first.page("/readyz")
        token = (state / "token").read_text().strip()
        known = rows(state, "select t.slug, k.digest from jobs_apitoken k join jobs_team t on t.id = k.team_id")
        teams = rows(
            state,
            "select t.slug, u.username, m.role from jobs_membership m"
            " join jobs_team t on t.id = m.team_id join jobs_user u on u.id = m.user_id order by 1, 2",
        )
        definitions = rows(state, "select count(*) from jobs_revision where registration = 'REGISTERED'")
        everything = first.children()
        leaked = [pid for pid in everything if b"AKIAREAL" in surroundings(pid)]
        stopped = first.stop()
        left = alive(everything)
    with running(state, port, **real) as second:
        again = time.monotonic() - second.began
        found = rows(state, "select count(*) from jobs_submission"), (state / "token").read_text().strip()
        second_stop = second.stop(signal.SIGINT)
    with capsys.disabled():
        sys.stdout.write(
            f"\n  first start {ready:.1f} s, stop {stopped:.1f} s, start {again:.1f} s, {second_stop:.1f} s\n"
        )

    assert text.startswith(f"Ready: http://127.0.0.1:{port}\n")
    assert re.search(r"analyst \(Research\), lead \(Research and Finance\), admin \(staff\); password: demo", text)
    assert f"{state}/token (team Research)" in text
    assert (sign_in, healthy) == (200, 200)
    assert ("research", digest(token)) in known
    assert teams == [("finance", "lead", "lead"), ("research", "analyst", "analyst"), ("research", "lead", "lead")]
    assert definitions == [(6,)]
    assert (left, leaked) == ([], [])
    assert (first.process.returncode, second.process.returncode) == (0, 0)
    assert found == ([(3,)], token)


def test_what_dies_is_started_again_until_it_is_hopeless(tmp_path: Path) -> None:
    with running(tmp_path / "state", find_free_port([])) as run:
        for words in ("manage.py worker", Path(find_redis_server()).name, "gunicorn"):
            pid = run.child(words)
            os.kill(pid, signal.SIGKILL)
            wait_until(partial(replaced, run, words, pid))
        wait_until(lambda: run.page("/sign-in/")[0] == 200)
        everything = run.children()
        for death in range(4):
            pid = run.child("manage.py clock")
            os.kill(pid, signal.SIGKILL)
            if death < 3:
                wait_until(partial(replaced, run, "manage.py clock", pid))
        code = run.process.wait(SECONDS)
        text = run.said.read_text()

    assert code == 1
    assert "The worker was ended by signal 9 and is started again; its log: " in text
    assert "The clock was ended by signal 9, for the fourth time within a minute: everything is stopped." in text
    assert alive(everything) == []


def test_a_supervisor_that_is_killed_takes_everything_with_it(tmp_path: Path) -> None:
    state, port = tmp_path / "state", find_free_port([])
    with running(state, port) as run:
        everything = run.children()
        run.process.kill()
        run.process.wait()
        wait_until(lambda: not alive(everything))
    with running(state, port) as again:
        assert again.page("/sign-in/")[0] == 200


def test_two_of_one_state_are_refused_in_one_sentence_and_sandbox_off_touches_no_aws(tmp_path: Path) -> None:
    state, port = tmp_path / "state", find_free_port([])
    with running(state, port, SANDBOX="off") as first:
        commands = " ".join(first.children().values())
        second = Run(state.with_name("state"), find_free_port([port]))
        second_said = state.with_suffix(".said")
        code = second.process.wait(SECONDS)
        text = second_said.read_text()
        found = rows(state, "select (select count(*) from jobs_account), (select count(*) from jobs_membership)")
        page, _ = first.page("/sign-in/")

    assert "manage.py sandbox" not in commands
    assert found == [(0, 3)]
    assert (code, page) == (1, 200)
    assert f"is already running as process {first.process.pid} at http://127.0.0.1:{port}" in text
    assert len(text.strip().splitlines()) == 1


def replaced(run: Run, words: str, former: int) -> bool:
    now = run.children()
    return former not in now and any(words in command for command in now.values())


def wait_until(condition: Callable[[], object], within: float = 60) -> None:
    """A page that does not answer yet is no answer yet."""
    eventually(condition, within, errors=(OSError, http.client.HTTPException))
