"""A Redis that hangs: it accepts connections and never answers."""

import inspect
import logging
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.test import Client
from django_rq.settings import QUEUES
from redis.exceptions import ConnectionError as NotConnectedError
from redis.exceptions import TimeoutError as NotAnsweredError

from jobs import task_queue, tasks
from jobs.task_queue import ACCOUNT_TASKS, RedisCircuitBreaker, RedisPausedError
from jobs.task_queue import _enqueue as ring_for_real
from tests import make

TIMEOUT = 0.6
"""Seconds for the tests' clients; more than what counts as slow."""


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of a clock that a test sets."""
    seconds = [0.0]
    monkeypatch.setattr("jobs.task_queue.time.monotonic", lambda: seconds[0])
    return seconds


def fail(breaker: RedisCircuitBreaker, now: list[float], *, after: float) -> None:
    def ask() -> None:
        now[0] += after
        raise NotAnsweredError

    with pytest.raises(NotAnsweredError), breaker.guard():
        ask()


def test_after_one_time_out_nobody_asks_for_thirty_seconds(fake_clock: list[float]) -> None:
    breaker = RedisCircuitBreaker()
    fail(breaker, fake_clock, after=2)

    for fake_clock[0] in (2.0, 31.9):
        with pytest.raises(RedisPausedError), breaker.guard():
            pytest.fail("Redis was asked while it was to be left alone.")


def test_then_one_caller_tries_and_the_others_go_on_without(fake_clock: list[float]) -> None:
    breaker = RedisCircuitBreaker()
    fail(breaker, fake_clock, after=2)
    fake_clock[0] = 33

    with breaker.guard(), pytest.raises(RedisPausedError), breaker.guard():
        pass
    with breaker.guard():  # it answered: all ask again
        pass


def test_a_redis_that_goes_on_hanging_costs_one_caller_every_thirty_seconds(fake_clock: list[float]) -> None:
    breaker, waited = RedisCircuitBreaker(), 0
    while fake_clock[0] < 120:
        try:
            with breaker.guard():
                fake_clock[0] += 2
                waited += 1
                raise NotAnsweredError
        except (NotAnsweredError, RedisPausedError):
            fake_clock[0] += 0.1

    assert waited == 4


def test_a_redis_that_refuses_at_once_is_asked_each_time(fake_clock: list[float]) -> None:
    breaker, calls = RedisCircuitBreaker(), []

    def ask() -> None:
        calls.append(fake_clock[0])
        raise NotConnectedError

    for _ in range(3):
        with pytest.raises(NotConnectedError), breaker.guard():
            ask()

    assert len(calls) == 3


class HungServer:
    """Listens, accepts by its backlog, and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._socket.getsockname()[1]

    def connections(self) -> int:
        """How many came since the last call."""
        self._socket.setblocking(False)
        count = 0
        while True:
            try:
                self._socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def hung_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HungServer]:
    server = HungServer()
    monkeypatch.setattr(task_queue, "redis_breaker", RedisCircuitBreaker())
    for name, config in QUEUES.items():
        kwargs = {**config["REDIS_CLIENT_KWARGS"], "socket_timeout": TIMEOUT}
        monkeypatch.setitem(QUEUES, name, {**config, "PORT": server.port, "REDIS_CLIENT_KWARGS": kwargs})
    yield server
    server.close()


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_hung_redis_costs_a_process_one_time_out_and_the_health_page_says_so(
    hung_server: HungServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for account in range(20):
        task_queue.enqueue_on_commit("deliver", account, queue="deliver")
    browser = Client()
    browser.force_login(make.admin())
    page: Any = browser.get("/health/")

    assert hung_server.connections() == 1
    assert page.status_code == 200
    assert "Check the Redis server" in page.content.decode()
    messages = [record.getMessage() for record in caplog.records]
    assert sum("redis_backed_off" in message for message in messages) == 1
    assert sum("enqueue_failed" in message for message in messages) == 1


class Entries:
    """A queue of rq whose entries nobody takes, and the part of Redis that it needs."""

    def __init__(self) -> None:
        self.connection = self
        self.keys: dict[str, int] = {}
        self.accounts: list[object] = []

    def set(self, key: str, _: str, *, nx: bool, ex: int) -> bool:
        is_new = not (nx and key in self.keys)
        self.keys.setdefault(key, ex)
        return is_new

    def delete(self, key: str) -> None:
        del self.keys[key]

    def enqueue_call(self, _task: str, **options: Any) -> None:
        self.accounts.append(options["meta"].get("account"))


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> Entries:
    queue = Entries()
    monkeypatch.setattr("jobs.task_queue.django_rq.get_queue", lambda _name: queue)
    return queue


def test_an_entry_says_whose_aws_its_task_calls(entries: Entries) -> None:
    ring_for_real("poll", (7,), "sync", 7)
    ring_for_real("deliver", (8,), "deliver", 8)
    ring_for_real("send_mail", (3,), "ask", None)

    assert entries.accounts == [7, 8, None]


def test_a_task_is_enqueued_once_until_it_begins(entries: Entries) -> None:
    for _ in range(3):
        ring_for_real("deliver", (7,), "deliver", 7)
        ring_for_real("deliver", (8,), "deliver", 8)
    assert entries.accounts == [7, 8]
    assert set(entries.keys.values()) == {task_queue.ENTRY_SECONDS}  # a worker may die before it forgets the entry

    entry: Any = SimpleNamespace(func_name="jobs.tasks.deliver", args=[7])
    task_queue.forget_entry(entry, cast("Any", entries))
    for _ in range(2):
        ring_for_real("deliver", (7,), "deliver", 7)
    assert entries.accounts == [7, 8, 7]


def test_every_task_that_takes_an_account_is_known_as_one() -> None:
    takes = {
        name
        for name, task in vars(tasks).items()
        if inspect.isfunction(task)
        and task.__module__ == tasks.__name__
        and list(inspect.signature(task).parameters)[:1] == ["account"]
        and not name.startswith("_")
    }

    assert takes == ACCOUNT_TASKS
