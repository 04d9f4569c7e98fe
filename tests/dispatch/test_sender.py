"""One sender: what it claims while requests are out, and what waits. Threads, on a database in a file."""

import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.db import connection

from jobs.dispatch import delivery
from jobs.dispatch.delivery import deliver_due
from jobs.models import AccountStatus, Job, JobDependency, Submission
from jobs.models.database_generation import enter_recovery
from tests import http_wire, make
from tests.live_db import database_in_a_file

pytestmark = pytest.mark.django_db(transaction=True)

Meanwhile = Callable[[str], None]
"""What happens while the request of a job, told by its name, is out."""


class Batch:
    """Accepts every job, and knows which requests were out at the same time."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, object]]] = []
        self.together: dict[str, set[str]] = {}
        self.meanwhile: Meanwhile = lambda _name: None
        self.ahead_seconds = 0.0
        self._out: set[str] = set()
        self._lock = threading.Lock()
        self._accept = http_wire.accept_each()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            name = str(self.requests[-1][1]["jobName"]).split("-")[0]
            self._out.add(name)
            for each in self._out:
                self.together.setdefault(each, set()).update(self._out)
        self.meanwhile(name)
        with self._lock:
            self._out.discard(name)
        date = formatdate(time.time() + self.ahead_seconds, usegmt=True)
        handler.date_time_string = lambda timestamp=None: date  # type: ignore[method-assign] # noqa: ARG005 - as named there
        self._accept(handler)


@pytest.fixture
def batch(tmp_path: Path) -> Iterator[Batch]:
    answers = Batch()
    with http_wire.wire(answers) as aws, database_in_a_file(tmp_path):
        answers.requests = aws.requests
        make.submission(where=make.account(endpoint_url=aws.url, submits_per_second=4))
        yield answers


def add_job(name: str, **fields: int) -> Job:
    return make.job(Submission.objects.get(), name=name, **fields)


def send_all(threads: int = 4) -> int:
    return deliver_due(Submission.objects.get().account, threads)


def test_more_is_claimed_while_a_request_is_out(batch: Batch):
    names = [f"job{number}" for number in range(9)]
    for name in names:
        add_job(name)
    others_sent = threading.Event()

    def wait_for_others(name: str) -> None:
        if name == "job0":
            assert others_sent.wait(15)
        elif len(batch.together) == len(names):
            others_sent.set()

    batch.meanwhile = wait_for_others

    assert send_all(threads=2) == len(names)
    assert others_sent.is_set()
    assert Job.objects.filter(delivery="SENT").count() == len(names)


def test_what_becomes_due_while_the_last_request_is_out_is_sent_too(batch: Batch):
    parent, child = add_job("parent"), add_job("child")
    JobDependency.objects.create(job=child, parent=parent)
    batch.meanwhile = lambda _name: time.sleep(0.3)

    assert send_all() == 2
    assert list(batch.together) == ["parent", "child"]


def test_a_job_that_lost_a_worker_is_sent_when_nothing_else_is_out(batch: Batch):
    add_job("first")
    add_job("suspect", lost_workers=1)
    add_job("second")

    def add_another(name: str) -> None:
        if name == "suspect":
            add_job("later")
            connection.close()
        time.sleep(0.4)

    batch.meanwhile = add_another

    assert send_all() == 4
    assert batch.together["suspect"] == {"suspect"}
    assert batch.together["first"] == {"first", "second"}


@pytest.mark.parametrize("pause", [lambda: enter_recovery("restored"), lambda: set_clock_skew(100.0)])
def test_a_restore_or_a_wrong_clock_ends_a_sender_that_runs(batch: Batch, pause: Callable[[], None]):
    for number in range(6):
        add_job(f"job{number}")

    def pause_in_another_process(_name: str) -> None:
        pause()
        connection.close()

    batch.meanwhile = pause_in_another_process

    assert send_all(threads=1) == len(batch.together) == 4  # those that it had claimed
    assert not Job.objects.filter(delivery="ACCEPTED", lease_until__isnull=False).exists()


def test_a_sender_measures_the_clock_of_its_own_machine(batch: Batch):
    for number in range(6):
        add_job(f"job{number}")
    batch.ahead_seconds = 100.0

    assert send_all(threads=1) == len(batch.together) == 4  # those that it had claimed


def set_clock_skew(seconds: float) -> None:
    AccountStatus.objects.update(clock_skew_seconds=seconds)


def test_a_sender_that_has_to_stop_frees_what_it_has_claimed_and_not_begun(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(delivery, "_stopping", threading.Event())
    for number in range(9):
        add_job(f"job{number}")
    batch.meanwhile = lambda _name: delivery.stop_deliveries()

    send_all(threads=2)

    sent = Job.objects.filter(delivery="SENT").count()
    assert 0 < sent < 6
    assert Job.objects.filter(delivery="ACCEPTED", lease_until=None).count() == 9 - sent
