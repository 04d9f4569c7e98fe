"""The action that a cause proposes: a link to a form with its values filled in."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import Job, Queue, Revision, Submission
from jobs.states import State
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, page_text

PLACE = {
    "computeEnvironmentName": "general",
    "state": "ENABLED",
    "status": "VALID",
    "computeResources": {"type": "EC2", "maxvCpus": 16, "instanceTypes": ["m5.4xlarge"]},
}
JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def large_queue(research: Research) -> Queue:
    Queue.objects.update(environments=[PLACE])
    place = {**PLACE, "computeResources": {"type": "EC2", "maxvCpus": 256, "instanceTypes": ["m5.16xlarge"]}}
    return make.queue("large", of=research.account, teams=(research.team,), environments=[place])


def job_of(research: Research, **fields: Any) -> Job:
    submission = make.submission(research.analyst, research.account, document=JOB)
    revision = Revision.objects.filter(definition=research.definition).order_by("number")[0]
    queue = Queue.objects.get(name="cpu")
    sizes = {"vcpus": 2, "memory_mib": 4096}
    return make.job(submission, document=JOB, revision=revision, queue=queue, **sizes, **fields)


def action(browser: Client, job: Job) -> tuple[str, str] | None:
    """The label and the address of the action on the job's page."""
    page = page_text(browser.get(job.get_absolute_url()))
    if "explanation-action" not in page:
        return None
    link = page.split('explanation-action"><a class="btn btn-sm" href="')[1]
    url, _, rest = link.partition('">')
    return rest.partition("</a>")[0], url.replace("&amp;", "&")


@pytest.mark.parametrize(
    ("fields", "label", "query"),
    [
        ({"exit_code": 137}, "Run again with 8 GiB…", "?memory=8192"),
        (
            {
                "status_reason": "Job attempt duration exceeded timeout",
                "raw": {"timeout": {"attemptDurationSeconds": 60}},
            },
            "Run again with 2 min…",
            "?time_limit=120",
        ),
        ({"exit_code": 1}, "Run again…", ""),
    ],
)
def test_a_failure_proposes_what_it_lacked(
    browser: Client, research: Research, fields: dict[str, Any], label: str, query: str
) -> None:
    job = job_of(research, state=State.FAILED, ended_at=now(), **fields)

    assert action(browser, job) == (label, f"{reverse('job_again', args=[job.text_id])}{query}")


def test_a_job_that_fits_nothing_proposes_a_queue_or_a_size_that_fits(
    browser: Client, research: Research, large_queue: Queue
) -> None:
    job = job_of(research, state=State.RUNNABLE)
    Job.objects.filter(pk=job.pk).update(vcpus=32)
    url = reverse("job_again", args=[job.text_id])

    assert "The job can never start." in page_text(browser.get(job.get_absolute_url()))
    assert action(browser, job) == ("Run in large…", f"{url}?queue=large")
    large_queue.grants.all().delete()
    assert action(browser, job) == ("Run again with 16 vCPU, 4 GiB…", f"{url}?memory=4096&vcpus=16")


def test_who_may_not_submit_gets_no_action(research: Research, signed_in: SignIn) -> None:
    job = job_of(research, state=State.FAILED, exit_code=137, ended_at=now())

    assert action(signed_in(research.viewer.user), job) is None


def test_a_link_fills_the_form_and_submits_nothing(browser: Client, research: Research) -> None:
    job = job_of(research, state=State.FAILED, ended_at=now())
    url = reverse("job_again", args=[job.text_id])
    answer = browser.get(url, {"memory": "16384", "time_limit": "7200", "vcpus": "4", "queue": "gpu", "name": "x"})
    page = controls(page_text(browser.get(answer.headers["Location"])))

    assert (page["memory"], page["time_limit"], page["vcpus"]) == ("16 GiB", "2 h", "4")
    assert '"jobQueue": "gpu"' in page["document"]
    assert page["name"] == "train"
    assert Submission.objects.count() == 2  # the one of the fixture, and this job's


@pytest.mark.parametrize("value", ["", "8 GiB", "-1", "1e9", "999999999", "٣", "8192<script>"])
def test_a_value_that_no_link_of_the_portal_has_is_left_out(browser: Client, research: Research, value: str) -> None:
    job = job_of(research, state=State.FAILED, ended_at=now())
    answer = browser.get(reverse("job_again", args=[job.text_id]), {"memory": value})

    assert answer.headers["Location"].endswith(f"?again={job.text_id}")


def test_a_step_runs_again_in_its_workflow_with_the_proposed_value(browser: Client, research: Research) -> None:
    steps = [{**JOB, "jobName": name, "dependsOn": [{"jobId": "a"}] * (name == "b")} for name in ("a", "b")]
    submission = make.submission(research.analyst, research.account, kind="workflow", document={"jobs": steps})
    revision = Revision.objects.filter(definition=research.definition).order_by("number")[0]
    fields: dict[str, Any] = {"revision": revision, "state": State.FAILED, "ended_at": now(), "memory_mib": 4096}
    first, second = (
        make.job(submission, name=step["jobName"], document=step, vcpus=1, exit_code=code, **fields)
        for step, code in zip(steps, (137, 1), strict=True)
    )
    link = action(browser, first)
    assert link
    label, url = link

    assert label == "Run again with 8 GiB…"
    assert url == f"{reverse('submission_run_again', args=[submission.text_id])}?start={first.text_id}&memory=8192"
    text = browser.get(url).context["workflow_form"].source_text
    assert text.count('"8192"') == 1
    assert '"jobName": "a"' in text
    assert second.status.name == "FAILED"
