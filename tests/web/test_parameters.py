"""The parameters of a command in the form of a job: a field for each Ref::."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Submission
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, fill, page_text

FIELDS: dict[str, Any] = {"name": "t", "queue": "cpu", "definition": "conv"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    document = make.document("conv")
    document["containerProperties"]["command"] = ["conv", "--in", "Ref::input", "--fmt", "Ref::format"]
    document["parameters"] = {"format": "png"}
    make.revision("conv", of=research.team, where=research.account, document=document)
    return signed_in(research.analyst.user)


def problems(page: str) -> dict[str, str]:
    return dict(re.findall(r'<div class="field-problems" id="problems-([\w-]+)">(.*?)</div>', page, re.DOTALL))


def test_a_field_for_each_placeholder_shows_its_default(browser: Client) -> None:
    page = page_text(browser.get(reverse("job_form", args=["research"]), {"definition": "conv"}))

    assert 'name="parameter-input" value="" data-pointer="/parameters/input"' in page
    assert re.search(r'name="parameter-format"[^>]*placeholder="png"', page)
    assert "Parameters" in page


def test_a_missing_value_is_an_error_at_its_field_and_nothing_is_sent(browser: Client) -> None:
    count = Submission.objects.count()
    answer = fill(browser, **FIELDS, do="submit")

    assert answer.status_code == 422
    assert Submission.objects.count() == count
    assert "set the parameter “input”" in problems(page_text(answer))["parameter-input"]
    assert problems(page_text(answer))["parameter-format"].strip() == ""


def test_a_value_goes_into_the_document_and_the_job_is_accepted(browser: Client) -> None:
    fields = controls(page_text(fill(browser, **FIELDS, do="check")))
    answer = browser.post(
        reverse("job_form", args=["research"]), {**fields, "parameter-input": "s3://b/x", "do": "submit"}
    )

    assert answer.status_code == 302, page_text(answer)
    assert json.loads(Submission.objects.latest("pk").text)["parameters"] == {"input": "s3://b/x"}


def test_the_preview_brings_fields_only_for_other_parameters(browser: Client) -> None:
    fragment = '<div id="parameter-fields" hx-swap-oob'

    assert fragment in page_text(fill(browser, "job_preview", **FIELDS))
    assert fragment not in page_text(fill(browser, "job_preview", **FIELDS, parameters_of="input format"))
    changed = page_text(
        fill(browser, "job_preview", **FIELDS, parameters_of="input format", command="run Ref::other")
    )
    assert fragment in changed
    assert 'name="parameter-other"' in changed
    assert 'name="parameter-input"' not in changed


def test_a_definition_without_placeholders_has_no_fields(browser: Client) -> None:
    page = page_text(browser.get(reverse("job_form", args=["research"]), {"definition": "hello"}))

    assert "parameters_of" not in page
    assert 'name="parameter-' not in page
