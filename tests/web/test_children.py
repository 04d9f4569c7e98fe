"""The children of an array: a picture of all, a list of some, and the log of each."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.aws.logs import LogEvent, LogEvents
from jobs.models import ArrayChild, Job
from tests import make
from tests.web.conftest import Research, SignIn


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def array(research: Research, size: int, states: Iterable[str] = (), **fields: Any) -> Job:
    given = {"state": "PENDING", "batch_id": "array", "viewed_at": now(), **fields}
    job = make.job(research.submission, name="sweep", array_size=size, **given)
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state=state, log_stream=f"log-{index}") for index, state in enumerate(states)
    )
    return job


def text(browser: Client, job: Job, name: str = "job", **query: str | int) -> str:
    address = reverse(name, args=[job.text_id])
    return " ".join(browser.get(address, query).content.decode().split())


def indexes(listed: str) -> list[int]:
    return [int(number) for number in re.findall(r'<td class="end num">(\d+)</td>', listed)]


def test_whoever_opens_an_array_has_its_children_asked_about_and_is_told(
    browser: Client, research: Research, enqueued: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    job = array(research, 5)
    with django_capture_on_commit_callbacks(execute=True):
        page_text = text(browser, job)

    assert enqueued == ["children"]
    assert "Loading child jobs from AWS Batch…" in page_text


def test_the_page_of_an_array_draws_its_children_and_counts_them(browser: Client, research: Research) -> None:
    job = array(research, 5, ["SUCCEEDED", "FAILED", "SUCCEEDED"])
    page_text = text(browser, job)

    assert "Loading 2 more from AWS Batch…" in page_text
    assert "2 succeeded</a>" in page_text
    assert "1 failed</a>" in page_text
    assert f'data-array-map="{reverse("job_children_map", args=[job.text_id])}"' in page_text


def test_the_page_of_an_array_changes_as_its_children_are_read(browser: Client, research: Research) -> None:
    job = array(research, 2, ["RUNNING"])
    part = text(browser, job, part="live")
    mark = part.partition("seen=")[2][:16]
    address = job.get_absolute_url()
    assert browser.get(address, {"part": "live", "seen": mark}).status_code == 204
    ArrayChild.objects.create(job=job, index=1, state="FAILED")

    assert browser.get(address, {"part": "live", "seen": mark}).status_code == 200


def test_what_aws_never_told_of_is_not_asked_for_without_end(
    browser: Client, research: Research, enqueued: Any
) -> None:
    moment = now()
    job = array(research, 2, ["SUCCEEDED"], state="SUCCEEDED", ended_at=moment.replace(year=2000))
    Job.objects.filter(pk=job.pk).update(children_read_at=moment)

    assert "AWS Batch has no data on 1 of the child jobs." in text(browser, job)
    assert enqueued == []


def test_a_failed_array_shows_when_its_children_ran_and_where_their_logs_are(
    browser: Client, research: Research
) -> None:
    ended = now()
    job = array(research, 2, ["SUCCEEDED", "FAILED"], state="FAILED", submitted_at=ended - timedelta(minutes=3))
    run = {"started_at": ended - timedelta(minutes=2), "stopped_at": ended}
    ArrayChild.objects.filter(job=job).update(**run)
    page_text = text(browser, job)

    assert "1 of 2 child jobs failed." in page_text
    assert (
        '<span class="band-name">Running</span> <span class="band-time"> <span class="num">2 min</span>' in page_text
    )
    assert "Select a child job to open its log." in page_text
    assert "before it started" not in page_text


@pytest.mark.long
def test_the_list_shows_a_hundred_and_leads_on_and_back(browser: Client, research: Research) -> None:
    job = array(research, 250, ["SUCCEEDED"] * 250)
    first, last = (text(browser, job, "job_children", **{"from": start}) for start in (0, 200))

    assert indexes(first) == list(range(100))
    assert '?from=100"' in first
    assert indexes(last) == list(range(200, 250))
    assert '?from=100"' in last


def test_the_list_is_filtered_by_state_and_its_pages_are_too(browser: Client, research: Research) -> None:
    job = array(research, 303, ["SUCCEEDED", "FAILED", "RUNNING"] * 101)
    listed = text(browser, job, "job_children", state="FAILED")

    assert indexes(listed) == list(range(1, 300, 3))
    assert "?from=301&amp;state=FAILED" in listed


@pytest.mark.parametrize("start", ["-1", "x", "99999", "9" * 30, "٣"])
def test_any_place_in_the_list_can_be_asked_for(start: str, browser: Client, research: Research) -> None:
    assert "Child jobs of sweep" in text(
        browser, array(research, 3, ["RUNNING"] * 3), "job_children", **{"from": start}
    )


def test_a_childs_log_is_a_click_away_and_read_from_its_own_stream(
    browser: Client, research: Research, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = []

    def read(_client: Any, _group: str, stream: str, *, token: str, **_: Any) -> LogEvents:
        streams.append(stream)
        return LogEvents(() if token else (LogEvent(now(), "<b>hello</b>"),), "f/1", "b/1")

    monkeypatch.setattr("jobs.aws.logs.get_log_events", read)
    job = array(research, 2, ["SUCCEEDED", "FAILED"])
    address = reverse("child_log", args=[job.text_id, 1])
    assert f'href="{address}"' in text(browser, job, "job_children")
    content = browser.get(address, {"plain": "1"}).content.decode()

    assert set(streams) == {"log-1"}
    assert "&lt;b&gt;hello&lt;/b&gt;" in content
    assert "child job 1" in content
    assert f'href="{reverse("child_log", args=[job.text_id, 0])}" rel="prev"' in content
    assert 'rel="next"' not in content


@pytest.mark.parametrize("index", [2, 10**30])
def test_a_child_that_was_not_read_has_no_log_page(index: int, browser: Client, research: Research) -> None:
    job = array(research, 2, ["RUNNING"])
    assert browser.get(reverse("child_log", args=[job.text_id, index])).status_code == 404


@pytest.mark.parametrize("count", [2, 300])
def test_an_array_costs_the_same_queries_for_few_children_and_many(
    count: int, browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    job = array(research, count, ["SUCCEEDED"] * count)
    with django_assert_num_queries(11):
        browser.get(job.get_absolute_url())
    with django_assert_num_queries(8):
        browser.get(reverse("job_children", args=[job.text_id]))


def packed(browser: Client, job: Job, etag: str = "") -> Any:
    return browser.get(reverse("job_children_map", args=[job.text_id]), {"seen": etag})


def test_the_map_has_a_letter_for_each_child_and_the_states_in_their_order(
    browser: Client, research: Research
) -> None:
    data = packed(browser, array(research, 5, ["FAILED", "SUCCEEDED", "FAILED", ""])).json()

    assert [data["statuses"][letter]["label"] if letter != "." else "" for letter in data["cells"]] == [
        *("Failed", "Succeeded", "Failed", "Submitted", "")
    ]
    assert data["live"] is True
    assert [status["name"] for status in data["statuses"].values()] == ["SUBMITTED", "SUCCEEDED", "FAILED"]
    assert data["statuses"][data["cells"][0]] == {"name": "FAILED", "label": "Failed", "tone": "bad"}


def test_the_map_is_sent_again_only_when_a_child_changed(browser: Client, research: Research) -> None:
    job = array(research, 2, ["RUNNING", "RUNNING"])
    etag = packed(browser, job).json()["etag"]
    assert packed(browser, job, etag).status_code == 204
    job.children.filter(index=1).update(state="FAILED")

    assert len(set(packed(browser, job, etag).json()["cells"])) == 2


def fail(job: Job, *indexes: int, exit_code: int | None = 1, reason: str = "") -> None:
    job.children.filter(index__in=indexes).update(state="FAILED", exit_code=exit_code, reason=reason)


def test_failed_children_are_grouped_by_exit_code_and_reason_without_ids(browser: Client, research: Research) -> None:
    job = array(research, 12, ["SUCCEEDED"] * 12)
    fail(job, 2, exit_code=None, reason="Host EC2 (instance i-0123456789abcdef0) terminated.")
    fail(job, 3, exit_code=None, reason="Host EC2 (instance i-fedcba9876543210f) terminated.")
    fail(job, 5, 7, 8, 9, exit_code=137, reason="OutOfMemoryError")
    fail(job, 11, exit_code=137, reason="Essential container in task exited")

    assert packed(browser, job).json()["causes"] == [
        {"text": "Out of memory, exit code 137. OutOfMemoryError", "ranges": [5, 5, 7, 9]},
        {"text": "Host terminated. Host EC2 (instance …) terminated.", "ranges": [2, 3]},
        {"text": "Out of memory, exit code 137.", "ranges": [11, 11]},
    ]


def test_a_cause_leads_to_the_children_that_failed_for_it(browser: Client, research: Research) -> None:
    job = array(research, 300, ["SUCCEEDED"] * 300)
    fail(job, *range(0, 240, 2), exit_code=3)
    fail(job, 1, exit_code=4)
    page = text(browser, job)
    assert "121 failed, by cause" in page
    keys = re.findall(r"\?cause=(\w+)", page)
    assert len(keys) == 2

    assert indexes(text(browser, job, "job_children", state="FAILED", cause=keys[1])) == [1]
    listed = text(browser, job, "job_children", cause=keys[0])
    assert indexes(listed) == list(range(0, 200, 2))
    assert f"?from=200&amp;cause={keys[0]}" in listed
    assert len(indexes(text(browser, job, "job_children", cause="unknown"))) == 100


def test_the_page_of_an_array_names_five_causes_and_folds_the_rest(browser: Client, research: Research) -> None:
    job = array(research, 8, ["FAILED"] * 8)
    for index in range(8):
        fail(job, index, exit_code=index + 3)
    page = text(browser, job)

    assert page.partition("3 more causes")[0].count("cause=") == 5
    assert page.count("cause=") == 8


def test_what_is_no_array_has_an_empty_map(browser: Client, research: Research) -> None:
    data = packed(browser, research.job).json()

    assert (data["cells"], data["live"], data["causes"]) == ("", False, [])


def test_ten_thousand_children_are_a_small_answer_in_few_queries(
    browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    job = array(research, 10_000, ["SUCCEEDED"] * 9_993 + ["FAILED"] * 7)
    with django_assert_num_queries(9):
        answer = packed(browser, job)

    assert len(answer.content) < 11_000
    assert answer.json()["causes"] == [{"text": "No exit code.", "ranges": [9993, 9999]}]


def test_ten_thousand_with_seven_that_run_again_are_as_small_and_read_no_document(
    browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    job = array(research, 10_000, ["SUCCEEDED"] * 9_993 + ["FAILED"] * 7, state="FAILED")
    for index in range(9_993, 10_000):
        make.job(research.submission, name=f"sweep-{index}", repeats=job, array_index=index, state="RUNNING")
    with django_assert_num_queries(10) as queries:
        answer = packed(browser, job)

    assert len(answer.content) < 12_000
    assert [answer.json()["statuses"][letter]["name"] for letter in answer.json()["cells"][-7:]] == ["RUNNING"] * 7
    # A document can be large, and only that of an array says which indexes run.
    [reruns] = [query["sql"] for query in queries if '"repeats_id" =' in query["sql"]]
    assert '"jobs_job"."document"' not in reruns.replace('THEN "jobs_job"."document"', "")
