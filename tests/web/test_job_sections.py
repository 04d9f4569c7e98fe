"""The sections of the job form: array, retries, sizes, fields that depend on the queue, required tags."""

from typing import Any

import pytest
from django.test import Client

from jobs.models import QueueGrant
from tests.web.conftest import Research, SignIn
from tests.web.test_forms import controls, fill, page_text

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
