"""A document that opens in its form."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, fill, page_text

JOB: dict[str, Any] = {"jobName": "train", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.mark.long
def test_a_field_that_is_changed_is_laid_over_the_text_and_all_else_in_it_stays(browser: Client) -> None:
    taken = fill(browser, of={**JOB, "parameters": {"a": "b"}}, name="no good", memory="4 GiB", do="check")
    text = controls(taken.content.decode())["document"]
    back = browser.post(reverse("open_form", args=["research"]), {"text": text})

    assert json.loads(text)["parameters"] == {"a": "b"}
    assert controls(back.content.decode())["name"] == "no good"
    assert controls(back.content.decode())["memory"] == "4 GiB"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"jobName": "a", "jobName": "b", "jobQueue": "c"}', "The form can't show both"),
        ("{oops", "Not a valid document"),
    ],
)
def test_what_no_form_shows_without_loss_stays_json(text: str, told: str, browser: Client) -> None:
    answer = browser.post(reverse("open_form", args=["research"]), {"text": text})

    assert answer.status_code == 422
    assert told in page_text(answer)
    assert text in page_text(answer)


def test_a_workflow_opens_in_its_form_as_it_is_with_its_validation(browser: Client) -> None:
    text = '{"jobs": [{"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello"}]}'
    answer = browser.post(reverse("open_form", args=["research"]), {"text": text})

    assert answer.status_code == 200
    assert 'data-builder="workflow"' in answer.content.decode()
    assert "Workflow of 1 job" in page_text(answer)
    assert "Not a valid document" not in page_text(answer)
    assert text in page_text(answer)
