"""Who goes first, and how fast."""

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from types import MappingProxyType, SimpleNamespace

import pytest
from django.utils.timezone import now

from jobs.dispatch.claim import claim_jobs
from jobs.dispatch.delivery import deliver_due
from jobs.dispatch.rate_limit import BURST_SECONDS, STEP_SECONDS, RateLimiter, back_off
from jobs.models import Account, AccountStatus, Job, JobDependency
from jobs.states import Delivery
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def crowd(where: Account, jobs: int) -> list[Job]:
    submission = make.submission(where=where)
    return [make.job(submission) for _ in range(jobs)]


def test_one_teams_thousands_do_not_keep_anothers_single_job_waiting():
    account = make.account()
    many, single = crowd(account, 30), crowd(account, 1)

    assert [job.pk for job in claim_jobs(account, 3)] == [many[0].pk, single[0].pk, many[1].pk]


def test_of_a_team_the_oldest_goes_first():
    account = make.account()
    jobs = crowd(account, 5)

    assert [job.pk for job in claim_jobs(account, 5)] == [job.pk for job in jobs]


def test_two_workers_never_take_the_same_job():
    account = make.account()
    crowd(account, 5)

    first, second = claim_jobs(account, 3), claim_jobs(account, 3)
    assert len({job.pk for job in [*first, *second]}) == 5
    assert claim_jobs(account, 3) == []


@pytest.mark.long
def test_taking_a_hundred_jobs_costs_no_more_queries_than_taking_ten(django_assert_num_queries):
    account = make.account()
    crowd(account, 110)
    with django_assert_num_queries(7):
        claim_jobs(account, 10)
    with django_assert_num_queries(7):
        claim_jobs(account, 100)


@pytest.mark.long
@pytest.mark.postgres_itself
def test_jobs_leave_no_faster_than_the_account_allows_over_all_workers():
    account = make.account(submits_per_second=50)
    paces = [RateLimiter(account, time.monotonic() + 10) for _ in range(2)]
    began = time.monotonic()
    for pace in paces:
        pace.expect_requests(15)
        for _ in range(15):
            assert pace.acquire()

    # 30 places, all but a burst at 50 a second; those of a step at once
    assert time.monotonic() - began > (30 - 5) / 50 - BURST_SECONDS


@pytest.mark.parametrize("silence", [timedelta(hours=1), None])
def test_after_a_silence_less_than_a_second_of_the_rate_leaves_at_once(silence, monkeypatch):
    account = make.account(submits_per_second=20)
    AccountStatus.objects.update(rate_window_end=silence and now() - silence)
    moments = sent_moments(account, 60, monkeypatch)

    assert moments.count(0.0) == 20 * BURST_SECONDS + 2 <= 20
    for at in range(60):  # whenever one begins to count
        later = [moment - moments[at] for moment in moments[at:]]
        assert all(place <= 20 * (moment + BURST_SECONDS + STEP_SECONDS) for place, moment in enumerate(later, 1))


def test_a_hole_is_made_up_for_and_a_rest_is_not(monkeypatch):
    account = make.account(submits_per_second=20)
    AccountStatus.objects.update(rate_window_end=now() - timedelta(seconds=0.3))
    assert 4 <= sent_moments(account, 40, monkeypatch).count(0.0) <= 8

    back_off(account, 3600)
    assert sent_moments(account, 40, monkeypatch)[0] > 3500


@pytest.mark.parametrize("unused", [1, 9])
def test_places_that_were_not_taken_in_time_are_no_burst_on_top(unused, monkeypatch):
    account = make.account(submits_per_second=20)
    AccountStatus.objects.update(rate_window_end=now())
    moments = sent_moments(account, 60, monkeypatch, pauses={10 - unused: 30.0})

    after = [moment for moment in moments if moment >= 30]
    assert after.count(after[0]) == 20 * BURST_SECONDS + 2


def sent_moments(
    account: Account,
    requests: int,
    monkeypatch: pytest.MonkeyPatch,
    pauses: Mapping[int, float] = MappingProxyType({}),
) -> list[float]:
    """Take so many places, on a clock that moves only by waits. Return the seconds at which each leaves.

    `pauses`: seconds for which every thread is busy before the place of this number.
    """
    slept = [0.0]
    began = now()
    clock = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr("jobs.dispatch.rate_limit.time", clock)
    monkeypatch.setattr("jobs.dispatch.rate_limit.now", lambda: began + timedelta(seconds=sum(slept)))
    pace = RateLimiter(account, 10_000)
    pace.expect_requests(requests)
    moments = []
    for place in range(requests):
        slept.append(pauses.get(place, 0.0))
        assert pace.acquire()
        moments.append(round(sum(slept), 6))
    return moments


