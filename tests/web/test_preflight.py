"""The pre-flight rail: each line with its word and reason, and fixes that are applied by a button."""

import html
import json
import re
from datetime import date, timedelta
from importlib import import_module
from typing import Any
from unittest.mock import Mock

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.causes import CAUSES, Cause
from jobs.models import Budget, InstancePrice, InstanceType, Queue, QueueGrant, Rate, Submission, TagRule
from jobs.spec.parsing.parser import parse
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, document_of, fill, page_text

JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}
FILLED: dict[str, Any] = {"name": "train", "queue": "cpu", "definition": "hello"}
PLACE = {
    "computeEnvironmentName": "general",
    "state": "ENABLED",
    "status": "VALID",
    "computeResources": {"type": "EC2", "maxvCpus": 16, "instanceTypes": ["m5.xlarge"]},
}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def preflight_checks(answer: Any) -> dict[str, tuple[str, str, str]]:
    """Tone, word and all that is said of each line."""
    page = html.unescape(answer.content.decode())
    checks = {}
    for tone, name, inner in re.findall(
        r'<li class="preflight-check preflight-(\w+)" data-check="(\w+)">(.*?)(?=<li class="preflight-check|</ul>)',
        page,
        re.DOTALL,
    ):
        word = re.search(r'preflight-outcome">(.*?)<', inner)
        checks[name] = (tone, word[1] if word else "", " ".join(re.sub(r"<[^>]*>", " ", inner).split()))
    return checks


def preview(browser: Client, **fields: Any) -> dict[str, tuple[str, str, str]]:
    return preflight_checks(fill(browser, "job_preview", **{**FILLED, **fields}))


def rate_by_the_vcpu(usd: str) -> None:
    """An hour costs so much for each vCPU, and nothing for memory."""
    Rate.objects.all().delete()
    for resource, price in (("vcpu", usd), ("memory", "0")):
        Rate.objects.create(platform="EC2", resource=resource, usd_per_hour=price, valid_from="2020-01-01")


def price_by_the_vcpu(usd: int) -> None:
    """An m5.xlarge, of which a job of 1 vCPU and little memory takes a quarter."""
    InstancePrice.objects.all().delete()
    m5, _ = InstanceType.objects.get_or_create(name="m5.xlarge", defaults={"vcpus": 4, "memory_mib": 16384})
    InstancePrice.objects.create(
        instance_type=m5, region="us-west-2", usd_per_hour=4 * usd, valid_from=date(2020, 1, 1)
    )


def ended_job(research: Research, waited: int, ran: int, **fields: Any) -> None:
    begun = now() - timedelta(days=1)
    make.job(
        research.submission,
        **{
            "queue": research.queue,
            "revision": research.definition.revisions.get(),
            "state": "SUCCEEDED",
            "vcpus": 1,
            "memory_mib": 512,
            "submitted_at": begun,
            "started_at": begun + timedelta(seconds=waited),
            "stopped_at": begun + timedelta(seconds=waited + ran),
            **fields,
        },
    )


def test_a_right_job_is_green_and_what_nobody_knows_is_said_to_be_so(browser: Client) -> None:
    lines = preview(browser)

    assert {name: (tone, word) for name, (tone, word, _) in lines.items()} == {
        "valid": ("good", "Yes"),
        "allowed": ("good", "Yes"),
        "fits": ("off", "Not known yet"),
        "tags": ("good", "Yes"),
        "ceilings": ("good", "Within limits"),
        "price": ("off", "Unknown"),
        "wait": ("off", "Not known yet"),
        "dependencies": ("good", "None"),
        "run": ("off", "Not known yet"),
    }


def test_before_anything_is_chosen_nothing_is_claimed(browser: Client) -> None:
    lines = preview(browser, definition="", name="")

    assert lines["valid"][:2] == ("off", "Incomplete")
    assert "name and definition" in lines["valid"][2]
    for name in ("allowed", "fits", "price", "run"):
        assert lines[name][:2] == ("off", "Not known yet"), name


def test_of_a_definition_without_an_image_nothing_is_claimed(browser: Client) -> None:
    lines = preflight_checks(fill(browser, "definition_preview", of={"jobDefinitionName": "a"}))

    assert lines["allowed"][:2] == ("off", "Not known yet")
    assert "Fill in the required fields." in lines["allowed"][2]


