"""A token or a person who asks for too much in a minute is told to wait, and nobody else is."""

import threading
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse
from limits.storage import memory
from pytest_django import DjangoAssertNumQueries

from jobs.models import Job, RequestCount, Submission
from jobs.rate_limit import (
    BYTES_PER_UNIT,
    PREVIEW_BYTES_PER_UNIT,
    DatabaseStorage,
    ProcessStorage,
    RateLimit,
    TooManyRequestsError,
    spend,
)
from jobs.web.shell.rate_limits import DOCUMENT_VIEWS, PREVIEW_VIEWS, SEARCH_VIEWS
from tests import make
from tests.api.conftest import token
from tests.matrix.routes import all_routes
from tests.web.conftest import Research, research, signed_in  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DOCUMENT = '{"jobName": "<b>a\\n", "jobQueue": "cpu", "jobDefinition": "hello"}'


@pytest.fixture(autouse=True)
def _tight_budgets(settings: LazySettings) -> None:
    settings.RATE_LIMITS = dict.fromkeys(RateLimit, 3)


@pytest.mark.parametrize("budget", list(RateLimit))
def test_a_budget_is_spent_by_one_spender_and_full_again_after_a_minute(budget: RateLimit):
    with time_machine.travel("2026-01-01 10:00:20Z", tick=False) as clock:
        for _ in range(3):
            spend(budget, "token:1")
        with pytest.raises(TooManyRequestsError) as refused:
            spend(budget, "token:1")
        spend(budget, "token:2")
        spend(budget, "person:1")
        clock.shift(refused.value.retry_after + 1)
        spend(budget, "token:1")

    assert 0 < refused.value.retry_after <= 60


