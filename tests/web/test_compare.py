from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.causes import Cause
from jobs.models import Job, JobFailure
from jobs.states import State
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(research, signed_in) -> Client:
    client: Client = signed_in(research.analyst.user)
    return client


def job(research: Any, name: str, **fields: Any) -> Job:
    document = {"jobName": name, "jobQueue": "cpu", "jobDefinition": "hello", **fields.pop("document", {})}
    return make.job(research.submission, name=name, queue=research.queue, document=document, ended_at=now(), **fields)


def compare(browser: Client, *jobs: Job, status: int = 200) -> str:
    answer = browser.get(reverse("compare"), {"job": [each.text_id for each in jobs]})
    assert answer.status_code == status
    return answer.content.decode()


def variables(**values: str) -> dict[str, Any]:
    entries = [{"name": name, "value": value} for name, value in values.items()]
    return {"containerOverrides": {"environment": entries}}


def test_facts_and_documents_stand_side_by_side(research, browser):
    good = job(research, "good", state=State.SUCCEEDED, exit_code=0, document=variables(QUARTER="Q1"))
    bad = job(research, "bad", state=State.FAILED, exit_code=137, document=variables(QUARTER="Q2"))
    JobFailure.objects.create(
        job=bad,
        team=bad.team,
        account=bad.account,
        definition_id=bad.definition_id,
        ended_at=now(),
        cause=Cause.OUT_OF_MEMORY,
        lines=["Allocating 20 GiB", "<b>Killed</b>"],
    )

    text = compare(browser, good, bad)
    assert "Out of memory" in text
    assert "&lt;b&gt;Killed&lt;/b&gt;" in text
    assert "Q1" in text
    assert "Q2" in text


def test_secrets_are_neither_shown_nor_compared(research, browser):
    jobs = [
        job(research, f"job{number}", state=State.SUCCEEDED, document=variables(DB_PASSWORD=f"hunter{number}22"))
        for number in range(2)
    ]
    Job.objects.update(name="same")
    for each in jobs:
        Job.objects.filter(pk=each.pk).update(document={**each.document, "jobName": "same"})

    text = compare(browser, *jobs)
    assert "hunter" not in text
    assert "DB_PASSWORD" not in text
    assert "No differences in the request" in text


def test_up_to_four_jobs_are_compared_with_the_first(research, browser):
    jobs = [job(research, f"job{number}", state=State.SUCCEEDED) for number in range(5)]

    text = compare(browser, *jobs)
    assert "job3 (" in text
    assert "compared with job0" in text
    assert "job4" not in text


def test_one_job_is_not_enough(research, browser):
    assert "Select jobs to compare" in compare(browser, research.job)


def test_a_job_of_others_does_not_exist(research, browser):
    compare(browser, research.job, make.job(), status=404)


def test_the_page_costs_the_same_queries_for_any_number(research, browser, django_assert_num_queries):
    jobs = [job(research, f"job{number}", state=State.SUCCEEDED) for number in range(4)]
    compare(browser, *jobs)
    with django_assert_num_queries(6):
        compare(browser, *jobs)
