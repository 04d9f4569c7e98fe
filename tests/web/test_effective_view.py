"""What Batch will really run: on the page of a job and beside the form, each value with the badge of who says it."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs import actions
from jobs.models import Job, TagRule
from jobs.web.jobs.effective_view import MAX_ROWS
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import fill

FILLED: dict[str, Any] = {"name": "train", "queue": "cpu", "definition": "trainer"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    document = make.document("trainer", parameters={"epochs": "3", "mode": "slow"}, tags={"Kind": "ml"})
    document["containerProperties"] |= {
        "command": ["train", "Ref::epochs", "Ref::mode"],
        "environment": [{"name": "STAGE", "value": "prod"}, {"name": "DB_PASSWORD", "value": "hunter2!"}],
        "jobRoleArn": "arn:aws:iam::123456789012:role/Trainer",
    }
    document["retryStrategy"] = {
        "attempts": 3,
        "evaluateOnExit": [{"onExitCode": "137", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}],
    }
    make.revision("trainer", of=research.team, where=research.account, document=document)
    TagRule.objects.create(team=research.team, key="Owner", default="r", filled_by="team")
    TagRule.objects.create(team=research.team, key="Site", default="x", filled_by="portal")
    return signed_in(research.analyst.user)


def rows(answer: Any) -> dict[str, tuple[str, str]]:
    """Value and badge by label."""
    page = html.unescape(answer.content.decode())
    matches = re.findall(
        r"<dt>([^<]*)</dt>\s*<dd[^>]*>([^<]*)</dd>\s*<dd[^>]*><span[^>]*><span[^>]*>source: </span>([^<]*)<", page
    )
    return {label: (value, badge) for label, value, badge in matches}


EXPECTED = {
    "Image": ("busybox", "definition"),
    "Command": ("train 3 fast", "definition"),
    "Argument 2": ("3", "parameter default"),
    "Argument 3": ("fast", "submission"),
    "vCPU": ("1", "definition"),
    "Memory": ("2 GiB", "submission"),
    "Log group": ("/aws/batch/job", "AWS Batch"),
    "Attempts": ("3", "definition"),
    "Retry rule 1": ("Retry for exit code 137", "definition"),
    "Retry rule 2": ("Don't retry for reason *", "definition"),
    "Time limit": ("1 h", "submission"),
    "Job role": ("arn:aws:iam::123456789012:role/Trainer", "definition"),
    "STAGE": ("prod", "definition"),
    "DB_PASSWORD": ("••••", "definition"),
    "API_KEY": ("••••", "submission"),
    "Kind": ("ml", "definition"),
    "Project": ("Atlas", "submission"),
    "Owner": ("r", "team rule"),
    "Site": ("x", "portal"),
}
SENT: dict[str, Any] = {
    **FILLED,
    "memory": "2 GiB",
    "time_limit": "1 h",
    "environment": "rows",
    "environment-n0-name": "API_KEY",
    "environment-n0-value": "hunter2!",
    "tags": "rows",
    "tags-n0-name": "Project",
    "tags-n0-value": "Atlas",
}
BASE = {"jobName": "", "jobQueue": "", "jobDefinition": "", "parameters": {"mode": "fast"}}


@pytest.mark.long
def test_the_form_and_the_page_of_the_job_say_the_same_of_every_value(browser: Client, research: Research) -> None:
    beside = rows(fill(browser, "job_preview", of=BASE, **SENT))
    sent = fill(browser, of=BASE, **SENT)
    job = Job.objects.latest("pk")
    page = browser.get(job.get_absolute_url(), {"tab": "request"})
    values = rows(page)

    assert sent.status_code == 302
    assert {label: beside.get(label) for label in EXPECTED} == EXPECTED
    assert {label: values.get(label) for label in EXPECTED} == EXPECTED
    assert values["PORTAL_JOB_ID"] == (job.text_id, "portal")
    facts = browser.get(job.get_absolute_url()).text.split('class="card facts"')[1].split("</aside>")[0]
    beside_log = html.unescape(re.sub("<[^>]*>", " ", facts))
    assert re.search(r"Kind\s+ml\s+source:\s+definition", beside_log)
    assert re.search(r"Owner\s+r\s+source:\s+team rule", beside_log)
    assert re.search(r"Project\s+Atlas\s+Owner", beside_log)
    assert "hunter2!" not in page.content.decode()


def test_a_whole_command_of_the_submission_is_its_own(browser: Client, research: Research) -> None:
    told = rows(fill(browser, "job_preview", of=BASE, **FILLED, command="run Ref::epochs"))

    assert told["Command"] == ("run 3", "submission")
    assert told["Argument 2"] == ("3", "parameter default")


def test_a_definition_that_is_not_the_teams_is_not_resolved(browser: Client, research: Research) -> None:
    document = make.document("theirs")
    document["containerProperties"]["image"] = "their-image"
    make.revision("theirs", of=make.team(), where=research.account, document=document)

    assert rows(fill(browser, "job_preview", **{**FILLED, "definition": "theirs"})) == {}


@pytest.mark.long
def test_a_viewer_sees_what_ran_and_no_secrets(browser: Client, research: Research, signed_in: SignIn) -> None:
    fill(browser, of=BASE, **SENT)
    page = signed_in(research.viewer.user).get(Job.objects.latest("pk").get_absolute_url(), {"tab": "request"})

    assert rows(page)["API_KEY"] == ("••••", "submission")
    assert "hunter2!" not in page.content.decode()


def test_what_a_rule_filled_in_is_remembered_with_the_submission(research: Research, browser: Client) -> None:
    text = '{"jobName": "a", "jobQueue": "cpu", "jobDefinition": "trainer"}'
    notes = actions.submit(text, research.analyst, source="json").notes

    assert [(note["pointer"], note.get("by")) for note in notes] == [
        ("/tags/Owner", "team"),
        ("/tags/Site", "portal"),
    ]


@pytest.mark.long
def test_a_time_limit_that_the_team_fills_in_is_marked_as_its_own(research: Research, browser: Client) -> None:
    research.team.default_time_limit_seconds = 7200
    research.team.save()
    told = rows(fill(browser, "job_preview", **FILLED))
    job = {"jobName": "a", "jobQueue": "cpu", "jobDefinition": "trainer"}
    own = {**job, "jobName": "b", "timeout": {"attemptDurationSeconds": 60}}
    actions.submit(json.dumps({"jobs": [own, job]}), research.analyst, source="json")
    pages = {each.name: rows(browser.get(each.get_absolute_url(), {"tab": "request"})) for each in Job.objects.all()}

    assert told["Time limit"] == pages["a"]["Time limit"] == ("2 h", "team rule")
    assert pages["b"]["Time limit"] == ("1 min", "submission")


@pytest.mark.long
def test_of_very_many_values_the_first_are_shown_and_the_others_counted(browser: Client, research: Research) -> None:
    words = [f"w{number}" for number in range(2 * MAX_ROWS)]
    over = {
        "command": words,
        "environment": [{"name": f"N{number}", "value": "v"} for number in range(2 * MAX_ROWS)],
    }
    document = {**BASE, "jobName": "a", "jobQueue": "cpu", "jobDefinition": "trainer", "containerOverrides": over}
    answer = browser.post(
        reverse("job_preview", args=["research"]), {"document": json.dumps(document), "follows": "yes"}
    )
    told = rows(answer)

    assert told["Command"][0].startswith("w0 w1 w2")
    of_definition = {"STAGE", "DB_PASSWORD"}
    labels = {label for label in told if re.fullmatch(r"N\d+", label)} | (of_definition & told.keys())
    assert len(labels) == MAX_ROWS
    # PORTAL_JOB_ID is of the environment too.
    assert f"{MAX_ROWS + 3} more in the document." in answer.content.decode()
