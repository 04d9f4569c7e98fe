"""The catalog: definitions, launch forms and templates in one list, and what it says about each."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from jobs import actions
from jobs.actions.catalog_details import mark_standard
from jobs.models import AuditEntry, Definition, Job, LaunchForm, Rate, Submission, WorkflowTemplate
from jobs.spec.launch_forms.fields import FormSection, LaunchField
from jobs.spec.launch_forms.file_format import LaunchContent
from tests import make
from tests.web.conftest import Research, SignIn

STEP = {"jobName": "load", "jobQueue": "cpu", "jobDefinition": "hello"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def lead(research: Research, signed_in: SignIn) -> Client:
    return signed_in(make.member(research.team, "lead").user)


def new_form(research: Research, name: str = "Risk", *labels: str, document: Any = STEP) -> LaunchForm:
    section = FormSection("", (LaunchField("word", default="x"),))
    content = LaunchContent(name, "", (section,), f"Purpose of {name}", labels)
    return make.launch_form_version(research.analyst, content, {**document, "tags": {"Word": "${param.word}"}}).form


def new_template(research: Research, name: str = "Nightly") -> WorkflowTemplate:
    return make.template_version(research.analyst, name, {"jobs": [STEP]}).template


def catalog(browser: Client, **query: str) -> str:
    return html.unescape(browser.get(reverse("catalog", args=["research"]), query).content.decode())


def names(text: str) -> list[str]:
    return re.findall(r"<h2><a [^>]*>([^<]+)</a>", text)


def save(browser: Client, row: Any, route: str, **fields: str) -> Any:
    return browser.post(reverse(route, args=[row.text_id]), fields, follow=True)


def test_all_kinds_are_in_one_list_and_found_by_name_purpose_and_label(browser: Client, research: Research) -> None:
    new_form(research, "Quarter", "risk-label")
    new_template(research, "nightly")

    assert names(catalog(browser)) == ["Quarter", "hello", "nightly"]
    assert names(catalog(browser, q="risk-label")) == ["Quarter"]
    assert names(catalog(browser, q="purpose of")) == ["Quarter"]
    assert "Nothing in the catalog matches “nowhere”" in catalog(browser, q="nowhere")


def test_pages_go_on_over_entries_of_the_same_name(browser: Client, research: Research) -> None:
    for number in range(23):
        make.revision(f"a{number:02}", of=research.team, where=research.account)
    make.revision("same", of=research.team, where=research.account)
    new_form(research, "same")
    new_template(research, "same")
    first = catalog(browser)
    [following] = re.findall(r"after=([\w-]+)\"", first)

    assert names(first)[-1] == "hello"
    assert names(catalog(browser, after=following)) == ["same", "same", "same"]
    after_form = catalog(browser, after=f"form-{LaunchForm.objects.get().text_id}")
    assert names(after_form) == ["same"]
    assert "Workflow template" in after_form
    assert "no longer exists" in catalog(browser, after="form-nothing")


def test_scopes_tell_own_entries_shared_and_standard_ones_apart(browser: Client, research: Research) -> None:
    other = make.revision("theirs", of=make.team("elsewhere-2"), where=research.account).definition
    make.revision("hidden", of=other.team, where=research.account)
    Definition.objects.filter(pk=other.pk).update(shared=True)
    new_form(research, "form")
    mark_standard(other, research.admin, standard=True)

    assert names(catalog(browser)) == ["form", "hello", "theirs"]
    assert names(catalog(browser, scope="team")) == ["form", "hello"]
    assert names(catalog(browser, scope="shared")) == names(catalog(browser, scope="standard")) == ["theirs"]
    assert "Standard</span>" in catalog(browser, scope="shared")
    assert json.loads(AuditEntry.objects.get(action="change").after) == {"standard": True}


def test_a_definition_that_ran_long_ago_or_never_is_marked(browser: Client, research: Research) -> None:
    assert "not run for 90 days" not in catalog(browser)

    Definition.objects.update(created_at=now() - timedelta(days=91))
    assert "not run for 90 days" not in catalog(browser)

    Job.objects.update(accepted_at=now() - timedelta(days=91))
    assert "not run for 90 days" in catalog(browser)


def test_a_form_has_a_price_from_the_runs_of_its_definition(browser: Client, research: Research) -> None:
    Rate.objects.all().delete()
    for resource in ("vcpu", "memory"):
        Rate.objects.create(platform="EC2", resource=resource, usd_per_hour="0.05", valid_from="2020-01-01")
    ended = now()
    for _ in range(3):
        submission = make.submission(research.analyst, research.account)
        times = {"started_at": ended - timedelta(hours=10), "stopped_at": ended, "ended_at": ended}
        make.job(submission, revision=research.job.revision, state="SUCCEEDED", vcpus=1, memory_mib=512, **times)
    new_form(research)
    new_form(research, "Elsewhere", document={**STEP, "jobQueue": "unknown"})

    text = catalog(browser)
    assert text.count("Expected price") == 1
    assert re.search(r"Expected price</dt><dd><span[^>]*>\$\d", text)


@pytest.mark.parametrize("count", [1, 5])
def test_the_list_costs_the_same_queries_for_little_and_much(
    browser: Client, research: Research, count: int, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        form = new_form(research, f"form-{number}")
        submission = make.submission(research.analyst, research.account, form_version=form.versions.get())
        LaunchForm.objects.update(used_at=now())
        make.job(submission, revision=research.job.revision, state="SUCCEEDED", ended_at=now())
        new_template(research, f"template-{number}")
        make.revision(f"definition-{number}", of=research.team, where=research.account)
    with django_assert_num_queries(20):
        catalog(browser)


def test_details_are_changed_and_recorded(browser: Client, research: Research) -> None:
    definition = research.definition
    answer = save(
        browser, definition, "definition_details", description="Says  hello", labels="a, b,a", owner="stranger"
    )
    assert answer.status_code == 422

    owner = research.analyst.user
    page = save(
        browser, definition, "definition_details", description="Says  hello", labels="a, b,a", owner=owner.username
    )
    assert "Saved the details of hello." in page.content.decode()
    definition.refresh_from_db()
    assert (definition.description, definition.labels, definition.owner) == ("Says hello", ["a", "b"], owner)
    assert json.loads(AuditEntry.objects.get(action="change").after)["labels"] == ["a", "b"]
    save(browser, definition, "definition_details", description="Says hello", labels="b, a", owner=owner.username)
    assert AuditEntry.objects.filter(action="change").count() == 2


@pytest.mark.parametrize("kind", ["definition", "launch_form", "template"])
def test_leads_deprecate_an_entry_and_name_its_successor(
    browser: Client, lead: Client, research: Research, kind: str
) -> None:
    make.revision("hello-2", of=research.team, where=research.account)
    rows: dict[str, Any] = {
        "definition": (Definition.objects.get(name="hello"), Definition.objects.get(name="hello-2")),
        "launch_form": (new_form(research), new_form(research, "Risk 2")),
        "template": (new_template(research), new_template(research, "Nightly 2")),
    }
    row, successor = rows[kind]
    fields = {"deprecated": "on", "successor": successor.text_id}

    assert save(browser, row, f"{kind}_details", **fields).status_code == 403
    page = save(lead, row, f"{kind}_details", **fields).content.decode()
    assert "Deprecated</span>" in page
    assert f">{successor.name}</a> instead" in page
    assert f">{successor.name}</a> instead" in catalog(browser)
    assert save(lead, successor, f"{kind}_details", deprecated="on", successor=row.text_id).status_code == 422
    # Who can't deprecate keeps it.
    save(browser, row, f"{kind}_details", description="New")
    row.refresh_from_db()
    assert (row.description, row.successor) == ("New", successor)


def test_a_deprecated_definition_warns_who_submits_it(research: Research) -> None:
    successor = make.revision("hello-2", of=research.team, where=research.account).definition
    Definition.objects.filter(name="hello").update(deprecated_at=now(), successor=successor)
    text = '{"jobName": "a", "jobQueue": "cpu", "jobDefinition": "hello"}'

    [warning] = [
        problem for problem in actions.validate(text, research.analyst).warnings if "deprecated" in problem.message
    ]
    assert warning.rule == "portal.definition-deprecated"
    assert warning.message.endswith("Use “hello-2” instead.")
    actions.submit(text, research.analyst, source="json")
    assert Submission.objects.filter(name="a").exists()


def test_who_may_not_register_changes_no_details(research: Research, signed_in: SignIn) -> None:
    form = new_form(research)
    viewer, stranger = signed_in(research.viewer.user), signed_in(research.stranger)

    assert save(viewer, form, "launch_form_details", description="x").status_code == 403
    assert save(stranger, form, "launch_form_details", description="x").status_code == 404