@pytest.mark.parametrize(("memory", "outcome"), [("2048", "Not known yet"), ("4096", "Sufficient")])
def test_a_size_that_fargate_has_not_is_not_said_to_fit(memory: str, outcome: str, browser: Client) -> None:
    fargate = {**PLACE, "computeResources": {"type": "FARGATE", "maxvCpus": 16}}
    Queue.objects.update(environments=[fargate])
    sizes = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": memory}]
    definition = {
        "jobDefinitionName": "a",
        "type": "container",
        "platformCapabilities": ["FARGATE"],
        "containerProperties": {"image": "busybox", "resourceRequirements": sizes},
    }

    assert preflight_checks(fill(browser, "definition_preview", of=definition))["fits"][1] == outcome


def test_a_share_is_told_of_enough_jobs_only(browser: Client, research: Research) -> None:
    for waited in (1, 2, 3):
        ended_job(research, waited=waited, ran=60)
    assert "All started within 3 s (the last 3 jobs of cpu)." in preview(browser)["wait"][2]
    for _ in range(7):
        ended_job(research, waited=2, ran=60)
    assert "90% started within" in preview(browser)["wait"][2]


def test_each_problem_is_told_under_its_line(browser: Client, research: Research) -> None:
    TagRule.objects.create(team=research.team, key="Project", required=True)
    QueueGrant.objects.update(max_vcpus=2)
    Queue.objects.update(environments=[PLACE])
    lines = preview(browser, name="no good", vcpus="32")

    assert {name for name, (tone, *_) in lines.items() if tone == "bad"} == {"valid", "tags", "ceilings", "fits"}
    assert lines["fits"][:2] == ("bad", "Can never start")
    assert "Name must be" in lines["valid"][2]
    assert "The tag “Project” is missing" in lines["tags"][2]
    assert "asks for 32 vCPU" in lines["ceilings"][2]
    assert "The job can never start. The job asks for 32 vCPU, but general has only 16." in lines["fits"][2]
    assert CAUSES[Cause.FITS_NOTHING].next_step in lines["fits"][2]


def test_a_foreign_queue_is_not_allowed_and_tells_nothing(browser: Client, research: Research) -> None:
    theirs = make.queue("secret-queue", of=research.account, teams=(make.team(),), environments=[PLACE])
    ended_job(research, 5, 5, queue=theirs)
    lines = preview(browser, queue="secret-queue")

    assert lines["allowed"][:2] == ("bad", "No")
    assert lines["wait"][:2] == ("off", "Not known yet")
    assert "general" not in str(lines)


def test_what_fits_says_where(browser: Client) -> None:
    Queue.objects.update(environments=[PLACE])

    assert preview(browser)["fits"] == ("good", "Sufficient", "Compute capacity Sufficient general can run it.")


def test_ceilings_say_what_is_taken(browser: Client) -> None:
    QueueGrant.objects.update(max_vcpus=4, max_memory_mib=8192, max_run_seconds=7200, max_active_jobs=10)
    told = preview(browser, time_limit="1 h")["ceilings"]

    assert told[:2] == ("good", "Within limits")
    assert "cpu: at most 4 vCPU, 8 GiB, 2 h run time per job; using 1 of 10 jobs" in told[2]


def test_wait_run_and_price_come_from_the_teams_own_past(browser: Client, research: Research) -> None:
    rate_by_the_vcpu("1")
    for minutes in (30, 60, 90):
        ended_job(research, waited=minutes, ran=minutes * 60)
    ended_job(research, waited=9999, ran=99999, finished_attempts=2)
    elsewhere = make.submission(make.member(make.team()), research.account)
    other = make.job(elsewhere, queue=research.queue, revision=research.job.revision, state="SUCCEEDED")
    other.submitted_at, other.started_at = now() - timedelta(days=9), now()
    other.save()
    answer = fill(browser, "job_preview", **FILLED)
    lines = preflight_checks(answer)

    assert lines["wait"][:2] == ("good", "About 1 min")
    assert "within 1 min 30 s (the last 3 jobs of cpu)" in lines["wait"][2]
    assert lines["run"][:2] == ("good", "About 1 h")
    assert lines["price"][:2] == ("off", "Unknown")
    assert (
        "Expected $1.00–1.50: median to 90th percentile of the last 3 runs of this size. The job has no time limit. "
        "Cost per hour: $1.00." in lines["price"][2]
    )
    assert "Submit train to cpu, expected $1.00–1.50, maximum cost unknown" in page_text(answer)


