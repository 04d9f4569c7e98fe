"""Sweeps: from the job's form to the table of values on the submission's page."""

import html
import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jobs.models import ArrayChild, Job, Submission
from jobs.models.ids import new_id, to_text
from tests import make
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
    text = page_of(send(browser, "sweep"))

    assert "Sweep of tune" in text
    assert "&quot;jobName&quot;: &quot;tune&quot;" in text


def test_the_form_and_the_values_go_to_the_sweep_and_back_without_loss(browser: Client, research: Research) -> None:
    document = '{"jobName": "tune",  "jobQueue": "cpu", "jobDefinition": "hello", "unknownKey": 1.50}'
    earlier = {"document": document, "follows": "1", "again": research.job.text_id, "draft": to_text(new_id())}
    page = browser.post(reverse("job_sweep", args=["research"]), {**earlier, "do": "sweep"})
    fields = {name: hidden(page, name) for name in ("document", "again", "draft")}
    assert fields == {name: earlier[name] for name in fields}

    choices = {"format": "csv", "run_as": "array", "index_by": "wrapper"}
    values = SimpleUploadedFile("values.csv", b"LR\n0.1\n0.01")
    form = browser.post(
        reverse("job_form", args=["research"]), {**fields, **choices, "values": "", "file": values, "do": "check"}
    )
    assert form.status_code == 200
    assert form.context["form"].text == document
    assert {name: hidden(form, name) for name in ("again", *choices)} == {"again": research.job.text_id, **choices}
    assert 'value="sweep" data-how-many checked' in page_of(form)

    sent = {**earlier, **choices, "values": hidden(form, "values"), "do": "sweep"}
    page = browser.post(reverse("job_sweep", args=["research"]), sent)
    assert "2 jobs" in page_of(page) or "Submit tune" in page_of(page)
    assert page.context["sweep"].values == "LR\n0.1\n0.01"
    assert page.context["sweep"].document_text == document


def hidden(answer: Any, name: str) -> str:
    [value] = re.findall(f'<input type="hidden" name="{name}" value="([^"]*)"', answer.content.decode())
    return html.unescape(value)


def test_the_preview_shows_command_and_environment_of_each_index(browser: Client) -> None:
    text = page_of(send(browser, "preview", first="17"))

    assert "60 jobs" in text
    assert "Submit Workflow" in text or "Submit 60 jobs to cpu" in text
    row = text[text.index('<td class="end num">17</td>') :].partition("</tr>")[0]
    assert "<code>echo hello</code>" in row
    assert [value in row for value in ("LR=0.1<", "SEED=4<", "DEPTH=6<")] == [True] * 3
    assert not Job.objects.filter(name__startswith="tune").exists()


@pytest.mark.long
def test_sixty_jobs_run_from_a_file_and_their_values_stay_with_their_states(browser: Client) -> None:
    rows = [f"{lr},{seed},{depth}" for lr in (1, 2, 3) for seed in (1, 2, 3, 4) for depth in (2, 4, 6, 8, 10)]
    file = SimpleUploadedFile("sweep.csv", "\n".join(["LR,SEED,DEPTH", *rows]).encode())
    answer = send(browser, "submit", values="", format="grid", file=file)
    submission = newest()

    assert answer["Location"] == submission.get_absolute_url()
    assert submission.name == "tune"
    assert submission.jobs.count() == 60
    failed = submission.jobs.get(step=17)
    end_all(submission)
    Job.objects.filter(pk=failed.pk).update(state="FAILED")
    text = page_of(browser.get(submission.get_absolute_url()))
    values_url = reverse("submission_sweep", args=[submission.text_id])
    assert f'hx-get="{values_url}"' in text
    assert "59 succeeded" in page_of(browser.get(values_url))
    first = first_row(browser.get(values_url, {"sort": "-status"}))
    assert ">17<" in first
    assert "Failed" in first
    values = ("<code>1</code>", "<code>4</code>", "<code>6</code>")
    assert [value in first for value in values] == [True] * 3

    again_url = reverse("submission_run_again", args=[submission.text_id])
    again_page = browser.get(again_url, {"start": failed.text_id})
    sent = {"start": failed.text_id, "version": hidden(again_page, "version"), "request_key": "again"}
    assert browser.post(again_url, sent)["Location"] == submission.get_absolute_url()
    again = submission.jobs.get(step=17, superseded=False)
    assert submission.jobs.count() == 61
    assert again.repeats == failed
    assert again.document["containerOverrides"] == failed.document["containerOverrides"]
    end_all(submission)
    row = first_row(browser.get(values_url, {"sort": "DEPTH", "status": "SUCCEEDED"}))
    assert "<code>2</code>" in row
    [row] = [row for row in rows_of(browser.get(values_url)) if ">17<" in row]
    assert again.get_absolute_url() in row
    assert "run 2" in row
    assert [value in row for value in ("Succeeded", *values)] == [True] * 4
    assert submission.jobs.get(pk=failed.pk).state == "FAILED"


