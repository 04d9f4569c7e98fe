"""Sweeps: from the job's form to the table of values on the submission's page."""

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jobs.models import ArrayChild, Job, Submission
from tests.web.conftest import Research, SignIn

JOB = {"jobName": "tune", "jobQueue": "cpu", "jobDefinition": "hello"}
GRID = "LR = 0.1, 0.01, 0.001\nSEED = 1, 2, 3, 4\nDEPTH = 2, 4, 6, 8, 10"


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def send(browser: Client, do: str, **fields: Any) -> Any:
    filled = {"document": json.dumps(JOB), "values": GRID, "format": "grid", "request_key": "a-key", "do": do}
    return browser.post(reverse("job_sweep", args=["research"]), {**filled, **fields})


def page_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def newest() -> Submission:
    return Submission.objects.latest("pk")


def test_the_jobs_form_leads_to_the_sweep_with_its_document(browser: Client) -> None:
    form = page_of(browser.get(reverse("job_form", args=["research"])))
    assert f'formaction="{reverse("job_sweep", args=["research"])}"' in form
    opened = page_of(send(browser, "sweep"))

    assert "Sweep of tune" in opened
    assert "&quot;jobName&quot;: &quot;tune&quot;" in opened


def test_the_preview_shows_command_and_environment_of_each_index(browser: Client) -> None:
    shown = page_of(send(browser, "preview", first="17"))

    assert "60 jobs" in shown
    assert "Submit Workflow" in shown or "Submit 60 jobs to cpu" in shown
    row = shown[shown.index('<td class="end num">17</td>') :].partition("</tr>")[0]
    assert "<code>echo hello</code>" in row
    assert [value in row for value in ("LR=0.1<", "SEED=4<", "DEPTH=6<")] == [True] * 3
    assert not Job.objects.filter(name__startswith="tune").exists()


def test_sixty_jobs_run_from_a_file_and_their_values_stay_with_their_states(browser: Client) -> None:
    rows = [f"{lr},{seed},{depth}" for lr in (1, 2, 3) for seed in (1, 2, 3, 4) for depth in (2, 4, 6, 8, 10)]
    file = SimpleUploadedFile("sweep.csv", "\n".join(["LR,SEED,DEPTH", *rows]).encode())
    answer = send(browser, "submit", values="", format="grid", file=file)
    submission = newest()

    assert answer["Location"] == submission.get_absolute_url()
    assert submission.name == "tune"
    assert submission.jobs.count() == 60
    Job.objects.filter(submission=submission, step=17).update(delivery="SENT", state="FAILED", batch_id="x")
    shown = page_of(browser.get(submission.get_absolute_url()))
    values_url = reverse("submission_sweep", args=[submission.text_id])
    assert f'hx-get="{values_url}"' in shown
    table = page_of(browser.get(values_url, {"sort": "-status"}))
    first = table.partition("<tbody>")[2].partition("</tr>")[0]
    assert ">17<" in first
    assert "Failed" in first
    assert [value in first for value in ("<code>1</code>", "<code>4</code>", "<code>6</code>")] == [True] * 3


@pytest.mark.parametrize(("sort", "expected"), [("DEPTH", "2"), ("-DEPTH", "10"), ("", "2"), ("unknown", "2")])
def test_values_are_sorted_as_numbers(browser: Client, sort: str, expected: str) -> None:
    send(browser, "submit", values="DEPTH = 2, 4, 10")
    table = page_of(browser.get(reverse("submission_sweep", args=[newest().text_id]), {"sort": sort}))

    assert re.findall(r"<code>(\d+)</code>", table)[0] == expected


def test_an_array_keeps_its_values_too_and_leads_to_the_logs(browser: Client) -> None:
    send(browser, "submit", run_as="array", index_by="wrapper", values="LR = 0.1, 0.01")
    job = newest().jobs.get()
    assert job.array_size == 2
    Job.objects.filter(pk=job.pk).update(delivery="SENT", state="PENDING", batch_id="x")
    ArrayChild.objects.create(job=job, index=1, state="RUNNING")
    table = page_of(browser.get(reverse("submission_sweep", args=[newest().text_id])))

    assert "<code>0.01</code>" in table
    assert "Running" in table
    assert f'href="{reverse("child_log", args=[job.text_id, 1])}"' in table
    assert reverse("submission_sweep", args=[newest().text_id]) in page_of(browser.get(job.get_absolute_url()))


def test_a_request_that_comes_twice_is_one_submission(browser: Client) -> None:
    first, second = (send(browser, "submit", values="A = 1, 2")["Location"] for _ in range(2))
    assert first == second

    other = send(browser, "submit", values="A = 3, 4")
    assert "already submitted other values" in page_of(other)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"values": "A 1"}, "Line 1 has no “=”."),
        ({"document": json.dumps({**JOB, "jobName": ""})}, "The job has no name."),
        ({"document": "{"}, "Go back and correct it."),
        ({"document": json.dumps({**JOB, "jobDefinition": "none"})}, "Choose a job definition first."),
        ({"run_as": "array", "values": "A = 1"}, "An array has at least 2 child jobs."),
        ({"values": "AWS_BATCH_X = 1, 2"}, "reserved for AWS Batch"),
        ({"document": json.dumps({**JOB, "parameters": {"x": "x" * 600_000}})}, "Run them as one array job."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_submitted(browser: Client, fields: Any, message: str) -> None:
    count = Submission.objects.count()
    answer = send(browser, "submit", **fields)

    assert answer.status_code == 422
    assert message in page_of(answer)
    assert Submission.objects.count() == count


def test_other_submissions_have_no_values(browser: Client, research: Research) -> None:
    shown = page_of(browser.get(reverse("submission_sweep", args=[research.submission.text_id])))

    assert "don&#x27;t differ by values" in shown or "don't differ by values" in shown