def test_an_array_costs_as_many_times_as_it_runs_and_at_most_its_limit_times_its_attempts(
    browser: Client, research: Research
) -> None:
    rate_by_the_vcpu("1")
    for _ in range(3):
        ended_job(research, waited=1, ran=3600)
    array = {**JOB, "arrayProperties": {"size": 10}, "retryStrategy": {"attempts": 3}}
    answer = fill(browser, "job_preview", of=array, **FILLED, time_limit="2 h")

    assert preflight_checks(answer)["price"][:2] == ("good", "$60.00")
    assert (
        "Expected $10.00: median to 90th percentile of the last 3 runs of this size."
        in preflight_checks(answer)["price"][2]
    )
    assert "Submit train (10 jobs) to cpu, expected $10.00, at most $60.00" in page_text(answer)


@pytest.mark.long
def test_without_a_past_the_time_limit_bounds_the_price(browser: Client) -> None:
    rate_by_the_vcpu("1")

    assert preview(browser, time_limit="2 h")["price"] == (
        "good",
        "$2.00",
        (
            "Maximum cost $2.00 Expected cost unknown: no earlier runs of this definition and size, 3 are needed. "
            "Maximum: time limit × attempts × runs."
        ),
    )
    assert "Cost per hour: $1.00" in preview(browser)["price"][2]


@pytest.mark.long
def test_what_is_above_a_threshold_shows_the_same_figures_in_the_form_the_editor_and_on_the_button(
    browser: Client, research: Research
) -> None:
    rate_by_the_vcpu("1")
    for _ in range(3):
        ended_job(research, waited=1, ran=3600)
    research.team.approval_usd = 10
    research.team.save()
    document = {**JOB, "timeout": {"attemptDurationSeconds": 7200}, "retryStrategy": {"attempts": 10}}
    form = fill(browser, "job_preview", of=document, **FILLED, time_limit="2 h", attempts="10")
    editor = browser.post(reverse("judge", args=["research"]), {"text": json.dumps(document)})

    for answer in (form, editor):
        assert "Submit train to cpu, expected $1.00, at most $20.00, for approval" in page_text(answer)
        assert "The maximum cost is $20.00. Research requires approval above $10.00." in page_text(answer)


def test_a_warning_of_a_budget_does_not_hide_that_it_needs_approval(browser: Client, research: Research) -> None:
    rate_by_the_vcpu("1")
    Budget.objects.create(team=research.team, usd=10, warn_percent=50, approve_percent=80, stop_percent=100)
    limits = {}
    for hours in (6, 9, 11):
        limits[hours] = preview(browser, time_limit=f"{hours} h")["ceilings"]

    assert [limits[hours][:2] for hours in limits] == [
        ("warn", "Warning"),
        ("warn", "Needs approval"),
        ("bad", "Above limits"),
    ]
    assert "requires approval above $8.00" in limits[9][2]
    assert "warns above $5.00" in limits[9][2]


def test_a_default_time_limit_is_said_and_bounds_the_price(browser: Client, research: Research) -> None:
    rate_by_the_vcpu("1")
    research.team.default_time_limit_seconds = 24 * 3600
    research.team.save()
    answer = fill(browser, "job_preview", **FILLED)

    assert preflight_checks(answer)["price"][1] == "$24.00"
    assert "The time limit was set to 1 d by Research." in preflight_checks(answer)["price"][2]
    assert preflight_checks(answer)["tags"][2].endswith("Research requires no tags.")


@pytest.mark.long
def test_a_time_limit_shorter_than_such_jobs_run_is_warned_of_and_its_fix_leaves_room(
    browser: Client, research: Research
) -> None:
    for _ in range(3):
        ended_job(research, waited=1, ran=3600)
    lines = preview(browser, time_limit="30 min")
    answer = fill(browser, **FILLED, time_limit="30 min", do="fix:run.longer-than-limit@/timeout")

    text = page_text(fill(browser, "job_preview", **FILLED, time_limit="30 min"))

    assert lines["run"][:2] == ("warn", "Warning")
    assert '<span>Ready, <a href="#check-run">1 warning</a></span>' in text
    assert 'id="check-run"' in text
    assert "<span>Ready</span>" in page_text(fill(browser, "job_preview", **FILLED, time_limit="3 h"))
    assert controls(answer.content.decode())["time_limit"] == "2 h"
    assert preflight_checks(answer)["run"][0] == "good"


