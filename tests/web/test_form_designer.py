"""The designer of launch forms on its page: fields and JSON are two views of one file."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import LaunchForm, LaunchFormVersion
from jobs.reports.launch_forms import form_file
from jobs.spec.launch_forms.file_format import from_file
from jobs.spec.template_parameters import Parameter
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.test_launch_forms import FILE

NEW = "/teams/research/launch-forms/new/"


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def page(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return str(answer.content.decode())


def controls(text: str) -> dict[str, Any]:
    """Return what a browser would send of the designer, without its buttons."""
    part = text.partition("data-designer")[2].partition('class="feedback-side"')[0]
    values: dict[str, Any] = {}
    tags = r"<input[^>]*>|<textarea[^>]*>.*?</textarea>|<select[^>]*>.*?</select>"
    for tag in re.findall(tags, part, re.DOTALL):
        name = re.search(r'\sname="([^"]*)"', tag)
        if name is None or ('type="checkbox"' in tag and "checked" not in tag):
            continue
        if tag.startswith("<textarea"):
            value = html.unescape(tag.partition(">")[2].removesuffix("</textarea>")).removeprefix("\n")
        elif tag.startswith("<select"):
            options = re.findall(r'<option value="([^"]*)"\s*(selected)?', tag)
            value = html.unescape(next((text for text, chosen in options if chosen), options[0][0]))
        else:
            match = re.search(r'\svalue="([^"]*)"', tag)
            value = html.unescape(match[1]) if match else ""
        values.setdefault(name[1], []).append(value)
    return values


def json_of(text: str) -> Any:
    inner = text.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    return json.loads(html.unescape(inner))


def test_switching_between_the_views_loses_nothing(browser: Client) -> None:
    text = json.dumps(FILE, indent=3) + "  \n"

    fields = page(browser.post(NEW, {"text": text, "do": "fields"}))
    sent = controls(fields)
    answer = page(browser.post(NEW, {**sent, "do": "json"}))

    inner = answer.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0]
    assert html.unescape(inner).removeprefix("\n") == text


def test_a_text_that_is_no_form_stays_in_the_json(browser: Client) -> None:
    answer = page(browser.post(NEW, {"text": "{", "do": "fields"}))

    assert "data-editor" in answer
    assert "data-designer" not in answer


def test_a_form_is_designed_from_a_definition_without_json(browser: Client) -> None:
    answer = page(browser.get(NEW, {"definition": "hello"}))
    place = re.search(r'<option value="(/retryStrategy/attempts)"', answer)
    assert place

    sent = controls(answer) | {"place": [place[1]], "do": "add", "name": "Hello"}
    answer = page(browser.post(NEW, sent))
    sent = controls(answer)
    assert "autofocus" in answer
    sent |= {"label-0": ["Tries"], "min-0": ["1"], "max-0": ["5"], "step-0": ["1"], "do": "save"}
    browser.post(NEW, sent)

    version = LaunchFormVersion.objects.get()
    [field] = version.field_list
    assert version.form.name == "Hello"
    assert [field.title, *map(str, (field.min, field.max, field.step)), field.type.value] == [
        "Tries",
        "1",
        "5",
        "1",
        "number",
    ]
    assert version.document["retryStrategy"] == {"attempts": "${param.attempts}"}
    assert version.document["jobQueue"] == "cpu"


def test_controls_change_what_they_show_and_keep_the_rest(browser: Client, research: Research) -> None:
    content, document = from_file(FILE)
    form = make.launch_form_version(research.analyst, content, document).form
    edit = reverse("launch_form_edit", args=[form.text_id])
    sent = controls(page(browser.get(edit, {"view": "fields"})))
    order = ["s0", "f1", "s1", "f0", "f2", "f3", "f4"]
    changes = {
        "layout": order,
        "choices-0": "Q1\nQ2\nQ3\n",
        "when_values-3": "Q2, Q3",
        "label-1": "Year",
        "section-0": "When",
    }

    answer = json_of(page(browser.post(edit, {**sent, **changes, "do": "json"})))

    period, others = form_file(form.versions.get())["sections"]
    (quarter, year), (note, digits, queue) = period["fields"], others["fields"]
    sections = answer["sections"]
    assert sections[0] == {"title": "When", "fields": [{**year, "label": "Year"}]}
    assert sections[1]["fields"] == [
        {**quarter, "choices": ["Q1", "Q2", "Q3"]},
        note,
        {**digits, "shown_when": {"field": "quarter", "values": ["Q2", "Q3"]}},
        queue,
    ]
    assert answer["document"] == FILE["document"]


def test_buttons_move_and_remove_fields_without_scripts(browser: Client) -> None:
    sent = controls(page(browser.post(NEW, {"text": json.dumps(FILE), "do": "fields"})))

    moved = page(browser.post(NEW, {**sent, "do": "down:quarter"}))
    fixed = json_of(page(browser.post(NEW, {**controls(moved), "do": "remove:year"})))

    names = [field["name"] for section in fixed["sections"] for field in section["fields"]]
    assert names == ["quarter", "note", "digits", "queue"]
    assert fixed["document"]["jobName"] == "risk-${param.quarter}-2026"


def test_an_unknown_pointer_is_refused_and_nothing_is_lost(browser: Client) -> None:
    sent = controls(page(browser.post(NEW, {"text": json.dumps(FILE), "do": "fields"})))

    answer = page(browser.post(NEW, {**sent, "pointer": "/nothing", "do": "add"}))

    assert "AWS Batch has no field “nothing” at /." in html.unescape(answer)
    assert json_of(answer) == FILE


def test_a_form_is_made_from_a_workflow_template(browser: Client, research: Research) -> None:
    step = {"jobName": "load-${param.dataset}", "jobQueue": "cpu", "jobDefinition": "hello"}
    parameters = [Parameter("dataset", default="41")]
    version = make.template_version(research.analyst, "Load", {"jobs": [step]}, parameters)

    answer = page(browser.get(NEW, {"template": version.text_id}))
    browser.post(NEW, {**controls(answer), "do": "save"})

    form = LaunchForm.objects.get()
    assert form.name == "Load"
    assert form.versions.get().document == {"jobs": [step]}
    assert [field.name for field in form.versions.get().field_list] == ["dataset"]


def test_the_preview_shows_the_request_that_the_values_make(browser: Client) -> None:
    sent = {"text": json.dumps(FILE), "value-quarter": "Q2", "value-digits": "4"}

    answer = html.unescape(page(browser.post(NEW, sent, headers={"HX-Request": "true"})))

    assert '"jobName": "risk-Q2-2026"' in answer
    assert '"--digits=4"' in answer


def test_an_empty_section_can_be_removed_and_a_wrong_variable_is_named_at_its_place(browser: Client) -> None:
    sent = controls(page(browser.post(NEW, {"text": json.dumps(FILE), "do": "fields"})))

    longer = page(browser.post(NEW, {**sent, "do": "section"}))
    shorter = page(browser.post(NEW, {**controls(longer), "do": "remove-section:2"}))
    wrong = page(browser.post(NEW, {**controls(shorter), "variable": "bad name", "do": "add"}))

    assert [len(json_of(text)["sections"]) for text in (longer, shorter, wrong)] == [3, 2, 2]
    titled = {**controls(longer), "section-2": "Last"}
    moved = json_of(page(browser.post(NEW, {**titled, "do": "section-up:2"})))["sections"]
    assert [section["title"] for section in moved][1] == "Last"
    assert "A name of an environment variable has letters" in wrong
    assert re.search(r'id="variable"[^>]*value="bad name" autofocus aria-invalid="true"', wrong)
