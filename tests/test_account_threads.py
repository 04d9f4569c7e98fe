"""An account that hangs holds up neither the clock nor what the clock does for other accounts."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from jobs.account_threads import AccountThreads
from jobs.aws import session
from jobs.aws.session import Purpose
from jobs.models import Account, AccountStatus, Job
from jobs.models.circuit_breaker import CircuitBreaker
from jobs.periodic import periodic_tasks, run_due_tasks
from jobs.states import Delivery
from tests import http_wire, make
from tests.eventually import at_some_pace, eventually
from tests.live_db import database_for_threads, in_thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def account_threads(monkeypatch):
    monkeypatch.setitem(session.CALL_TIMEOUT_SECONDS, Purpose.READ, 2.0)
    monkeypatch.setattr("jobs.aws.outcomes.MIN_WAIT_SECONDS", 0.1)
    made = AccountThreads()
    yield made
    assert made.wait(10)


def lost_job(url: str) -> Job:
    """Perhaps sent, perhaps not: to be looked for."""
    past = now() - timedelta(seconds=5)
    submission = make.submission(where=make.account(endpoint_url=url))
    return make.job(submission, delivery=Delivery.SENDING, epoch=1, sent_at=past, lease_until=past)


@pytest.mark.long
@pytest.mark.postgres_itself
def test_the_clock_and_the_other_accounts_go_on_while_one_hangs(account_threads, enqueued, tmp_path, monkeypatch):
    def check(pace: float) -> None:
        monkeypatch.setitem(session.CALL_TIMEOUT_SECONDS, Purpose.READ, 2.0 * pace)
        folder = tmp_path / f"{pace:g}"
        folder.mkdir()
        with http_wire.wire(http_wire.hang()) as hanging, http_wire.wire(http_wire.lists()) as well:
            lost_job(hanging.url)
            job = lost_job(well.url)
            well.answers[:] = [http_wire.lists({"jobId": f"x-{pace:g}", "jobName": job.marker, "createdAt": 1})]
            work = periodic_tasks(account_threads)

            def known() -> bool:
                return Job.objects.get(pk=job.pk).delivery == Delivery.SENT

            with database_for_threads(folder):
                began = time.monotonic()
                in_thread(lambda: run_due_tasks(work, 0, account_threads))
                ticked = time.monotonic() - began
                eventually(lambda: in_thread(known), 10 * pace)
                waited = time.monotonic() - began
                goes_on = not account_threads.wait(0)
                assert account_threads.wait(10 * pace)

        newest = AccountStatus.objects.order_by("-pk")[:2]
        assert (ticked < pace, waited < 2 * pace, goes_on) == (True, True, True)
        assert [status.breaker.is_open for status in newest] == [False, True]

    at_some_pace(check)


def test_what_still_goes_on_is_not_begun_twice(account_threads):
    go_on, begun = threading.Event(), []

    def act() -> None:
        begun.append(1)
        go_on.wait(10)

    assert account_threads.start(1, "unknown", act)
    assert not account_threads.start(1, "unknown", act)
    assert account_threads.start(1, "comparison", act)
    assert account_threads.start(2, "unknown", act)
    go_on.set()
    assert account_threads.wait(10)
    assert account_threads.start(1, "unknown", act)
    assert account_threads.wait(10)
    assert len(begun) == 4


def test_what_fails_may_be_begun_again_and_leaves_no_connection(account_threads, caplog, tmp_path):
    used: list[Any] = []

    def act() -> None:
        Account.objects.exists()
        used.append(connection.connection)
        raise ZeroDivisionError

    with database_for_threads(tmp_path):
        account_threads.start(1, "unknown", act)
        assert account_threads.wait(10)
        assert account_threads.start(1, "unknown", act)
        assert account_threads.wait(10)
    assert "pass_failed" in caplog.text
    assert len(used) == 2
    with pytest.raises(Exception, match="closed"):
        used[0].cursor()


def test_for_an_account_that_does_not_answer_the_clock_rings_nobody_and_asks_when_it_is_time(enqueued):
    job = make.job()
    account = job.account
    account.status.update_breaker(CircuitBreaker().after_failures(1, "No answer.", now(), timed_out=True))
    work = periodic_tasks()

    run_due_tasks(work, 0)
    assert enqueued == []
    with http_wire.wire(http_wire.reply(200, {"jobQueues": []})) as aws:
        Account.objects.update(endpoint_url=aws.url)
        AccountStatus.objects.update(breaker_retry_at=now())
        run_due_tasks(work, 1)
        run_due_tasks(work, 2)

    assert aws.paths()[0] == "/v1/describejobqueues"
    assert "deliver" in enqueued