def end_all(submission: Submission) -> None:
    for job in submission.jobs.exclude(state="FAILED"):
        Job.objects.filter(pk=job.pk).update(delivery="SENT", state="SUCCEEDED", batch_id=job.text_id)


def rows_of(answer: Any) -> list[str]:
    return page_of(answer).partition("<tbody>")[2].partition("</tbody>")[0].split("</tr>")[:-1]


def first_row(answer: Any) -> str:
    return rows_of(answer)[0]


def test_an_index_of_a_sweep_that_ran_as_one_array_runs_again_with_its_line(browser: Client) -> None:
    send(browser, "submit", run_as="array", index_by="wrapper", values="LR = 0.1, 0.01, 0.001")
    submission = newest()
    job = submission.jobs.get()
    Job.objects.filter(pk=job.pk).update(delivery="SENT", state="FAILED", batch_id="x")
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state="FAILED" if index == 1 else "SUCCEEDED") for index in range(3)
    )
    again_url = reverse("job_indexes_again", args=[job.text_id])
    browser.post(again_url, {"indexes": "1", "run_as": "single", "index_by": "wrapper"})
    again = job.repeated_by.get()
    assert again.document["containerOverrides"]["environment"][-1] == {"name": "ARRAY_INDEX", "value": "1"}
    end_all(submission)

    url = reverse("submission_sweep", args=[submission.text_id])
    rows = rows_of(browser.get(url, {"status": "SUCCEEDED"}))
    assert len(rows) == 3
    assert again.get_absolute_url() in rows[1]
    assert "<code>0.01</code>" in rows[1]
    assert "run 2" in rows[1]


def test_a_sweep_of_ten_thousand_is_shown_in_pages(
    browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    lines = "\n".join(f"SEED={seed}" for seed in range(10_000))
    environment = [{"name": "SWEEP_VALUES", "value": lines}]
    document = {**JOB, "containerOverrides": {"environment": environment}, "arrayProperties": {"size": 10_000}}
    submission = make.submission(research.analyst, research.account, document=document)
    job = make.job(submission, array_size=10_000, state="FAILED", document=document)
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state="FAILED" if index % 1_000 == 7 else "SUCCEEDED")
        for index in range(10_000)
    )
    url = reverse("submission_sweep", args=[submission.text_id])
    with django_assert_num_queries(9):
        answer = browser.get(url, {"sort": "-SEED", "first": "100"})

    rows = rows_of(answer)
    assert len(rows) == 100
    assert "<code>9899</code>" in rows[0]
    assert "101–200 of 10,000" in page_of(answer)
    assert "first=200" in page_of(answer)
    assert len(rows_of(browser.get(url, {"status": "FAILED"}))) == 10


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
    text = page_of(browser.get(reverse("submission_sweep", args=[research.submission.text_id])))

    assert "don&#x27;t differ by values" in text or "don't differ by values" in text
