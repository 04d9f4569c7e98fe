"""Where AWS does not answer nobody calls, but for one question now and then; where it does, that costs nothing."""

import html
import time
from datetime import timedelta
from email.utils import formatdate
from typing import Any

import pytest
from django.utils.timezone import now

from jobs import tasks
from jobs.account_calls import call_account, probe
from jobs.aws import batch, session
from jobs.aws.errors import AwsError
from jobs.aws.outcomes import CallOutcome
from jobs.aws.session import Purpose, client_for, pop_outcome
from jobs.dispatch.delivery import deliver_due
from jobs.models import Account, AccountStatus
from jobs.models.circuit_breaker import CircuitBreaker
from jobs.reports import health
from jobs.states import Delivery, State
from jobs.sync.poll import poll
from jobs.sync.reconcile import reconcile
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

describes = http_wire.reply(200, {"jobQueues": []})


@pytest.fixture
def short_timeouts(monkeypatch):
    """What counts as no answer in time comes sooner."""
    monkeypatch.setitem(session.CALL_TIMEOUT_SECONDS, Purpose.READ, 0.4)
    monkeypatch.setattr("jobs.aws.outcomes.MIN_WAIT_SECONDS", 0.1)


def describe_job(account: Account) -> None:
    batch.describe(client_for(account, "batch", Purpose.READ), ["x"])


def call_fails(account: Account, act=describe_job, **options) -> bool:
    try:
        return call_account(account, act, seconds=10, **options)
    except AwsError:
        return True


def account_with_open_breaker(account: Account, ago: float = 0.0) -> Account:
    """An account that was found not to answer."""
    moment = now() - timedelta(seconds=ago)
    account.status.update_breaker(
        CircuitBreaker().after_failures(1, "AWS didn't respond in time.", moment, timed_out=True)
    )
    return account


def test_an_account_that_hangs_is_called_once_and_then_left_alone(short_timeouts):
    with http_wire.wire(http_wire.hang()) as aws:
        account = make.account(endpoint_url=aws.url)

        assert call_fails(account)
        assert not call_fails(account)
        assert len(aws.requests) == 1
        account.refresh_from_db()
        assert account.status.breaker.reason == "AWS didn't respond in time."


def test_an_answer_byte_by_byte_is_no_answer(short_timeouts):
    with http_wire.wire(http_wire.trickle(b'{"jobs": []}' + b" " * 500)) as aws:
        account = make.account(endpoint_url=aws.url)
        call_fails(account)

        assert account.status.breaker.is_open


def test_errors_of_aws_itself_open_it_at_the_third_call():
    with http_wire.wire(http_wire.reply(501, {})) as aws:
        account = make.account(endpoint_url=aws.url)
        open_after = []
        for _ in range(3):
            call_fails(Account.objects.select_related("status").get())
            open_after.append(AccountStatus.objects.get().breaker.is_open)
            account.refresh_from_db()

    assert open_after == [False, False, True]
    assert "HTTP 501" in account.status.breaker.reason


def test_a_place_where_nobody_listens_opens_it():
    account = make.account()
    for _ in range(3):
        call_fails(Account.objects.get())

    account.refresh_from_db()
    assert account.status.breaker.reason == "The connection to AWS failed."


@pytest.mark.parametrize(
    "answer", [http_wire.refuses, http_wire.throttles, http_wire.reply(403, {}, "ExpiredTokenException")]
)
def test_an_answer_that_says_no_is_an_answer(answer):
    with http_wire.wire(answer) as aws:
        account = make.account(endpoint_url=aws.url)
        call_fails(account)

    assert account.status.breaker.is_reset


def test_a_call_that_succeeds_costs_no_query(django_assert_num_queries):
    with http_wire.wire(http_wire.reply(200, {"jobs": []})) as aws:
        account = make.account(endpoint_url=aws.url, status={"clock_skew_seconds": 0.0})
        with django_assert_num_queries(0):
            assert call_fails(account)


def test_an_answer_forgets_the_failures_before_it():
    with http_wire.wire(
        http_wire.reply(501, {}),
        http_wire.reply(501, {}),
        http_wire.reply(200, {"jobs": []}),
        http_wire.reply(501, {}),
    ) as aws:
        account = make.account(endpoint_url=aws.url)
        for _ in range(4):
            call_fails(account)

    assert AccountStatus.objects.get().breaker_failures == 1


def test_our_own_limit_is_not_held_against_the_account():
    with http_wire.wire(http_wire.hang()) as aws:
        account = make.account(endpoint_url=aws.url)
        with pytest.raises(AwsError):
            call_account(account, describe_job, seconds=0.2)

    assert account.status.breaker.is_reset


def test_submissions_without_an_answer_leave_the_polls_alone():
    with http_wire.wire(http_wire.hang_up) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        for _ in range(3):
            make.job(submission)
        deliver_due(submission.account)

        assert len(aws.requests) == 3
    assert pop_outcome(submission.account) == CallOutcome()
    assert AccountStatus.objects.get().breaker.is_reset


