"""Workers in processes of their own, on a SQLite in a file."""

import os
import shutil
import signal
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import http_wire
from tests.chaos import hasty
from tests.dispatch.fork import child
from tests.eventually import eventually
from tests.quickstart_process import rows

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def migrated_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("migrated")
    assert child(state, "migrate").wait(120) == 0
    return state


def prepare(state: Path, migrated: Path, url: str, jobs: int) -> None:
    """An account at an address, with so many jobs, in a state of its own."""
    shutil.copytree(migrated, state, dirs_exist_ok=True)
    assert child(state, "prepare", url, str(jobs)).wait(120) == 0


def test_two_workers_with_eight_threads_each_send_every_job_once(tmp_path: Path, migrated_dir: Path):
    with http_wire.wire(http_wire.accept_each()) as aws:
        prepare(tmp_path, migrated_dir, aws.url, 300)
        began = time.monotonic()
        assert [worker.wait(120) for worker in [child(tmp_path, "deliver") for _ in range(2)]] == [0, 0]
        print(f"300 jobs by two workers in {time.monotonic() - began:.1f} s")  # noqa: T201 - read with -s

    assert len({request["jobName"] for _, request in aws.requests}) == len(aws.requests) == 300
    assert rows(tmp_path, "SELECT delivery, count(*), max(epoch) FROM jobs_job GROUP BY 1") == [("SENT", 300, 1)]


class Ledger:
    """What AWS accepted: every name with its ids."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, str]] = []
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, handler: Any) -> None:
        request = self.requests[-1][1]
        if handler.path.endswith("submitjob"):
            self.accepted.append((request["jobName"], str(uuid.uuid4())))
            http_wire.reply(200, {"jobId": self.accepted[-1][1]})(handler)
        else:
            [name] = request["filters"][0]["values"]
            http_wire.lists(*({"jobName": n, "jobId": i, "createdAt": 1} for n, i in self.accepted if n == name))(
                handler
            )


@pytest.fixture(scope="module")
def prepared_dir(tmp_path_factory: pytest.TempPathFactory, migrated_dir: Path) -> Path:
    """Tables, and an account with two jobs."""
    state = tmp_path_factory.mktemp("prepared")
    prepare(state, migrated_dir, "http://127.0.0.1:9", 2)
    return state


@pytest.fixture
def ledger(tmp_path: Path, prepared_dir: Path) -> Iterator[Ledger]:
    shutil.copytree(prepared_dir, tmp_path, dirs_exist_ok=True)
    told = Ledger()
    with http_wire.wire(told) as aws:
        told.requests = aws.requests
        with closing(sqlite3.connect(tmp_path / "portal.sqlite3")) as database, database:
            database.execute("UPDATE jobs_account SET endpoint_url = ?", [aws.url])
        yield told


def is_sent_once(ledger: Ledger, state: Path) -> bool:
    """Every job has the one id under which AWS accepted it, and AWS accepted nothing else."""
    return sorted(ledger.accepted) == sorted(
        rows(state, "SELECT marker, batch_id FROM jobs_job WHERE delivery='SENT'")
    )


CASES = [(step, "kill") for step in ("claimed", "marking", "marked", "signed", "answered", "settling")]


@pytest.mark.parametrize(("step", "how"), [*CASES, ("claimed", "raise"), ("answered", "raise")])
def test_wherever_a_worker_fails_every_job_is_sent_once(tmp_path: Path, ledger: Ledger, step: str, how: str):
    ended = child(tmp_path, "deliver", FAILPOINT=f"{step}:{how}").wait(120)
    assert ended == (-signal.SIGKILL if how == "kill" else 0)
    assert child(tmp_path, "expire_all").wait(120) == 0

    assert len(ledger.accepted) == 2
    assert is_sent_once(ledger, tmp_path)


def test_a_worker_that_was_paused_while_another_sent_its_job_sends_nothing(tmp_path: Path, ledger: Ledger):
    # One thread: a second one could be paused after its deadline was checked and before its bytes are sent, when only
    # the age of the signature protects, which this AWS does not check.
    paused = child(tmp_path, "deliver", "1", FAILPOINT="marked:pause", SCALE="hasty")
    eventually(lambda: rows(tmp_path, "SELECT 1 FROM jobs_job WHERE delivery='SENDING'"))
    began = time.monotonic()
    assert child(tmp_path, "expire_all").wait(120) == 0
    eventually(lambda: time.monotonic() > began + 2 * hasty.SEND_WITHIN)
    os.kill(paused.pid, signal.SIGCONT)
    assert paused.wait(120) == 0

    assert len(ledger.accepted) == 2
    assert is_sent_once(ledger, tmp_path)
