"""Newer revisions of the definitions of a form: what doesn't fit them, and the switch."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import AuditEntry, LaunchForm
from jobs.spec.launch_forms.fields import FormSection, LaunchField
from jobs.spec.launch_forms.file_format import LaunchContent
from tests import make
from tests.web.conftest import Research, SignIn

WITH_QUARTER = [{"name": "QUARTER", "value": "Q1"}]


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def revision(research: Research, environment: list[dict[str, str]] | None = None, **fields: Any) -> Any:
    """The next revision of hello."""
    document = make.document()
    document["containerProperties"]["environment"] = WITH_QUARTER if environment is None else environment
    return make.revision("hello", of=research.team, where=research.account, document=document, **fields)


def form_of(research: Research, definition: str) -> LaunchForm:
    section = FormSection("", (LaunchField("quarter", default="Q2"),))
    document = {
        "jobName": "risk",
        "jobQueue": "cpu",
        "jobDefinition": definition,
        "containerOverrides": {"environment": [{"name": "QUARTER", "value": "${param.quarter}"}]},
    }
    content = LaunchContent("Risk", "", (section,), note="First.")
    return make.launch_form_version(research.analyst, content, document).form


def page(browser: Client, form: LaunchForm) -> str:
    return browser.get(form.get_absolute_url()).content.decode()


def switch(browser: Client, form: LaunchForm, version: int = 1, definition: str = "hello:3") -> str:
    address = reverse("launch_form_revisions", args=[form.text_id])
    return browser.post(address, {"version": version, "definition": definition}, follow=True).content.decode()


def test_a_pinned_form_is_told_what_the_newest_revision_no_longer_has(
    browser: Client, research: Research, signed_in: SignIn
) -> None:
    revision(research)
    form = form_of(research, "hello:2")
    assert "is newer" not in page(browser, form)

    revision(research, environment=[])

    text = page(browser, form)
    assert "This form uses hello:2." in text
    assert "hello:3</a> is newer." in text
    assert "Environment variable QUARTER is no longer in the definition" in text
    assert "/containerOverrides/environment/0/value" in text
    assert "Everything fits" not in text
    designer = browser.get(f"{reverse('launch_form_edit', args=[form.text_id])}?view=fields").content.decode()
    assert "Environment variable QUARTER is no longer in the definition" in designer
    assert "is newer" not in page(signed_in(research.viewer.user), form)


def test_a_pinned_form_that_fits_is_switched(browser: Client, research: Research) -> None:
    form = form_of(research, "hello:1")
    former = research.definition.revisions.get()
    former.active = False
    former.save()
    revision(research)
    revision(research, active=False)

    text = page(browser, form)
    assert "This form uses hello:1, which is deactivated." in text
    assert "Everything fits." in text
    assert "Use revision 2" in text

    answer = switch(browser, form, definition="hello:2")

    assert "Saved version 2 of Risk: Use revision 2 of hello." in answer
    assert "is newer" not in answer
    version = form.versions.first()
    assert version.document["jobDefinition"] == "hello:2"
    assert version.section_list == form.versions.get(number=1).section_list
    assert (version.note, version.created_by) == ("Use revision 2 of hello", research.analyst.user)
    entry = AuditEntry.objects.order_by("-pk")[0]
    after = json.loads(entry.after)
    assert (entry.action, after["version"], after["why"]) == ("make", 2, version.note)


@pytest.mark.parametrize("shown", [{"version": 2}, {"definition": "hello:3"}, {"definition": "other:2"}])
def test_a_switch_to_what_was_not_shown_is_refused(browser: Client, research: Research, shown: Any) -> None:
    form = form_of(research, "hello:1")
    revision(research)

    answer = switch(browser, form, **{"version": 1, "definition": "hello:2", **shown})

    assert "has changed meanwhile" in answer
    assert form.versions.count() == 1


def test_a_form_by_name_is_told_only_what_does_not_fit_until_it_is_saved(browser: Client, research: Research) -> None:
    yesterday = now() - timedelta(days=1)
    revision(research, registered_at=yesterday)
    form = form_of(research, "hello")
    revision(research)
    assert "names no revision" not in page(browser, form)

    revision(research, environment=[])

    text = page(browser, form)
    assert "names no revision of hello, so it runs" in text
    assert "Environment variable QUARTER is no longer in the definition" in text
    assert "Use revision" not in text
    form_of(research, "hello")
    assert "names no revision" not in page(browser, form)


def test_the_page_costs_the_same_queries_for_few_revisions_and_many(
    browser: Client, research: Research, django_assert_num_queries: Any
) -> None:
    form = form_of(research, "hello:1")
    with django_assert_num_queries(11):
        page(browser, form)
    for _ in range(2):
        revision(research)
        with django_assert_num_queries(22):
            page(browser, form)
