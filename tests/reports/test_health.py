from datetime import timedelta

import pytest
from django.utils.timezone import now

from jobs.models import Job, Lease
from jobs.reports import health
from jobs.states import Delivery, State
from jobs.task_queue import WorkerInfo
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def workers(monkeypatch):
    """The workers that answer; a test may change the list."""
    alive = [WorkerInfo("one", is_busy=True, last_seen_at=now())]
    monkeypatch.setattr(health, "workers", lambda: alive)
    return alive


def signs(of):
    return {sign.name: sign for sign in of}


def test_a_portal_that_keeps_up_is_well():
    job = make.job(state=State.RUNNING)
    job.account.status.polled_at = now()
    job.account.status.save()
    Lease.acquire("clock", "here", timedelta(seconds=15))

    report = health.collect_health()

    assert report.tone == "good"
    assert signs(report.accounts[0].checks)["Job states from AWS"].message == "1 active job"


def test_a_dead_clock_and_dead_workers_are_told_with_what_to_do(workers):
    workers.clear()
    Lease.objects.create(name="clock", owner="gone", until=now() - timedelta(minutes=5))

    checks = signs(health.collect_health().processes)

    assert (checks["Clock"].tone, checks["Workers"].tone) == ("bad", "bad")
    assert "manage.py clock" in checks["Clock"].advice


def test_a_redis_that_is_away_is_told_and_the_page_still_comes(monkeypatch):
    monkeypatch.setattr(health, "workers", lambda: None)

    assert signs(health.collect_health().processes)["Redis"].tone == "bad"


def test_what_is_late_or_odd_is_told_for_its_account():
    submission = make.submission()
    make.job(submission)
    make.job(submission, delivery=Delivery.SENDING, sent_at=now() - timedelta(hours=1))
    make.job(submission, delivery=Delivery.HELD)
    make.job(submission, state=State.LOST, ended_at=now())
    running = make.job(submission, state=State.RUNNING, observed_at=now() - timedelta(hours=1))
    Job.objects.update(accepted_at=now() - timedelta(minutes=5))

    [account] = health.collect_health().accounts
    checks = signs(account.checks)

    assert {name: sign.tone for name, sign in checks.items() if sign.tone != "good"} == {
        "Job states from AWS": "bad",
        "Undelivered": "bad",
        "Sending": "warn",
        "Held": "warn",
        "Lost": "warn",
        "Queue " + running.queue.name: "warn",
    }
    assert checks["Undelivered"].message == "1 ready to send"


def test_what_operators_ask_for_is_told_when_it_is_well_too():
    moment = now()
    submission = make.submission(
        where=make.account(status={"throttles": 3, "throttled_at": moment, "clock_skew_seconds": -1.5})
    )
    queues = [make.queue(name, of=submission.account) for name in ("slow", "quick")]
    for queue, seconds in zip([*queues, queues[0]], (240, 10, 20), strict=True):
        make.job(submission, queue=queue, state=State.RUNNING, observed_at=moment - timedelta(seconds=seconds))

    [account] = health.collect_health().accounts
    checks = signs(account.checks)

    told = {name: sign.message for name, sign in checks.items()}
    assert told["Throttles"] == "3 calls throttled by AWS in total"
    assert told["Clock skew"] == "AWS's clock differs by -1.5 seconds"
    assert (told["Held"], told["Lost"], told["Duplicates"]) == ("none", "none in the last 7 days", "none")
    assert told["Queue slow"] == "2 active jobs"
    assert checks["Queue slow"].since_label == "oldest update"
    assert checks["Queue slow"].since == moment - timedelta(seconds=240)
    assert checks["Queue quick"].since == moment - timedelta(seconds=10)


def test_a_step_that_waits_for_its_parent_is_not_called_late():
    parent = make.job(delivery=Delivery.HELD)
    child = make.job(parent.submission)
    child.dependencies.create(parent=parent)

    assert signs(health.collect_health().accounts[0].checks)["Undelivered"].message == "0 ready to send"


def test_the_page_asks_the_same_number_of_questions_for_many_accounts(django_assert_num_queries):
    for number in (1, 5):
        for _ in range(number):
            make.job(make.submission(), state=State.RUNNING)
        with django_assert_num_queries(6):
            health.collect_health()


def test_only_staff_see_the_page(client):
    client.force_login(make.member(role="lead").user)
    assert client.get("/health/").status_code == 403

    client.force_login(make.admin())
    page = client.get("/health/")
    assert page.status_code == 200
    assert "Clock" in page.content.decode()
