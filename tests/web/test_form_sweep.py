"""Launch forms that run with several values: a job for each of them, and the form's rules for each."""

import html
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from jobs.actions import form_documents, launch_forms
from jobs.models import LaunchForm, Submission
from jobs.spec.launch_forms.file_format import from_file
from jobs.spec.launch_forms.sweep import FormSweep
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.test_launch_forms import FILE, values


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def form(research: Research) -> LaunchForm:
    content, document = from_file(FILE)
    return make.launch_form_version(research.analyst, content, document).form


def post(browser: Client, form: LaunchForm, do: str = "submit", **fields: Any) -> Any:
    return browser.post(reverse("launch_form_run", args=[form.text_id]), {**values(**fields), "do": do}, follow=True)


def text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def sweep_of(form: LaunchForm) -> Submission:
    return Submission.objects.get(form_version__form=form)


def test_each_combination_becomes_a_job(browser: Client, form: LaunchForm) -> None:
    fields = {"several-quarter": "Q1, Q2", "several-year": "2026\n2027"}
    preview = text(post(browser, form, "check", **fields))
    assert "4 jobs" in preview
    assert "risk-Q2-2026-2" in preview
    assert not Submission.objects.filter(form_version__isnull=False).exists()

    post(browser, form, **fields)
    submission = sweep_of(form)
    jobs = submission.document["jobs"]
    names = ["risk-Q1-2026-0", "risk-Q1-2027-1", "risk-Q2-2026-2", "risk-Q2-2027-3"]
    assert [job["jobName"] for job in jobs] == names
    assert submission.ordered_form_values["quarter"] == "Q1, Q2"
    assert submission.job_count == 4


def test_a_job_of_a_sweep_is_the_document_of_its_values(research: Research, form: LaunchForm) -> None:
    version = form.versions.get()
    context = launch_forms.start_context(form, research.analyst)
    rows = tuple({"quarter": quarter, "year": year} for quarter in ("Q1", "Q2") for year in (2020, 2030))

    start = form_documents.fill_sweep(version, FormSweep(("quarter", "year"), rows), context, research.analyst)
    for index, (row, job) in enumerate(zip(rows, json.loads(start.text)["jobs"], strict=True)):
        single = json.loads(form_documents.fill_version(version, row, context).text)
        assert job == {**single, "jobName": f"{single['jobName']}-{index}"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"several-year": "2026, 1999"}, "Job 1: year must be 2020 to 2030."),
        ({"several-quarter": "Q1, Q9"}, "Job 1: Quarter must be Q1 or Q2."),
        ({"several-queue": "cpu, gpu"}, "Job 1: Queue is locked."),
        ({"several-digits": "3, 4"}, "digits isn't part of the form with these values."),
        ({"table": "queue\ngpu\n"}, "Job 0: Queue is locked."),
        ({"table": "other\n1\n"}, "The form has no field other."),
        ({"table": "year\n2026\n", "several-year": "2026"}, "Enter several values in the fields, or a table."),
    ],
)
def test_the_rules_hold_for_each_value(
    browser: Client, form: LaunchForm, fields: dict[str, str], message: str
) -> None:
    answer = post(browser, form, **fields)

    assert answer.status_code == 422
    assert message in text(answer)
    assert not Submission.objects.filter(form_version__isnull=False).exists()


def test_a_problem_is_where_the_values_were_entered(browser: Client, form: LaunchForm) -> None:
    answer = text(post(browser, form, "check", **{"several-year": "2026, 1999"}))

    assert 'href="#problems-several-year"' in answer
    _, at_values = answer.split('id="problems-several-year">')
    assert "Job 1: year must be 2020 to 2030." in at_values.partition("</div>")[0]
    _, at_field = answer.split('id="problems-value-year">')
    assert "2020 to 2030" not in at_field.partition("</div>")[0]


def test_values_come_from_a_file(browser: Client, form: LaunchForm) -> None:
    table = SimpleUploadedFile("values.csv", b"Quarter,year,digits\nQ2,2027,4\nQ2,2028,5\n")
    post(browser, form, table_file=table)

    commands = [job["containerOverrides"]["command"][1] for job in sweep_of(form).document["jobs"]]
    assert commands == ["--digits=4", "--digits=5"]


def test_a_sweep_prefills_nothing_with_its_lists(browser: Client, form: LaunchForm) -> None:
    post(browser, form, **{"several-quarter": "Q1, Q2", "value-note": "why"})

    again = text(browser.get(sweep_of(form).get_absolute_url()))
    assert "?year=2026&note=why" in again
    page = text(browser.get(reverse("launch_form_run", args=[form.text_id]), {"_last": "1"}))
    assert '<option value="Q1" selected>' in page
    assert 'value="why"' in page


