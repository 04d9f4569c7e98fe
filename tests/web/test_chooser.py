"""The page that New opens."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Job
from tests import make
from tests.web.conftest import Research, SignIn

JOB: dict[str, Any] = {"jobName": "say-hello", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def chooser(browser: Client, **query: str) -> str:
    answer = browser.get(reverse("create", args=["research"]), query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def offered_definitions(page: str) -> list[str]:
    return re.findall(r"\?definition=([\w-]+)", page)


def test_new_leads_there_from_each_page_of_the_team(browser: Client) -> None:
    for name in ("team_home", "jobs", "definitions", "create", "write", "job_form"):
        page = browser.get(reverse(name, args=["research"])).content.decode()
        assert f'<a href="{reverse("create", args=["research"])}" id="nav-new"' in page


def test_the_definition_that_ran_last_comes_first_and_says_how_long_it_runs(
    browser: Client, research: Research
) -> None:
    unused, used = (make.revision(name, of=research.team, where=research.account) for name in ("aaa", "zzz"))
    begun = now() - timedelta(minutes=30)
    for _ in range(3):
        make.job(
            research.submission,
            queue=research.queue,
            revision=used,
            state="SUCCEEDED",
            started_at=begun,
            stopped_at=begun + timedelta(minutes=5),
            ended_at=begun + timedelta(minutes=5),
        )
    page = chooser(browser)

    assert offered_definitions(page) == ["zzz", "hello", unused.definition.name]
    assert "· about 5 min" in page
    assert "Not used yet" in page


def test_the_search_finds_names_and_descriptions(browser: Client, research: Research) -> None:
    make.revision("align-genome", of=research.team, where=research.account)
    research.definition.description = "Says hello to genomes"
    research.definition.save()

    assert offered_definitions(chooser(browser, q="align")) == ["align-genome"]
    assert set(offered_definitions(chooser(browser, q="genome"))) == {"align-genome", "hello"}
    assert "No definitions match “nothing”" in chooser(browser, q="nothing")


def test_a_definition_that_cannot_run_is_not_offered(browser: Client, research: Research) -> None:
    make.revision("theirs", of=make.team("private"), where=research.account)
    research.definition.archived_at = now()
    research.definition.save()

    assert offered_definitions(chooser(browser)) == []
    assert "Research has no job definition yet." in chooser(browser)


def test_ones_own_submissions_can_run_again_and_without_any_those_of_the_team(
    browser: Client, research: Research, signed_in: SignIn
) -> None:
    other = make.member(research.team)
    again = reverse("submission_again", args=[research.submission.text_id])

    assert f'href="{again}"' in chooser(browser)
    assert "Your recent jobs in Research" in chooser(browser)
    assert f'href="{again}"' in chooser(signed_in(other.user))
    assert "Recent jobs of Research" in chooser(signed_in(other.user))


@pytest.mark.parametrize("is_file", [False, True])
def test_what_is_pasted_or_uploaded_opens_in_its_form(is_file: bool, browser: Client) -> None:
    text = json.dumps(JOB)
    fields = {"file": SimpleUploadedFile("job.json", text.encode())} if is_file else {"text": text}
    answer = browser.post(reverse("open_form", args=["research"]), {**fields, "do": "open"})

    assert answer.status_code == 200
    assert 'value="say-hello"' in answer.content.decode()


def test_a_pasted_workflow_opens_in_its_form(browser: Client) -> None:
    text = json.dumps({"jobs": [JOB]})
    answer = browser.post(reverse("open_form", args=["research"]), {"text": text, "do": "open"})

    assert 'data-builder="workflow"' in answer.content.decode()


@pytest.mark.parametrize("number", [1, 20])
def test_it_costs_the_same_for_many_definitions_and_jobs(
    number: int, browser: Client, research: Research, django_assert_max_num_queries: Any
) -> None:
    for _ in range(number):
        revision = make.revision(of=research.team, where=research.account)
        make.job(make.submission(research.analyst, research.account), queue=research.queue, revision=revision)
    assert Job.objects.count() == number + 1

    with django_assert_max_num_queries(10):
        chooser(browser)
