"""`python -m portal.quickstart` with everything it starts. Each start takes seconds: few tests, much in each."""

import http.client
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from jobs.models.token import digest
from portal.quickstart.config import find_redis_server
from portal.quickstart.state_dir import find_free_port
from tests.eventually import eventually
from tests.quickstart_process import Run, alive_commands, environment_of, rows, running

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc"),
]
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90


REAL = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_PROFILE": "production"}


@dataclass
class FirstRun:
    """What was seen of the first start, and of how it stopped."""

    run: Run
    text: str
    statuses: list[int]
    token: str
    tokens: list[tuple[str, str]]
    memberships: list[tuple[str, str, str]]
    definitions: int
    leaked: list[int]
    remaining: list[str]


@dataclass
class KilledRun:
    """What was seen of the second start, and of how its supervisor was killed."""

    run: Run
    submissions: int
    token: str
    remaining: list[str]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> FirstRun:
    with running(tmp_path_factory.mktemp("run") / "state", find_free_port([]), **REAL) as run:
        text = run.says("To stop")
        ready = time.monotonic() - run.began
        statuses = [run.page(path)[0] for path in ("/sign-in/", "/readyz")]
        token = (run.state / "token").read_text().strip()
        tokens = rows(run.state, "select t.slug, k.digest from jobs_apitoken k join jobs_team t on t.id = k.team_id")
        memberships = rows(
            run.state,
            "select t.slug, u.username, m.role from jobs_membership m"
            " join jobs_team t on t.id = m.team_id join jobs_user u on u.id = m.user_id order by 1, 2",
        )
        [(definitions,)] = rows(run.state, "select count(*) from jobs_revision where registration = 'REGISTERED'")
        processes = run.children()
        leaked = [pid for pid in processes if b"AKIAREAL" in environment_of(pid)]
        stopped = run.stop()
        remaining = alive_commands(processes)
    print(f"first start {ready:.1f} s, stop {stopped:.1f} s")  # noqa: T201
    return FirstRun(run, text, statuses, token, tokens, memberships, definitions, leaked, remaining)


@pytest.fixture(scope="module")
def killed(first: FirstRun) -> KilledRun:
    with running(first.run.state, first.run.port, **REAL, DEMO="on") as run:
        # Without what the demo adds meanwhile: its history, and the jobs of the day.
        [(submissions,)] = rows(
            run.state,
            "select count(*) from jobs_submission"
            " where request_key not like 'generated:%' and request_key not like 'demo-_-2___-__-__-%'",
        )
        token = (run.state / "token").read_text().strip()
        processes = run.children()
        run.process.kill()
        run.process.wait()
        with suppress(AssertionError):  # the test says which
            wait_until(lambda: not alive_commands(processes))
    return KilledRun(run, submissions, token, alive_commands(processes))


def test_it_starts_answers_and_stops_without_a_trace(first: FirstRun) -> None:
    assert first.text.startswith(f"Ready: http://127.0.0.1:{first.run.port}\n")
    assert re.search(r"analyst \(Research\), lead \(all teams\), admin \(staff\); password: demo", first.text)
    assert f"{first.run.state}/token (team Research)" in first.text
    assert first.statuses == [200, 200]
    assert ("research", digest(first.token)) in first.tokens
    assert first.memberships == [
        ("finance", "lead", "lead"),
        ("finance", "quant", "analyst"),
        ("genomics", "lead", "lead"),
        ("genomics", "scientist", "analyst"),
        ("research", "analyst", "analyst"),
        ("research", "engineer", "analyst"),
        ("research", "lead", "lead"),
    ]
    assert first.definitions == 8
    assert (first.remaining, first.leaked) == ([], [])
    assert first.run.process.returncode == 0


def test_the_next_start_finds_everything_again(first: FirstRun, killed: KilledRun) -> None:
    assert (killed.submissions, killed.token) == (3, first.token)


def test_a_supervisor_that_is_killed_takes_everything_with_it(killed: KilledRun) -> None:
    assert killed.remaining == []


def test_after_a_kill_it_starts_and_what_dies_is_started_again_until_it_is_hopeless(killed: KilledRun) -> None:
    with running(killed.run.state, killed.run.port) as run:
        assert run.page("/sign-in/")[0] == 200
        for words in ("manage.py worker", Path(find_redis_server()).name, "gunicorn"):
            pid = run.child(words)
            os.kill(pid, signal.SIGKILL)
            wait_until(partial(is_replaced, run, words, pid))
        wait_until(lambda: run.page("/sign-in/")[0] == 200)
        everything = run.children()
        for death in range(4):
            pid = run.child("manage.py clock")
            os.kill(pid, signal.SIGKILL)
            if death < 3:
                wait_until(partial(is_replaced, run, "manage.py clock", pid))
        code = run.process.wait(SECONDS)
        text = run.said.read_text()

    assert code == 1
    assert "The worker was killed by signal 9 and is restarted. See its log: " in text
    assert "The clock was killed by signal 9 for the fourth time in a minute. Stopping the portal." in text
    assert alive_commands(everything) == []


def test_two_of_one_state_are_refused_in_one_sentence_and_sandbox_off_touches_no_aws(tmp_path: Path) -> None:
    state, port = tmp_path / "state", find_free_port([])
    with running(state, port, SANDBOX="off") as first:
        commands = " ".join(first.children().values())
        second = Run(state.with_name("state"), find_free_port([port]))
        second_said = state.with_suffix(".said")
        code = second.process.wait(SECONDS)
        text = second_said.read_text()
        counts = rows(state, "select (select count(*) from jobs_account), (select count(*) from jobs_membership)")
        page, _ = first.page("/sign-in/")
        first.stop(signal.SIGINT)

    assert "manage.py sandbox" not in commands
    assert counts == [(0, 7)]
    assert (code, page, first.process.returncode) == (1, 200, 0)
    assert f"is already running as process {first.process.pid} at http://127.0.0.1:{port}" in text
    assert len(text.strip().splitlines()) == 1


def is_replaced(run: Run, words: str, former: int) -> bool:
    now = run.children()
    return former not in now and any(words in command for command in now.values())


def wait_until(condition: Callable[[], object], within: float = 60) -> None:
    """A page that does not answer yet is no answer yet."""
    eventually(condition, within, errors=(OSError, http.client.HTTPException))
