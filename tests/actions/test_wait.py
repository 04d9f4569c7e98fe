"""Waiting for what another process writes: one loop, whoever waits."""

import socket
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils.timezone import now

from jobs import actions
from jobs.actions import wait
from jobs.api import long_poll
from jobs.management.commands import seed_demo
from jobs.models import AccountStatus, Registration, Revision
from tests import make


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the naps, which take no time; the clock goes on by what they would have taken."""
    taken: list[float] = []
    monkeypatch.setattr("jobs.actions.wait.time.monotonic", lambda: sum(taken))
    monkeypatch.setattr("jobs.actions.wait.time.sleep", taken.append)
    return taken


def test_what_is_already_there_is_not_waited_for(naps: list[float]) -> None:
    assert wait.wait_until(lambda: True, 10)
    assert wait.wait_until(lambda: True, 0)
    assert naps == []


def test_nothing_is_waited_for_longer_than_asked_and_the_last_moment_counts(naps: list[float]) -> None:
    assert not wait.wait_until(lambda: False, 1, 0.4)
    assert naps == pytest.approx([0.4, 0.4, 0.2])
    naps.clear()
    assert wait.wait_until(lambda: sum(naps) >= 1, 1, 0.4)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_without_time_there_is_one_look(naps: list[float], seconds: float) -> None:
    answers = iter([False])  # a second look would have no answer

    assert not wait.wait_until(lambda: next(answers), seconds)
    assert naps == []


def write_after(
    naps: list[float], seconds: float, write: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write when the naps have taken that long."""

    def fake_sleep(duration: float) -> None:
        naps.append(duration)
        if sum(naps) >= seconds > sum(naps[:-1]):
            write()

    monkeypatch.setattr("jobs.actions.wait.time.sleep", fake_sleep)


@pytest.mark.django_db
def test_a_registration_an_account_and_a_long_poll_end_within_one_interval_of_the_news(
    naps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["jobs.actions.register"], "REGISTRATION_WAIT_SECONDS", 10)
    revision = make.revision(registration=Registration.ACCEPTED, number=None)
    asked_at = now()

    def refuse() -> None:
        Revision.objects.update(registration=Registration.REFUSED)

    write_after(naps, 2, refuse, monkeypatch)
    assert actions.wait_for_registration(revision).registration == Registration.REFUSED
    assert 2 <= sum(naps) < 2.3

    naps.clear()
    write_after(
        naps, 2, lambda: AccountStatus.objects.update(queue_snapshot_at=asked_at + timedelta(seconds=1)), monkeypatch
    )
    assert wait.wait_until_updated(revision.definition.account, "queue_snapshot_at", asked_at, 10)
    assert 2 <= sum(naps) < 2.3

    naps.clear()
    monkeypatch.setattr("jobs.actions.wait.time.sleep", naps.append)
    long_poll.wait_until(lambda: sum(naps) >= 2, 5)
    assert 2 <= sum(naps) < 2.3 + long_poll.CHECK_INTERVAL_SECONDS


def test_an_endpoint_that_nobody_listens_at_is_said_so_when_the_time_is_up(naps: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        seed_demo.wait_for_endpoint(url, 3)
        assert naps == []
    with pytest.raises(ConnectionRefusedError):
        seed_demo.wait_for_endpoint(url, 3)
    assert sum(naps) == pytest.approx(3)
