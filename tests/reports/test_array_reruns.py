"""An array whose failed children ran again: one summary in lists, on pages, in the picture and in the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import ArrayChild, Job, JobFailure, Submission
from jobs.models.array_reruns import rerun_families
from jobs.models.job_failure import add_failures
from jobs.models.rerun_summary import summarize_reruns
from jobs.reports import submissions
from jobs.reports.failure_families import families
from jobs.reports.job_search import Scope, search_page
from jobs.search import Search
from jobs.spec.index_rerun import INDEXES_VARIABLE
from jobs.states import STATUSES
from tests import make

GOOD, BAD, LIVE = STATUSES["SUCCEEDED"], STATUSES["FAILED"], STATUSES["RUNNING"]


@pytest.mark.parametrize(
    ("failed", "count", "reruns", "text", "has_recovered"),
    [
        ([], 0, {}, "", False),
        ([2, 3], 2, {}, "", False),
        ([2], 1, {2: GOOD}, "1 of 1 run again, succeeded", True),
        ([2, 3], 2, {2: GOOD, 3: GOOD}, "2 of 2 run again, all succeeded", True),
        ([2, 3], 2, {2: GOOD}, "1 of 2 run again, 1 succeeded", False),
        ([2, 3], 2, {2: GOOD, 3: BAD}, "2 of 2 run again, 1 succeeded", False),
        ([2, 3], 2, {2: BAD, 3: BAD}, "2 of 2 run again, 0 succeeded", False),
        ([2, 3], 2, {2: LIVE, 3: LIVE}, "2 of 2 run again, 2 in progress", False),
        ([2, 3], 2, {2: GOOD, 3: LIVE}, "2 of 2 run again, 1 succeeded, 1 in progress", False),
        ([2], 3, {2: GOOD}, "1 of 3 run again, 1 succeeded", False),  # AWS counts children that aren't read yet
        ([2], 1, {2: GOOD, 5: BAD}, "1 of 1 run again, succeeded", True),
    ],
)
def test_a_summary_counts_the_last_run_of_each_failed_child(
    failed: list[int], count: int, reruns: Any, text: str, has_recovered: bool
) -> None:
    summary = summarize_reruns(failed, count, reruns)

    assert (summary.text, summary.has_recovered) == (text, has_recovered)


@pytest.fixture
def array_job(db: None) -> Job:
    """An array of 20 whose children 2 and 17 failed."""
    ended = now()
    job = make.job(make.submission(name="sweep"), name="sweep", state="FAILED", array_size=20, ended_at=ended)
    Job.objects.filter(pk=job.pk).update(array_summary={"FAILED": 2, "SUCCEEDED": 18}, children_read_at=ended)
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state="FAILED" if index in (2, 17) else "SUCCEEDED") for index in range(20)
    )
    return job


def rerun(array_job: Job, index: int, state: str, **fields: Any) -> Job:
    defaults = {"name": f"{array_job.name}-{index}", "step": array_job.step, "ended_at": now(), **fields}
    return make.job(array_job.submission, repeats=array_job, array_index=index, state=state, **defaults)


def row_of(submission: Submission) -> submissions.SubmissionRow:
    [row] = submissions.recent_rows(submission.team, 1)
    return row


@pytest.mark.postgres
def test_a_submission_succeeds_with_the_last_index_of_its_array(
    array_job: Job, django_assert_max_num_queries: Any
) -> None:
    submission = array_job.submission
    rerun(array_job, 2, "FAILED", superseded=True)
    rerun(array_job, 2, "SUCCEEDED")
    last = rerun(array_job, 17, "FAILED")
    assert row_of(submission).status.name == "FAILED"
    assert submissions.status_summary(submission).failed == 2

    Job.objects.filter(pk=last.pk).update(state="SUCCEEDED")
    with django_assert_max_num_queries(4):
        row = row_of(submission)
    assert (row.status.name, row.counts) == ("SUCCEEDED", [(GOOD, 3)])
    assert row.rerun_summary
    assert row.rerun_summary.text == "2 of 2 run again, all succeeded"
    summary = submissions.status_summary(submission)
    assert (summary.counts, summary.failed) == ({"SUCCEEDED": 3}, 0)


@pytest.mark.postgres
def test_an_array_runs_some_and_single_jobs_the_rest(array_job: Job) -> None:
    environment = [{"name": INDEXES_VARIABLE, "value": "2 17"}]
    again = rerun(array_job, 2, "FAILED", array_size=2, document={"containerOverrides": {"environment": environment}})
    ArrayChild.objects.bulk_create(
        ArrayChild(job=again, index=child, state=state) for child, state in enumerate(["SUCCEEDED", "FAILED"])
    )
    [family] = rerun_families([array_job.submission_id]).values()
    assert family.summary.text == "2 of 2 run again, 1 succeeded"
    rerun(array_job, 17, "SUCCEEDED")

    [family] = rerun_families([array_job.submission_id]).values()
    assert {job.pk for job in family.obsolete_failures} == {array_job.pk, again.pk}
    assert row_of(array_job.submission).status.name == "SUCCEEDED"


def test_pages_picture_and_api_say_the_same(array_job: Job) -> None:
    submission = array_job.submission
    for index in (2, 17):
        rerun(array_job, index, "SUCCEEDED")
    text = "2 of 2 run again, all succeeded"
    browser = Client()
    browser.force_login(submission.person)

    for url in (
        reverse("jobs", args=[submission.team.slug]) + "?search=status:failed",
        submission.get_absolute_url(),
    ):
        assert text in browser.get(url).content.decode(), url
    page = search_page(Scope(submission.person, submission.team), Search())
    [row] = [row for row in page.rows if row.job == array_job]
    assert row.job.status.name == "FAILED"
    graph = browser.get(reverse("submission_graph", args=[submission.text_id])).json()
    assert graph["statuses"][graph["states"][0][0]] == {
        "label": f"Failed, {text}",
        "icon": "circle-check",
        "tone": "good",
        "live": False,
    }
    add_failures([array_job])
    JobFailure.objects.update(cause="children-failed", family="f")
    assert families(submission.team, now() - timedelta(days=1)).families == ()


def test_the_list_of_children_shows_and_filters_by_the_last_run_as_the_map_does(array_job: Job) -> None:
    browser = Client()
    browser.force_login(array_job.submission.person)
    again = rerun(array_job, 17, "SUCCEEDED")
    url = reverse("job_children", args=[array_job.text_id])

    data = browser.get(reverse("job_children_map", args=[array_job.text_id])).json()
    names = [data["statuses"][letter]["name"] for letter in data["cells"]]
    for state in ("FAILED", "SUCCEEDED"):
        answer = browser.get(url, {"state": state})
        assert [child.index for child in answer.context["page"].rows] == [
            index for index, name in enumerate(names) if name == state
        ]
    page = " ".join(browser.get(url, {"from": "17"}).content.decode().split())
    assert f'Run again as <a href="{again.get_absolute_url()}">' in page
    assert "First run: failed" in page
    assert "19 succeeded" in page
    assert "1 failed" in page
