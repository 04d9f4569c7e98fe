"""The page that runs failed indexes of an array again, and what the array's page shows of them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import ArrayChild, Job, QueueGrant, Submission
from jobs.models.database_generation import enter_recovery
from tests import make
from tests.web.conftest import Research, SignIn

FAILED = (2, 17)


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def sweep(research: Research) -> Job:
    definition = make.document("sweeper")
    definition["containerProperties"]["command"] = ["run", "it"]
    revision = make.revision("sweeper", of=research.team, where=research.account, document=definition)
    environment = [{"name": "DB_PASSWORD", "value": "hunter22"}]
    document = {
        "jobName": "sweep",
        "jobQueue": "cpu",
        "jobDefinition": "sweeper",
        "arrayProperties": {"size": 20},
        "containerOverrides": {"environment": environment},
    }
    job = make.job(
        research.submission,
        name="sweep",
        array_size=20,
        state="FAILED",
        document=document,
        revision=revision,
        queue=research.queue,
        batch_id="array",
    )
    ArrayChild.objects.bulk_create(
        ArrayChild(job=job, index=index, state="FAILED" if index in FAILED else "SUCCEEDED") for index in range(20)
    )
    return job


def page(browser: Client, job: Job, **query: str) -> str:
    return " ".join(browser.get(reverse("job_indexes_again", args=[job.text_id]), query).content.decode().split())


def run(browser: Client, job: Job, **fields: str) -> Any:
    return browser.post(reverse("job_indexes_again", args=[job.text_id]), fields)


def test_the_page_shows_the_command_and_environment_of_each_index(browser: Client, sweep: Job) -> None:
    text = page(browser, sweep)

    assert "Run 2 child jobs again" in text
    assert "<code>run it</code>" in text
    assert "ARRAY_INDEX=17</code>" in text
    assert "sweep-17" in text
    assert "hunter22" not in text


def test_a_shell_is_shown_before_the_command(browser: Client, sweep: Job) -> None:
    text = page(browser, sweep, run_as="array", index_by="wrapper")

    assert "AWS_BATCH_JOB_ARRAY_INDEX=1</code>" in text
    assert "ARRAY_INDEXES=2 17</code>" in text
    assert "exec &quot;$@&quot;&#x27; sh run it" in text
    assert "The image must contain <code>sh</code>, and its entry point" in text


def test_the_jobs_run_and_the_arrays_page_shows_them_at_their_indexes(browser: Client, sweep: Job) -> None:
    answer = run(browser, sweep, indexes="17", run_as="single", index_by="variable")
    assert answer["Location"] == sweep.get_absolute_url()
    job = sweep.repeated_by.get()

    text = " ".join(browser.get(sweep.get_absolute_url()).content.decode().split())
    assert "Running 1 child job of sweep again." in text
    assert "1 child job ran again" in text
    assert "Run 1 failed child job again…" in text
    data = browser.get(reverse("job_children_map", args=[sweep.text_id])).json()
    assert data["reruns"] == {"17": job.get_absolute_url()}
    assert data["statuses"][data["cells"][17]]["name"] == "ACCEPTED"
    assert data["live"] is True
    assert f"Child job 17 of {sweep.name}</a>" in browser.get(job.get_absolute_url()).content.decode()

    sweep.children.exclude(index=17).update(state="SUCCEEDED")
    Job.objects.filter(pk=job.pk).update(delivery="SENT", state="SUCCEEDED", batch_id="batch-17")
    text = " ".join(browser.get(sweep.get_absolute_url()).content.decode().split())
    assert "1 of 20 child jobs failed, and succeeded when it ran again." in text


def test_a_child_of_an_array_that_runs_an_index_again_is_a_click_away(browser: Client, sweep: Job) -> None:
    run(browser, sweep, indexes="", run_as="array", index_by="variable")
    job = sweep.repeated_by.get()
    Job.objects.filter(pk=job.pk).update(delivery="SENT", state="PENDING", batch_id="again")
    ArrayChild.objects.create(job=job, index=1, state="RUNNING")

    data = browser.get(reverse("job_children_map", args=[sweep.text_id])).json()
    assert data["reruns"] == {
        "2": job.get_absolute_url(),
        "17": reverse("child_log", args=[job.text_id, 1]),
    }
    assert data["statuses"][data["cells"][17]]["name"] == "RUNNING"
    log = browser.get(data["reruns"]["17"]).content.decode()
    assert f'Runs index 17 of <a href="{sweep.get_absolute_url()}">' in log


@pytest.mark.parametrize(
    ("indexes", "message"),
    [
        ("1", "Child job 1 hasn&#x27;t failed"),
        ("99", "“99” isn&#x27;t in this array"),
        ("<b>", "“&lt;b&gt;” isn&#x27;t an index"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_runs(browser: Client, sweep: Job, indexes: str, message: str) -> None:
    answer = run(browser, sweep, indexes=indexes)

    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert message in page(browser, sweep, indexes=indexes)
    assert not sweep.repeated_by.exists()


def test_a_limit_is_told_before_the_button(browser: Client, sweep: Job) -> None:
    QueueGrant.objects.update(max_active_jobs=1)
    text = page(browser, sweep)

    assert 'role="alert"' in text
    assert "Run 2 child jobs again" not in text


def test_while_the_portal_recovers_the_page_says_so(browser: Client, sweep: Job) -> None:
    enter_recovery("A backup was restored.")
    answer = run(browser, sweep)

    assert answer.status_code == 422
    assert "whether this was submitted before. Try again after" in " ".join(answer.content.decode().split())


def test_jobs_too_large_for_one_request_are_refused_on_the_page(browser: Client, sweep: Job) -> None:
    environment = [{"name": "LONG", "value": "x" * 600_000}]
    Job.objects.filter(pk=sweep.pk).update(
        document={**sweep.document, "containerOverrides": {"environment": environment}}
    )

    assert "Run them as one array job." in page(browser, sweep)
    assert run(browser, sweep).status_code == 422


@pytest.mark.parametrize("kind", ["submission", "workflow"])
@pytest.mark.parametrize("name", ["job_indexes_again", "job_children", "job_log", "receipt"])
def test_pages_below_a_job_lead_back_to_it_and_to_its_workflow(
    browser: Client, sweep: Job, name: str, kind: str
) -> None:
    Submission.objects.filter(pk=sweep.submission_id).update(kind=kind)
    page = " ".join(browser.get(reverse(name, args=[sweep.text_id])).content.decode().split())
    crumbs = page.partition('aria-label="Breadcrumb">')[2].partition("</nav>")[0]

    team, submission = reverse("jobs", args=[sweep.team.slug]), sweep.submission
    workflow = f'<a href="{submission.get_absolute_url()}">{submission.name}</a> ' if kind == "workflow" else ""
    assert " ".join(crumbs.split()) == (
        f'<a href="{team}">Jobs</a> {workflow}<a href="{sweep.get_absolute_url()}">{sweep.name}</a>'
    )