def test_the_question_is_asked_when_it_is_time_and_an_answer_resumes_all():
    with http_wire.wire(describes) as aws:
        early, late = (
            account_with_open_breaker(make.account(endpoint_url=aws.url), ago=1),
            account_with_open_breaker(make.account(endpoint_url=aws.url), ago=6),
        )

        assert (probe(early), probe(late)) == (False, True)
        assert aws.requests == [("/v1/describejobqueues", {"maxResults": 1})]
    assert AccountStatus.objects.get(pk=late.pk).breaker.is_reset


def test_a_question_without_an_answer_is_not_asked_again_at_once():
    with http_wire.wire(http_wire.reply(501, {})) as aws:
        account = account_with_open_breaker(make.account(endpoint_url=aws.url), ago=6)

        assert (probe(account), probe(account)) == (False, False)
        assert len(aws.requests) == 1
    assert 9 < (account.status.breaker.retry_at - now()).total_seconds() <= 10


def test_of_two_processes_one_asks():
    with http_wire.wire(describes) as aws:
        account = account_with_open_breaker(make.account(endpoint_url=aws.url), ago=6)
        copy = Account.objects.select_related("status").get()

        assert (probe(account), probe(copy)) == (True, False)
        assert len(aws.requests) == 1


@pytest.mark.parametrize(
    "task", [tasks.deliver, tasks.register, tasks.deregister, tasks.stop, tasks.poll, tasks.failed_children,
             tasks.charge, tasks.sync_queues],
)  # fmt: skip
def test_no_task_calls_where_aws_does_not_answer(task):
    with http_wire.wire(http_wire.reply(200, {})) as aws:
        account = account_with_open_breaker(make.account(endpoint_url=aws.url))
        submission = make.submission(where=account)
        make.job(submission)
        make.job(submission, state=State.RUNNING, stop_requested_at=now(), next_poll_at=now())
        task(account.pk)

        assert aws.requests == []


def test_a_person_who_asks_hears_what_aws_says_now():
    with http_wire.wire(http_wire.reply(200, {"jobQueues": []})) as aws:
        account = account_with_open_breaker(make.account(endpoint_url=aws.url))
        tasks.read_queues(account.pk)

        assert aws.requests != []
    assert AccountStatus.objects.get().breaker.is_reset


def test_one_lost_job_that_cannot_be_looked_for_ends_the_search_for_the_others(short_timeouts):
    with http_wire.wire(http_wire.hang()) as aws:
        account = make.account(endpoint_url=aws.url)
        submission, past = make.submission(where=account), now() - timedelta(minutes=5)
        for _ in range(3):
            make.job(submission, delivery=Delivery.SENDING, epoch=1, sent_at=past, lease_until=past)
        began = time.monotonic()
        call_fails(account, reconcile)

        assert len(aws.requests) == 1
        assert time.monotonic() - began < 2
    assert submission.jobs.filter(delivery=Delivery.SENDING).count() == 3


def test_a_poll_of_an_account_that_hangs_ends_in_time(short_timeouts):
    with http_wire.wire(http_wire.hang()) as aws:
        account = make.account(endpoint_url=aws.url)
        make.job(make.submission(where=account), state=State.RUNNING, next_poll_at=now())
        began = time.monotonic()
        call_fails(account, poll)

    assert time.monotonic() - began < 2
    assert AccountStatus.objects.get().breaker.is_open


def test_staff_read_since_when_and_why_an_account_is_paused(client, monkeypatch):
    monkeypatch.setattr(health, "workers", list)
    account = account_with_open_breaker(make.account())
    client.force_login(make.admin())

    paths = ("/health/", f"/admin/jobs/account/{account.pk}/change/")
    pages = [html.unescape(client.get(path).content.decode()) for path in paths]

    for page in pages:
        assert "AWS didn't respond in time. The portal tries again at" in page


@pytest.mark.parametrize("known", [None, 0.0, 7200.0])
def test_the_clock_of_aws_is_read_off_its_answers(known):
    def an_hour_ahead(handler: Any) -> None:
        handler.date_time_string = lambda: formatdate(time.time() + 3600, usegmt=True)
        http_wire.reply(200, {"jobs": []})(handler)

    with http_wire.wire(an_hour_ahead) as aws:
        account = make.account(endpoint_url=aws.url, status={"clock_skew_seconds": known})
        call_account(account, describe_job, seconds=10)
        assert AccountStatus.objects.get().clock_skew_seconds == pytest.approx(3600, abs=3)

        AccountStatus.objects.update(clock_skew_seconds=100.0)  # another process has measured it since
        call_account(Account.objects.get(), lambda _: None, seconds=10)

    assert AccountStatus.objects.get().clock_skew_seconds == 100.0