STEPS: dict[str, Any] = {
    "name": "Steps",
    "sections": [{"title": "", "fields": [{"name": "word", "label": "Word", "default": "a"}]}],
    "document": {
        "name": "steps-${param.word}",
        "jobs": [
            {"jobName": "first-${param.word}", "jobQueue": "cpu", "jobDefinition": "hello"},
            {
                "jobName": "last",
                "jobQueue": "cpu",
                "jobDefinition": "hello",
                "dependsOn": [{"jobId": "${first-${param.word}}"}],
            },
            {"jobName": "clean", "jobQueue": "cpu", "jobDefinition": "hello"},
        ],
        "conditions": [{"job": "clean", "after": "last", "when": "always"}],
    },
}


def workflow_form(research: Research) -> LaunchForm:
    content, document = from_file(STEPS)
    return make.launch_form_version(research.analyst, content, document).form


def test_a_workflow_runs_once_for_each_value(browser: Client, research: Research) -> None:
    form = workflow_form(research)
    fields = {"value-word": "a", "several-word": "a, b", "version": "1"}
    address = reverse("launch_form_run", args=[form.text_id])
    preview = text(browser.post(address, {**fields, "do": "check"}))
    assert "2 runs" in preview
    assert "first-b-1, last-1, clean-1" in preview
    assert 'name="run_as"' not in preview

    browser.post(address, {**fields, "do": "submit"})
    submission = sweep_of(form)
    document = submission.document
    assert submission.name == "steps"
    assert [job["jobName"] for job in document["jobs"]] == [
        *("first-a-0", "last-0", "clean-0"),
        *("first-b-1", "last-1", "clean-1"),
    ]
    assert document["jobs"][4]["dependsOn"] == [{"jobId": "${first-b-1}"}]
    assert document["conditions"] == [
        {"job": f"clean-{number}", "after": f"last-{number}", "when": "always"} for number in range(2)
    ]


def test_a_workflow_is_no_array_and_has_a_limit(browser: Client, research: Research) -> None:
    address = reverse("launch_form_run", args=[workflow_form(research).text_id])
    forged = {"value-word": "a", "several-word": "a, b", "version": "1", "run_as": "array", "do": "submit"}
    assert "A workflow can't run as one array job." in text(browser.post(address, forged))

    many = {**forged, "run_as": "single", "several-word": "\n".join(f"w{number}" for number in range(334))}
    assert "This sweep has 1,002 jobs, and the limit is 1,000." in text(browser.post(address, many))
    assert not Submission.objects.filter(form_version__isnull=False).exists()


def test_values_run_as_one_array_job(browser: Client, form: LaunchForm) -> None:
    fields = {"several-note": "one, two three\nfour", "run_as": "array"}
    preview = text(post(browser, form, "check", **fields))
    assert "3 jobs" in preview
    assert "risk-Q1-2026, child job 2" in preview
    assert "<code>risk --digits=2</code>" in preview

    post(browser, form, **fields)
    submission = sweep_of(form)
    job = submission.document
    assert job["arrayProperties"] == {"size": 3}
    assert job["containerOverrides"]["environment"] == [
        {"name": "SWEEP_VALUES", "value": "NOTE=one\nNOTE='two three'\nNOTE=four"}
    ]
    assert job["containerOverrides"]["command"][-2:] == ["risk", "--digits=2"]
    values_page = text(browser.get(reverse("submission_sweep", args=[submission.text_id])))
    assert "<code>two three</code>" in values_page


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"several-digits": "3, 4", "value-quarter": "Q2"},
            "digits sets /containerOverrides/command/1, which is the same in all child jobs of an array.",
        ),
        ({"table": 'note,digits\na,2\n"",2\n', "value-quarter": "Q2"}, "Job 1: Note is empty. A child job"),
        ({"several-note": "\n".join("x" * 100 for _ in range(300))}, "The values of an array have 30 KiB at most."),
        ({"several-note": "one"}, "An array has at least 2 child jobs."),
        ({"several-note": "one, two", "several-queue": "cpu, gpu"}, "Queue is locked."),
        ({"table": "quarter,note\nQ1,a\nQ2,b\n"}, "Quarter sets /jobName, which is the same"),
    ],
)
def test_what_child_jobs_share_has_one_value(
    browser: Client, form: LaunchForm, fields: dict[str, str], message: str
) -> None:
    answer = post(browser, form, **fields, run_as="array")

    assert answer.status_code == 422
    assert message in text(answer)
    assert not Submission.objects.filter(form_version__isnull=False).exists()