def test_taking_places_costs_one_update_for_a_whole_stretch(django_assert_num_queries, monkeypatch):
    account = make.account(submits_per_second=1000)
    slept = [0.0]  # the only time that passes: a machine that is busy would let the stretch go by
    clock = SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append)
    monkeypatch.setattr("jobs.dispatch.rate_limit.time", clock)
    pace = RateLimiter(account, 10)
    pace.expect_requests(100)
    with django_assert_num_queries(2):
        for _ in range(60):
            pace.acquire()


def test_a_stretch_that_another_worker_has_just_taken_is_not_taken_again(monkeypatch):
    account = make.account(submits_per_second=1)
    later = now() + timedelta(seconds=3600)

    def take_stretch() -> datetime:
        AccountStatus.objects.update(rate_window_end=later)
        return now()

    monkeypatch.setattr("jobs.dispatch.rate_limit.now", take_stretch)
    pace = RateLimiter(account, time.monotonic() + 1)
    pace.expect_requests(1)

    assert not pace.acquire()
    assert AccountStatus.objects.get().rate_window_end == later + timedelta(seconds=1)


@pytest.mark.parametrize(("first", "second", "longest"), [(3600, 1, 3600), (1, 3600, 3600)])
def test_of_two_rests_the_longer_counts(first, second, longest):
    account = make.account()
    back_off(account, first)
    back_off(account, second)

    until = AccountStatus.objects.get().rate_window_end
    assert until is not None
    assert longest - 30 < (until - now()).total_seconds() <= longest


def test_what_cannot_leave_in_time_is_left_to_another_delivery_and_not_counted_against_it():
    with http_wire.wire(http_wire.accepts) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)))
        back_off(job.account, 3600)
        deliver_due(job.account)

    job.refresh_from_db()
    assert aws.requests == []
    assert (job.delivery, job.lease_until, job.lost_workers) == (Delivery.ACCEPTED, None, 0)


@pytest.mark.long
def test_a_throttled_account_rests_before_its_next_job():
    moments: list[float] = []

    def timed(answer: http_wire.Answer) -> http_wire.Answer:
        def answered(handler: BaseHTTPRequestHandler) -> None:
            moments.append(time.monotonic())
            answer(handler)

        return answered

    with http_wire.wire(timed(http_wire.throttles), timed(http_wire.accept_each())) as aws:
        account = make.account(endpoint_url=aws.url)
        throttled, other = crowd(account, 2)
        deliver_due(account)

    for each in (account, other):
        each.refresh_from_db()
    assert moments[1] - moments[0] > 0.9
    assert [request["jobName"] for _, request in aws.requests[:2]] == [throttled.marker, other.marker]
    assert (other.delivery, account.status.throttles) == (Delivery.SENT, 1)


def test_an_account_that_is_not_to_be_reached_is_not_tried_job_by_job():
    account = make.account(endpoint_url="http://127.0.0.1:9")
    jobs = crowd(account, 10)
    deliver_due(account)

    assert [Job.objects.get(pk=job.pk).next_try_at is not None for job in jobs].count(True) == 1
    assert not Job.objects.filter(lease_until__isnull=False).exists()


@pytest.mark.long
def test_an_aws_that_gives_no_clear_answers_is_left_alone_before_all_jobs_are_unclear():
    with http_wire.wire(http_wire.breaks) as aws:
        account = make.account(endpoint_url=aws.url)
        crowd(account, 20)
        deliver_due(account)

    assert len(aws.requests) == 4
    assert Job.objects.filter(delivery=Delivery.SENDING).count() == 4


@pytest.mark.long
def test_steps_that_become_ready_while_others_are_sent_follow_in_the_same_delivery():
    with http_wire.wire(http_wire.accept_each()) as aws:
        first = make.job(make.submission(where=make.account(endpoint_url=aws.url)), name="first")
        steps = [make.job(first.submission, name=f"step{n}") for n in range(5)]
        last = make.job(first.submission, name="last")
        JobDependency.objects.bulk_create(JobDependency(job=step, parent=first) for step in steps)
        JobDependency.objects.bulk_create(JobDependency(job=last, parent=step) for step in steps)
        assert deliver_due(first.account) == 7

    assert [request["jobName"].split("-")[0] for _, request in aws.requests][-1] == "last"
    assert len(aws.requests[-1][1]["dependsOn"]) == 5