def test_threads_that_count_at_once_make_one_timer_after_the_other(monkeypatch: pytest.MonkeyPatch):
    storage, meeting, met = ProcessStorage(), threading.Barrier(2), []

    class Timer:
        def __init__(self, *_: Any) -> None:
            with suppress(threading.BrokenBarrierError):
                meeting.wait(timeout=0.1)
                met.append(self)

        def start(self) -> None:
            pass

        def is_alive(self) -> bool:
            return False

    storage.timer.join()
    monkeypatch.setattr(memory, "threading", SimpleNamespace(Timer=Timer))
    threads = [threading.Thread(target=storage.incr, args=(f"person:{number}", 60)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert met == []
    assert [storage.get(f"person:{number}") for number in (1, 2)] == [1, 1]


def test_a_long_document_costs_more_and_the_longest_can_be_sent():
    spend(RateLimit.DOCUMENTS, "token:1", 2 * BYTES_PER_UNIT)
    with pytest.raises(TooManyRequestsError):
        spend(RateLimit.DOCUMENTS, "token:1")
    spend(RateLimit.DOCUMENTS, "token:2", 1000 * BYTES_PER_UNIT)


def test_previews_are_charged_by_the_mebibyte():
    spend(RateLimit.PREVIEWS, "person:1", PREVIEW_BYTES_PER_UNIT - 1)
    spend(RateLimit.PREVIEWS, "person:1", PREVIEW_BYTES_PER_UNIT)
    with pytest.raises(TooManyRequestsError):
        spend(RateLimit.PREVIEWS, "person:1")


def test_five_keys_a_second_in_a_workflow_of_1000_steps_are_within_the_limit(settings: LazySettings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, RateLimit.PREVIEWS: 600}  # the default
    for _ in range(5 * 60):
        spend(RateLimit.PREVIEWS, "person:1", 2 * 600_000)  # its text and the text that the page was opened with


def test_without_a_limit_nothing_is_counted(settings: LazySettings):
    settings.RATE_LIMITS = dict.fromkeys(RateLimit, 0)
    for _ in range(10):
        spend(RateLimit.DOCUMENTS, "token:1")

    assert not RequestCount.objects.exists()


def test_documents_are_counted_where_every_process_sees_it_and_looking_writes_nothing():
    for budget in RateLimit:
        spend(budget, "token:1")

    assert [row.key.split("/")[1] for row in RequestCount.objects.all()] == ["documents"]


def test_a_window_is_added_to_until_its_end_in_one_statement(django_assert_num_queries: DjangoAssertNumQueries):
    storage = DatabaseStorage()
    with time_machine.travel("2026-01-01 10:00:20Z", tick=False) as clock:
        assert storage.incr("key", 60, 2) == 2
        end = storage.get_expiry("key")
        clock.shift(59)
        with django_assert_num_queries(1):
            assert storage.incr("key", 60) == 3
        assert (storage.get("key"), storage.get_expiry("key")) == (3, end)
        clock.shift(1)
        assert storage.get("key") == 0
        assert storage.incr("key", 60, 5) == 5
        assert storage.get_expiry("key") == end + 60


@pytest.mark.long
@pytest.mark.parametrize("door", ["validate", "submit", "register"])
def test_the_api_answers_429_and_when_to_try_again(client: Client, research: Research, door: str):  # noqa: F811
    address = reverse(f"api:{door}")
    lead = make.member(research.team, "lead")
    ours, other = token(lead), token(lead)

    def ask(secret: str) -> Any:
        headers = {"Authorization": f"Bearer {secret}"}
        return client.post(address, DOCUMENT, content_type="application/json", headers=headers)

    before = [ask(ours).status_code for _ in range(3)]
    refused = ask(ours)

    assert 429 not in before
    assert (refused.status_code, refused["Content-Type"]) == (429, "application/problem+json")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert refused.json()["title"] == "Too many requests"
    assert ask(other).status_code != 429


@pytest.mark.parametrize("door", ["api:validate", "write"])
def test_what_a_long_document_costs_is_told_by_its_length(research: Research, signed_in: Any, door: str):  # noqa: F811
    long = "x" * 2 * BYTES_PER_UNIT

    def send() -> Any:
        if door == "write":
            address = reverse(door, args=[research.team.slug])
            return signed_in(research.analyst.user).post(address, {"text": long}).status_code
        headers = {"Authorization": f"Bearer {secret}"}
        return Client().post(reverse(door), long, content_type="application/json", headers=headers).status_code

    secret = token(research.analyst)
    assert [send() == 429 for _ in range(2)] == [False, True]


def test_searches_of_the_api_have_a_budget_of_their_own(client: Client, research: Research):  # noqa: F811
    headers = {"Authorization": f"Bearer {token(research.analyst)}"}
    answers = [client.get(reverse("api:costs"), headers=headers).status_code for _ in range(4)]

    assert answers == [200, 200, 200, 429]


@pytest.mark.long
@pytest.mark.parametrize(
    "page", ["write", "job_form", "job_sweep", "workflow_form", "definition_form", "template_new"]
)
def test_a_form_that_is_sent_too_often_comes_back_whole(research: Research, signed_in: Any, page: str):  # noqa: F811
    browser = signed_in(make.member(research.team, "lead").user)
    address = reverse(page, args=[research.team.slug])
    sent = {"text": DOCUMENT, "document": DOCUMENT, "request_key": "once"}
    for _ in range(3):
        browser.post(address, {**sent, "text": "{", "document": "{"})
    before = Submission.objects.count()
    refused = browser.post(address, sent)

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert Submission.objects.count() == before
    assert dict(refused.context["fields"]) == sent
    text = refused.content.decode()
    assert 'value="{&quot;jobName&quot;: &quot;&lt;b&gt;a' in text
    assert f'action="{address}"' in text


@pytest.mark.long
def test_what_is_asked_for_while_someone_types_spends_no_document(research: Research, signed_in: Any):  # noqa: F811
    browser = signed_in(research.analyst.user)
    judge, form = (reverse(name, args=[research.team.slug]) for name in ("judge", "write"))
    keeping = [browser.post(form, {"text": "{", "do": "keep"}).status_code for _ in range(2)]
    judged = [browser.post(judge, {"text": DOCUMENT}, headers={"HX-Request": "true"}) for _ in range(2)]

    assert 429 not in keeping
    assert [answer.status_code for answer in judged] == [200, 429]
    assert "your text is kept" in judged[1].content.decode()
    assert browser.post(form, {"text": DOCUMENT, "request_key": "once"}).status_code != 429


@pytest.mark.long
def test_only_a_history_that_is_searched_is_counted(research: Research, signed_in: Any):  # noqa: F811
    browser = signed_in(research.analyst.user)
    address = reverse("jobs", args=[research.team.slug])

    assert {browser.get(address).status_code for _ in range(5)} == {200}
    assert [browser.get(address, {"search": "a"}).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert signed_in(research.viewer.user).get(address, {"search": "a"}).status_code == 200
    assert Job.objects.exists()


def test_every_page_with_a_budget_is_a_page():
    names = {route.name for route in all_routes() if route.area == "web"}

    assert names >= DOCUMENT_VIEWS | PREVIEW_VIEWS | SEARCH_VIEWS


def test_every_page_that_validates_while_someone_types_has_a_budget():
    names = {str(route.name) for route in all_routes() if route.area == "web"}

    assert {name for name in names if name.endswith("_preview")} <= PREVIEW_VIEWS
    shown_only = {"launch_form"}  # the page of one, which is run and changed at others
    assert {name for name in names if name.endswith("_form")} - shown_only <= DOCUMENT_VIEWS
