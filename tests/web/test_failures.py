from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.causes import Cause
from jobs.models import Job, JobFailure
from jobs.models.job_failure import family_key
from jobs.states import State
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(research, signed_in) -> Client:
    client: Client = signed_in(research.analyst.user)
    return client


@pytest.fixture
def killed(research) -> Job:
    job = make.job(research.submission, queue=research.queue, state=State.FAILED, memory_mib=8192, ended_at=now())
    JobFailure.objects.create(
        job=job,
        team=job.team,
        account=job.account,
        definition_id=job.definition_id,
        ended_at=now() - timedelta(days=2),
        cause=Cause.OUT_OF_MEMORY,
        exit_code=137,
        last_line="<b>Killed</b>",
        family=family_key(Cause.OUT_OF_MEMORY, 137, "<b>Killed</b>"),
    )
    return job


def page(browser: Client, address: str, **data: Any) -> str:
    answer = browser.get(address, data)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_family_leads_to_its_jobs_and_to_running_them_again_with_more_memory(browser, killed):
    text = page(browser, reverse("failures", args=["research"]))

    assert "Out of memory" in text
    assert "&lt;b&gt;Killed&lt;/b&gt;" in text
    assert "Run again with 16 GiB" in text
    key = killed.failures.get().family
    search = f"search=family%3A{key}+ended%3E-7d"
    assert f'href="/teams/research/jobs/?{search}"' in text
    assert f"do=again&amp;{search}" in text
    assert f"search=family%3A{key}+ended%3E-30d" in page(browser, reverse("failures", args=["research"]), since="30")
    again = page(
        browser,
        reverse("bulk_new"),
        do="again",
        search=f"family:{key} ended>-7d",
        team="research",
        scope="team",
        memory="16 GiB",
    )
    assert "<strong>1 job</strong> will be submitted again" in again
    assert 'value="16 GiB"' in again


def test_a_shorter_period_has_fewer_failures(browser, killed):
    assert "No failures in the last 24 hours" in page(browser, reverse("failures", args=["research"]), since="1")


def test_a_viewer_is_not_offered_to_run_them_again(research, signed_in, killed):
    text = page(signed_in(research.viewer.user), reverse("failures", args=["research"]))

    assert "Out of memory" in text
    assert "Run again" not in text


def test_a_search_with_a_problem_selects_nothing_and_says_why(browser):
    text = page(browser, reverse("bulk_new"), do="stop", search="status:nonsense status:runing", team="research")

    assert "nonsense" in text
    assert "Did you mean running?" in text
    assert "No job can be stopped" in text


def test_a_search_selects_the_newest_jobs_up_to_a_limit(research, browser, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("jobs.web.bulk.MAX_JOBS", 2)
    for _ in range(3):
        make.job(research.submission, queue=research.queue, state=State.RUNNING)

    text = page(browser, reverse("bulk_new"), do="stop", search="status:running", team="research")
    assert "Stop 2 jobs" in text
    assert "Only the newest 2 are included" in text


def test_the_page_costs_the_same_queries_for_any_number(browser, killed, django_assert_num_queries):
    address = reverse("failures", args=["research"])
    page(browser, address)
    with django_assert_num_queries(10):
        page(browser, address)