# -- Fixes
@pytest.mark.long
def test_a_fix_is_a_button_of_the_form_and_changes_the_document_alone(browser: Client, research: Research) -> None:
    base = {**JOB, "shareIdentifier": "a", "parameters": {"kept": "as it is"}}
    Queue.objects.update(raw={"jobQueueArn": "x"})
    told = fill(browser, "job_preview", of=base, **FILLED)
    buttons = re.findall(r'<button[^>]*value="fix:[^>]*>', told.content.decode())
    button = next(each for each in buttons if "share.not-fair" in each)
    patch, value = (
        html.unescape(button.partition(f'{name}="')[2].partition('"')[0]) for name in ("data-fix", "value")
    )
    answer = fill(browser, of=base, **FILLED, do=value)

    assert json.loads(patch) == [{"op": "remove", "path": "/shareIdentifier"}]
    assert "Fixed: clear Share identifier." in page_text(answer)
    assert json.loads(controls(answer.content.decode())["document"]) == {**JOB, "parameters": {"kept": "as it is"}}
    assert Submission.objects.count() == 1


@pytest.mark.long
def test_a_fix_beside_tags_that_the_portal_fills_in_is_applied_all_the_same(
    browser: Client, research: Research
) -> None:
    TagRule.objects.create(team=research.team, key="Team", default="r", filled_by="team")
    TagRule.objects.create(team=research.team, key="Project", required=True, default="Atlas", filled_by="person")
    answer = fill(browser, **FILLED, do="fix:policy.tag-missing@/tags")

    assert document_of(answer)["tags"]["Project"] == "Atlas"
    assert preflight_checks(answer)["tags"][0] == "good"


@pytest.mark.parametrize("key", ["policy.tag-missing@/tags", "", "x" * 5000, "@/jobName\0"])
def test_a_fix_that_is_no_more_changes_nothing_and_says_so(key: str, browser: Client) -> None:
    answer = fill(browser, **FILLED, do=f"fix:{key}")

    assert answer.status_code == 200
    assert "Nothing was changed" in page_text(answer)
    assert document_of(answer) == JOB
    assert Submission.objects.count() == 1


def test_the_rail_of_a_definition_knows_its_price_by_the_hour_and_where_it_fits(browser: Client) -> None:
    rate_by_the_vcpu("0.5")
    Queue.objects.update(environments=[PLACE])
    sent: dict[str, Any] = {"name": "x", "image": "busybox", "vcpus": "2", "memory": "2 GiB"}
    lines = preflight_checks(fill(browser, "definition_preview", **sent))
    large = preflight_checks(fill(browser, "definition_preview", **{**sent, "vcpus": "64"}))

    assert lines["price"][:2] == ("good", "$1.00")
    assert lines["fits"] == ("good", "Sufficient", "Compute capacity Sufficient In cpu: general can run it.")
    assert large["fits"][:2] == ("warn", "Insufficient")
    assert {"wait", "run"}.isdisjoint(lines)


# -- The JSON page has the same checks
def judge(browser: Client, document: Any) -> Any:
    return browser.post(reverse("judge", args=["research"]), {"text": json.dumps(document, indent=1)})


@pytest.mark.parametrize("fields", [{}, {"vcpus": "32"}, {"name": "no good"}, {"queue": "elsewhere"}])
def test_the_json_page_says_of_a_job_what_the_form_says(
    fields: dict[str, Any], browser: Client, research: Research
) -> None:
    rate_by_the_vcpu("1")
    Queue.objects.update(environments=[PLACE])
    QueueGrant.objects.update(max_vcpus=2)
    ended_job(research, waited=5, ran=60)
    form = fill(browser, "job_preview", **{**FILLED, **fields})
    by_form = preflight_checks(form)
    document = document_of(fill(browser, **{**FILLED, **fields}, do="check"))
    by_text = preflight_checks(judge(browser, document))

    assert {name: line[:2] for name, line in by_text.items()} == {name: line[:2] for name, line in by_form.items()}
    assert all(by_text[name][2] == line[2] for name, line in by_form.items() if line[0] == "good")


