"""The sections of the job form: array, retries, sizes, fields that depend on the queue, required tags."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import QueueGrant
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.test_forms import controls, document_of, fill, page_text

FIELDS: dict[str, Any] = {"name": "t", "queue": "cpu", "definition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def part(page: str, element_id: str) -> str:
    """What the response has for an element of the page, up to the end of its first block."""
    return page.partition(f'id="{element_id}"')[2]


# -- Array
def test_an_array_size_is_written_and_its_children_are_previewed(browser: Client) -> None:
    environment: dict[str, Any] = {
        "environment-n0-name": "GREETING",
        "environment-n0-value": "hi",
        "environment": "rows",
    }
    page = page_text(fill(browser, **FIELDS, **environment, array_size="20", array_index="3", do="check"))
    preview = part(page, "array-preview")

    assert '"arrayProperties": {\n    "size": 20\n  }' in controls(page)["document"].replace("\r\n", "\n")
    assert "20 child jobs with index 0 to 19." in preview
    assert "AWS_BATCH_JOB_ARRAY_INDEX=3<" in preview
    assert "GREETING=hi<" in preview
    assert controls(page)["array_index"] == "3"


@pytest.mark.parametrize(("typed", "shown"), [("19", "19"), ("20", "19"), ("-1", "0"), ("x", "0"), ("", "0")])
def test_an_index_that_the_array_lacks_is_the_nearest(typed: str, shown: str, browser: Client) -> None:
    page = page_text(fill(browser, "job_preview", **FIELDS, array_size="20", array_index=typed))

    assert f"AWS_BATCH_JOB_ARRAY_INDEX={shown}<" in part(page, "array-preview")


@pytest.mark.parametrize("size", ["", "1", "10001", "many"])
def test_what_is_no_array_has_no_preview(size: str, browser: Client) -> None:
    page = page_text(fill(browser, "job_preview", **FIELDS, array_size=size))

    assert '<div id="array-preview" hx-swap-oob="innerHTML">' in page
    assert "child jobs with index" not in page


def test_a_secret_is_masked_in_the_preview(browser: Client) -> None:
    password: dict[str, Any] = {
        "environment-n0-name": "DB_PASSWORD",
        "environment-n0-value": "hunter22",
        "environment": "rows",
    }
    page = page_text(fill(browser, "job_preview", **FIELDS, **password, array_size="2"))

    assert "DB_PASSWORD=" in part(page, "array-preview")
    assert "hunter22" not in part(page, "array-preview")


def test_the_limit_of_the_queue_stands_at_the_array_size_and_so_does_its_problem(browser: Client) -> None:
    QueueGrant.objects.update(max_array_size=10)
    page = page_text(fill(browser, "job_preview", **FIELDS, array_size="20"))

    assert "At most 10 in cpu." in part(page, "help-array_size").partition("</p>")[0]
    assert "The array has 20 child jobs" in part(page, "problems-array_size").partition("</div>")[0]


# -- Retries
RULES = [
    {"onStatusReason": "Host EC2*", "action": "RETRY"},
    {"onReason": "OutOfMemory*", "onExitCode": "137", "action": "RETRY"},
    {"onReason": "*", "action": "EXIT"},
]
JOB: dict[str, Any] = {"jobName": "t", "jobQueue": "cpu", "jobDefinition": "hello"}


def test_choices_and_other_rules_are_shown_and_nothing_is_only_in_the_json(browser: Client) -> None:
    job = {**JOB, "retryStrategy": {"attempts": 3, "evaluateOnExit": RULES}}
    answer = fill(browser, of=job, do="check")
    page = page_text(answer)
    sent = controls(page)

    assert (sent["retry_spot"], sent["retry_pull"], sent["retry_other"]) == ("true", "", "true")
    assert "Retry rule 2" in part(page, "retry-rules")
    assert sent["rules_of"] == "1"
    assert "only in JSON" not in page
    assert document_of(answer) == job


def test_a_form_that_is_sent_as_it_came_keeps_its_rules(browser: Client) -> None:
    job = {**JOB, "retryStrategy": {"attempts": 3, "evaluateOnExit": RULES}}
    sent = controls(page_text(fill(browser, of=job, do="check")))
    answer = browser.post(reverse("job_form", args=["research"]), {**sent, "do": "check"})

    assert document_of(answer) == job


def test_choices_are_written_without_scripts_too(browser: Client) -> None:
    choices = {"retries": "3", "retry_spot": "true", "retry_codes": "137", "retry_other": "true"}
    answer = fill(browser, of=JOB, **choices, do="check")

    assert document_of(answer)["retryStrategy"] == {
        "attempts": 3,
        "evaluateOnExit": [RULES[0], {"onExitCode": "137", "action": "RETRY"}, RULES[2]],
    }


@pytest.mark.parametrize(
    ("choices", "field", "words"),
    [
        ({"retry_spot": "true"}, "retries", "add attempts"),
        ({"retry_spot": "true", "retries": "3"}, "retry_other", "matches none of these rules is retried too"),
        ({"retry_codes": "oom", "retries": "3"}, "retry_codes", "oom"),
        ({"retry_spot": "true", "retries": "1"}, "retries", "with 1 no rule can retry"),
    ],
)
def test_problems_of_rules_stand_at_their_choice(
    choices: dict[str, Any], field: str, words: str, browser: Client
) -> None:
    page = page_text(fill(browser, "job_preview", of=JOB, **choices))

    assert words in part(page, f"problems-{field}").partition("</div>")[0]


def test_other_rules_are_rendered_again_only_if_they_are_others(browser: Client) -> None:
    job = {**JOB, "retryStrategy": {"attempts": 3, "evaluateOnExit": RULES}}
    fragment = '<div id="retry-rules" hx-swap-oob'

    assert fragment in page_text(fill(browser, "job_preview", of=job))
    assert fragment not in page_text(fill(browser, "job_preview", of=job, rules_of="1"))


def test_the_form_says_which_rules_of_the_definition_it_would_replace(research: Research, browser: Client) -> None:
    document = make.document("again")
    document["retryStrategy"] = {"attempts": 3, "evaluateOnExit": RULES}
    make.revision("again", of=research.team, where=research.account, document=document)
    page = page_text(fill(browser, "job_preview", **{**FIELDS, "definition": "again"}))

    assert (
        "retry for status reason Host EC2*; retry for exit code 137 and reason OutOfMemory*; "
        "don't retry for reason *. A number of attempts or a rule here replaces all of these."
    ) in part(page, "retry-definition")
