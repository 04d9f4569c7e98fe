"""Locked and fixed values of a launch form can't be changed, whichever way the form is run."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import LaunchForm, Submission
from jobs.spec.launch_forms.file_format import from_file
from tests import make
from tests.api.conftest import World, document

pytestmark = pytest.mark.django_db

LOCKED = {"queue": "q", "vcpus": "1", "definition": "hello"}
"""The definition has the image: a request can't name another."""
FORGED = {"queue": "other", "vcpus": "64", "definition": "other"}
FILE: dict[str, Any] = {
    "name": "Risk",
    "note": "First.",
    "sections": [
        {
            "title": "",
            "fields": [
                {"name": "quarter", "type": "choice", "choices": ["Q1", "Q2"], "default": "Q1"},
                *({"name": name, "mode": "locked", "default": value} for name, value in LOCKED.items()),
            ],
        }
    ],
    "document": document(
        "risk-${param.quarter}",
        jobQueue="${param.queue}",
        jobDefinition="${param.definition}",
        containerOverrides={"resourceRequirements": [{"type": "VCPU", "value": "${param.vcpus}"}]},
    ),
}
POSTED = {"value-quarter": "Q2", "version": "1", "do": "submit"}

Way = Callable[[World, Client, LaunchForm, dict[str, str]], Any]
"""Runs the form with further values, and returns the answer."""


@pytest.fixture
def form(world: World) -> LaunchForm:
    """What is forged exists and may be used by the team: only the form stands against it."""
    make.queue("other", of=world.account, teams=(world.member.team,))
    make.revision("other", of=world.member.team, where=world.account)
    content, text = from_file(FILE)
    return make.launch_form_version(world.member, content, text).form


@pytest.fixture
def browser(world: World) -> Client:
    browser = Client()
    browser.force_login(world.member.user)
    return browser


def by_page(world: World, browser: Client, form: LaunchForm, values: dict[str, str]) -> Any:
    posted = {f"value-{name}": value for name, value in values.items()}
    return browser.post(reverse("launch_form_run", args=[form.text_id]), {**POSTED, **posted})


def by_page_with_several_values(world: World, browser: Client, form: LaunchForm, values: dict[str, str]) -> Any:
    posted = {f"several-{name}": value for name, value in values.items()}
    return browser.post(reverse("launch_form_run", args=[form.text_id]), {**POSTED, **posted})


def by_page_with_a_table(world: World, browser: Client, form: LaunchForm, values: dict[str, str]) -> Any:
    table = f"{','.join(['quarter', *values])}\n{','.join(['Q2', *values.values()])}"
    return browser.post(reverse("launch_form_run", args=[form.text_id]), {**POSTED, "table": table})


def by_api(world: World, browser: Client, form: LaunchForm, values: dict[str, str]) -> Any:
    return world.program.post(f"/forms/{form.text_id}/submissions", {"values": {"quarter": "Q2", **values}})


def by_api_with_lists(world: World, browser: Client, form: LaunchForm, values: dict[str, str]) -> Any:
    lists = {name: [value, value] for name, value in values.items()}
    body = {"values": {"quarter": ["Q1", "Q2"], **lists}, "combine": "zip"}
    return world.program.post(f"/forms/{form.text_id}/submissions", body)


WAYS = (by_page, by_page_with_several_values, by_page_with_a_table, by_api, by_api_with_lists)


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("way", WAYS)
def test_a_forged_value_is_refused_with_words(
    world: World, browser: Client, form: LaunchForm, way: Way, name: str
) -> None:
    answer = way(world, browser, form, {name: FORGED[name]})

    assert answer.status_code == 422
    assert "locked" in html.unescape(answer.content.decode())
    assert not Submission.objects.exists()


@pytest.mark.parametrize("way", WAYS)
def test_a_value_that_the_form_keeps_fixed_is_refused(
    world: World, browser: Client, form: LaunchForm, way: Way
) -> None:
    assert way(world, browser, form, {"priority": "9"}).status_code == 422
    assert not Submission.objects.exists()


@pytest.mark.parametrize("way", WAYS)
def test_the_form_runs_with_what_it_asks_for(world: World, browser: Client, form: LaunchForm, way: Way) -> None:
    answer = way(world, browser, form, {})

    assert answer.status_code in (202, 302), answer.content
    jobs = Submission.objects.get().jobs.all()
    assert {(job.queue.name, job.revision.definition.name, int(job.vcpus)) for job in jobs} == {("q", "hello", 1)}


def test_a_link_and_a_rerun_change_no_locked_value(world: World, browser: Client, form: LaunchForm) -> None:
    run = reverse("launch_form_run", args=[form.text_id])
    text = html.unescape(browser.get(run, FORGED).content.decode())
    assert "other" not in text.split("<form", 1)[1].split("</form>")[0]

    browser.post(run, POSTED)
    job = Submission.objects.get().jobs.get()
    again = html.unescape(browser.get(job.get_absolute_url()).content.decode())
    assert f"{run}?quarter=Q2" in again
    assert f"{run}?quarter=Q2&queue" not in again