def test_the_json_page_says_of_a_definition_what_the_form_says(browser: Client) -> None:
    rate_by_the_vcpu("0.5")
    Queue.objects.update(environments=[PLACE])
    sizes = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "2048"}]
    definition = {
        "jobDefinitionName": "x",
        "type": "container",
        "containerProperties": {"image": "busybox", "resourceRequirements": sizes},
    }
    by_form = preflight_checks(fill(browser, "definition_preview", of=definition))

    assert preflight_checks(judge(browser, definition)) == by_form
    assert preflight_checks(judge(browser, {**definition, "dependsOn": [{"jobId": "x"}]}))["valid"][0] == "bad"


def test_a_workflow_has_each_check_with_its_problems_named_by_job(browser: Client, research: Research) -> None:
    price_by_the_vcpu(1)
    Queue.objects.update(environments=[PLACE])
    for _ in range(3):
        ended_job(research, waited=5, ran=3600)
    limit = {"timeout": {"attemptDurationSeconds": 7200}}
    first, second = {**JOB, **limit, "jobName": "first"}, {**JOB, **limit, "jobName": "second"}
    second["dependsOn"] = [{"jobId": "${first}"}]
    good = preflight_checks(judge(browser, {"jobs": [first, second]}))
    larger = {"containerOverrides": {"resourceRequirements": [{"type": "VCPU", "value": "64"}]}}
    unfit = judge(browser, {"jobs": [first, {**second, **larger}]})
    wrong = judge(browser, {"jobs": [first, {**second, "dependsOn": [{"jobId": "${third}"}]}]})

    assert good["price"][:2] == ("good", "$2.00–4.00")
    assert good["fits"][2].endswith("Each job fits a compute environment of its queue.")
    assert good["wait"][1] == "About 5 s"
    assert good["dependencies"][1] == "1 dependency"
    assert "(2 jobs). Up to 1 job at the same time." in good["dependencies"][2]
    assert "run" not in good
    assert "second Line" in preflight_checks(unfit)["fits"][2]
    assert preflight_checks(wrong)["dependencies"][0] == "bad"
    assert "second Line" in preflight_checks(wrong)["dependencies"][2]


def test_a_workflow_shows_the_effective_configuration_of_each_job(browser: Client) -> None:
    jobs = [{**JOB, "jobName": "first"}, {**JOB, "jobName": "second", "jobDefinition": "unknown"}]
    page = html.unescape(judge(browser, {"jobs": jobs}).content.decode())

    assert page.count('data-fold="effective-') == 1
    assert "Shown for 1 of 2 jobs." in page


@pytest.mark.parametrize("number", [1, 50])
def test_a_keystroke_on_the_json_page_asks_as_much_for_many_jobs_as_for_one(
    number: int, browser: Client, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    jobs = [{**JOB, "jobName": f"job-{index}"} for index in range(number)]
    judge(browser, JOB)  # Django asks SQLite once whether it has JSON
    counted = Mock(wraps=parse)
    monkeypatch.setattr(import_module("jobs.actions.validate"), "parse", counted)
    with django_assert_max_num_queries(8):
        answer = judge(browser, {"jobs": jobs})

    assert preflight_checks(answer)["valid"][0] == "good"
    assert counted.call_count == 1


def test_a_definition_is_put_right_by_its_button_too(browser: Client) -> None:
    sent: dict[str, Any] = {"name": "x", "image": "busybox", "vcpus": "0.5", "memory": "2 GiB"}
    key = "ec2.whole-vcpus@/containerProperties/resourceRequirements/0/value"
    answer = fill(browser, "definition_form", **sent, do=f"fix:{key}")

    assert controls(answer.content.decode())["vcpus"] == "1"


@pytest.mark.long
@pytest.mark.parametrize("jobs", [1, 30])
def test_the_preview_asks_few_questions_however_long_the_past(
    jobs: int, browser: Client, research: Research, django_assert_max_num_queries: Any
) -> None:
    for _ in range(jobs):
        ended_job(research, 1, 1)
    address = reverse("job_preview", args=["research"])
    with django_assert_max_num_queries(12):
        browser.post(address, FILLED)
