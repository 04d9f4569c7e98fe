"""The page of a job: its header, its tabs, and what each of them reads."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import actions
from jobs.models import CostLine, Job, JobDependency, JobFailure, Rate, StateChange
from tests import make
from tests.web.conftest import Research, SignIn

TABS = ("overview", "attempts", "request", "dependencies", "events")


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def lead(research: Research, signed_in: SignIn) -> Client:
    return signed_in(make.member(research.team, "lead").user)


def tab(browser: Client, job: Job, name: str = "", **query: str) -> str:
    return browser.get(job.get_absolute_url(), {"tab": name, **query} if name else query).text


def earlier_run(research: Research, **fields: Any) -> Job:
    """A job of the definition that succeeded, and was made before the job that the test is about."""
    submission = make.submission(research.analyst, research.account, name="earlier")
    fields = {"name": "earlier", "revision": research.job.revision, "queue": research.queue, **fields}
    return make.job(submission, state="SUCCEEDED", ended_at=now(), **fields)


def new_job(research: Research, **fields: Any) -> Job:
    submission = make.submission(research.analyst, research.account, name="later")
    return make.job(submission, **{"revision": research.job.revision, "queue": research.queue, **fields})


# -- Tabs


@pytest.mark.parametrize("name", TABS)
def test_each_tab_has_an_address_and_is_marked_as_the_current_one(
    name: str, browser: Client, research: Research
) -> None:
    text = tab(browser, research.job, name)

    assert text.count('aria-current="page"') == 2  # in the menu of the team, and among the tabs
    assert f'id="tab-{name}"' in text
    assert f'{name}" aria-current="page"' in text or f'/" aria-current="page">{name.title()}' in text
    assert f"tab={name}&amp;seen=" in text


@pytest.mark.parametrize("name", ["job_log", "receipt"])
def test_the_pages_of_a_job_are_among_its_tabs(name: str, browser: Client, research: Research) -> None:
    url = reverse(name, args=[research.job.text_id])

    assert f'href="{url}"' in tab(browser, research.job)
    assert f'href="{url}" aria-current="page"' in browser.get(url).text


def test_an_array_has_a_tab_of_its_children_in_place_of_a_log(browser: Client, research: Research) -> None:
    array_job = new_job(research, array_size=1200, state="PENDING")
    text = tab(browser, array_job)

    assert 'id="tab-array"' in text
    assert ">1,200</span></a>" in text
    assert 'id="tab-log"' not in text


def test_an_unknown_tab_is_the_overview(browser: Client, research: Research) -> None:
    assert 'id="log-title"' in tab(browser, research.job, "nothing")


def test_the_audit_of_a_job_is_for_those_who_see_the_audit(browser: Client, lead: Client, research: Research) -> None:
    actions.stop(research.job, research.analyst)
    text = tab(lead, research.job, "audit")

    assert research.analyst.user.display_name in text.partition('class="rows audit"')[2]
    assert f'?about={research.job.text_id}"' in text
    assert 'id="tab-audit"' not in tab(browser, research.job)
    assert browser.get(research.job.get_absolute_url(), {"tab": "audit"}).status_code == 403


def test_a_live_tab_is_unchanged_until_something_changes(browser: Client, research: Research) -> None:
    mark = tab(browser, research.job, "events").partition("seen=")[2].partition('"')[0]
    query = {"tab": "events", "part": "live", "seen": mark}
    assert browser.get(research.job.get_absolute_url(), query).status_code == 204

    StateChange.objects.create(job=research.job, delivery="SENT", state="RUNNING", source="poll")
    answer = browser.get(research.job.get_absolute_url(), query)
    assert "AWS Batch, poll" in answer.text
    assert 'id="log-title"' not in answer.text


def test_a_poll_reads_its_queue_only_if_something_changed(
    browser: Client, research: Research, django_assert_num_queries: Any, time_machine: Any
) -> None:
    time_machine.move_to("2026-04-10T12:00:10Z", tick=False)
    Job.objects.filter(pk=research.job.pk).update(state="RUNNABLE", viewed_at=now(), submitted_at=now())
    mark = tab(browser, research.job, "overview").partition("seen=")[2].partition('"')[0]
    address, query = research.job.get_absolute_url(), {"part": "live", "seen": mark}
    with django_assert_num_queries(7):
        assert browser.get(address, query).status_code == 204

    Job.objects.filter(pk=research.job.pk).update(status_reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY")
    with django_assert_num_queries(12):
        page = browser.get(address, query).text
    assert "AWS has no instance for cpu" in page
    assert "Other runs" not in page


@pytest.mark.parametrize(
    ("name", "queries"),
    [("overview", 11), ("attempts", 10), ("request", 11), ("dependencies", 10), ("events", 11)],
)
def test_a_tab_costs_a_fixed_number_of_queries(
    name: str, queries: int, browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        earlier_run(research, name=f"earlier-{number}")
        child = make.job(research.submission, name=f"child-{number}", state="PENDING")
        JobDependency.objects.create(job=child, parent=research.job)
        StateChange.objects.create(job=research.job, delivery="SENT", state="RUNNING", source="poll")
    Job.objects.filter(pk=research.job.pk).update(viewed_at=now(), started_at=now())

    with django_assert_num_queries(queries):
        tab(browser, research.job, name)


# -- Header


def test_ids_can_be_copied_and_the_job_role_is_named(browser: Client, research: Research) -> None:
    role = "arn:aws:iam::123456789012:role/reader"
    document = make.document("hello")
    document["containerProperties"]["jobRoleArn"] = role
    job = new_job(
        research, revision=make.revision("hello", where=research.account, document=document), state="RUNNING"
    )
    text = tab(browser, job)

    for value in (job.text_id, job.batch_id, "hello:2", "cpu", role):
        assert f'data-copy="{value}"' in text


def test_a_running_job_shows_its_progress_and_its_cost_so_far(browser: Client, research: Research) -> None:
    Rate.objects.all().delete()
    for resource, usd in (("vcpu", "1.20"), ("memory", "0")):
        Rate.objects.create(
            platform="EC2", architecture="X86_64", resource=resource, usd_per_hour=usd, valid_from="2020-01-01"
        )
    started = now() - timedelta(hours=2)
    for minutes in (10, 20, 30):
        times = {"started_at": started, "stopped_at": started + timedelta(minutes=minutes)}
        earlier_run(research, **times)
    size = {"vcpus": 1, "memory_mib": 1024}
    job = new_job(research, state="RUNNING", started_at=now() - timedelta(minutes=30), **size)
    text = tab(browser, job)

    for part in (text, tab(browser, job, part="progress")):
        assert "90% end within 30 min" in part
        assert ">$0.60</span> so far, " in part
    Job.objects.filter(pk=job.pk).update(state="SUCCEEDED", stopped_at=now(), ended_at=now())
    assert "so far" not in tab(browser, job)
    assert tab(browser, job, part="progress").strip() == ""


def test_a_failed_job_shows_the_last_error_lines_of_its_log_once_they_are_read(
    browser: Client, research: Research
) -> None:
    Job.objects.filter(pk=research.job.pk).update(state="FAILED", exit_code=1, ended_at=now())
    mark = tab(browser, research.job).partition("seen=")[2].partition('"')[0]
    JobFailure.objects.create(
        job=research.job, team=research.team, definition=research.definition, account=research.account,
        ended_at=now(), cause="application-error", exit_code=1, lines=["Traceback", "<b>KeyError</b>"],
    )  # fmt: skip
    text = tab(browser, research.job, part="live", seen=mark)

    assert "Traceback\n&lt;b&gt;KeyError&lt;/b&gt;</pre>" in text


# -- Overview


def test_other_runs_of_the_definition_are_listed_with_their_cost(browser: Client, research: Research) -> None:
    earlier_run(research, name="paid", charged_at=now(), usd_units=12_300_000_000)
    earlier_run(research, name="unpaid")
    foreign = make.submission(make.member(make.team("others")), research.account)
    make.job(foreign, name="hidden-run", revision=research.job.revision, queue=research.queue, state="SUCCEEDED")
    runs = tab(browser, research.job).partition("Other runs of hello")[2].partition("</table>")[0]

    assert ("paid" in runs, "$1.23" in runs) == (True, True)
    assert "hidden-run" not in runs
    assert runs.index("unpaid") < runs.index(">paid")


# -- Attempts


def test_each_attempt_has_its_result_its_cost_and_its_own_log(browser: Client, research: Research) -> None:
    moment = now().isoformat()
    attempts = [
        {"log_stream": f"s/{code}", "started_at": moment, "stopped_at": moment, "exit_code": code,
         "status_reason": "", "reason": ""} for code in (137, 0)
    ]  # fmt: skip
    Job.objects.filter(pk=research.job.pk).update(state="SUCCEEDED", ended_at=now(), attempts=attempts)
    CostLine.objects.create(
        job=research.job, attempt=1, day=now().date(), team=research.team, account=research.account,
        queue=research.queue, definition=research.definition, person=research.analyst.user, succeeded=False,
        billed_seconds=1, usd=Decimal("2.5"),
    )  # fmt: skip
    text = tab(browser, research.job, "attempts")

    assert "Exit code 137: killed (SIGKILL)" in text
    assert "$2.50" in text
    assert f'href="{reverse("job_log", args=[research.job.text_id])}?attempt=2"' in text


# -- Request


def test_the_request_is_compared_with_the_last_success(browser: Client, research: Research) -> None:
    assert "No earlier run of hello succeeded" in tab(browser, research.job, "request")

    document = {"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello"}
    success = earlier_run(research, document={**document, "timeout": {"attemptDurationSeconds": 60}})
    earlier_run(research, document=document, name="failure").history.all()
    Job.objects.filter(name="failure").update(state="FAILED")
    secret = {"environment": [{"name": "DB_PASSWORD", "value": "hunter2!"}]}
    changed = {**document, "timeout": {"attemptDurationSeconds": 90}, "containerOverrides": secret}
    job = new_job(research, document=changed, state="FAILED")
    text = tab(browser, job, "request").partition("Changes since the last successful run")[2]

    assert f'href="{success.get_absolute_url()}"' in text.partition("</section>")[0]
    assert "changed from the number 60 to the number 90" in text
    assert "hunter2!" not in text


# -- Events


def test_the_journal_names_who_and_what_changed_a_job_and_the_calls_to_aws(
    browser: Client, research: Research
) -> None:
    job = research.job
    job.deliveries.create(epoch=1, marked_at=now(), outcome="accepted", request_id="request-7")
    for source, state in (("dispatch", "SUBMITTED"), ("poll", "RUNNING"), ("reconcile", "LOST")):
        job.history.create(delivery="SENT", state=state, source=source)
    actions.stop(job, research.analyst)
    text = tab(browser, job, "events").partition("<tbody>")[2]

    for words in (
        research.analyst.user.display_name,
        "Source: JSON",
        "SubmitJob",
        "AWS Batch accepted the job.",
        'data-copy="request-7"',
        "Portal, dispatch",
        "AWS Batch, poll",
        "AWS Batch, reconciliation",
        "Stop requested",
    ):
        assert words in text, words
