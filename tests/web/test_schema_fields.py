"""Fields beyond those of the form: found by words, sent as controls that say which place of the document they are."""

import html
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.web.conftest import Research, SignIn

CONTAINER = {
    "jobDefinitionName": "hello",
    "type": "container",
    "containerProperties": {"image": "x", "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]},
}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def ask(browser: Client, route: str, kind: str = "definition", /, of: Any = CONTAINER, query: str = "", **sent: str):
    text = of if isinstance(of, str) else json.dumps(of)
    return browser.post(reverse(route, args=["research", kind]) + query, {"document": text, **sent})


def places(answer: Any) -> list[str]:
    return re.findall(r'data-pointer="([^"]+)"', answer.content.decode())


def test_a_field_is_offered_by_its_name_and_the_forms_own_are_pointed_to(browser: Client):
    content = html.unescape(ask(browser, "further_fields", further_words="ulimits").content.decode())
    own = ask(browser, "further_fields", further_words="image").content.decode()

    assert 'value="/containerProperties/ulimits"' in content
    assert 'data-goto-field="image"' in own


@pytest.mark.parametrize(("page", "kind"), [("job_form", "submission"), ("definition_form", "definition")])
def test_the_examples_of_the_search_are_found(page: str, kind: str, browser: Client):
    content = browser.get(reverse(page, args=["research"])).content.decode()
    [examples] = re.findall(r'id="schema-search"[^>]* placeholder="([^"]+) …"', content)
    for words in examples.split(", "):
        content = ask(browser, "further_fields", kind, of={}, further_words=words).content.decode()
        assert "schema-result" in content, words


def test_words_that_nothing_answers_to_are_text_and_stay_text(browser: Client):
    said = ask(browser, "further_fields", further_words="<b>zebra").content.decode()
    assert "&lt;b&gt;zebra" in said


def test_a_part_is_shown_with_what_the_document_has_and_room_for_more(browser: Client):
    response = ask(browser, "further_part", at="/containerProperties/ulimits")
    page = response.content.decode()

    assert places(response) == [f"/containerProperties/ulimits/0/{key}" for key in ("hardLimit", "name", "softLimit")]
    assert 'value="nofile"' in page
    assert 'name="at" value="/containerProperties/ulimits/-"' in page
    assert 'name="shown" value="/containerProperties/ulimits"' in page
    assert (
        'name="shown"'
        not in ask(browser, "further_part", at="/containerProperties/ulimits/1", query="?within=1").content.decode()
    )


def test_controls_have_no_names_so_that_only_the_text_is_sent(browser: Client):
    page = ask(browser, "further_part", at="/containerProperties/linuxParameters").content.decode()
    assert set(re.findall(r'\sname="([^"]+)"', page)) == {"at", "shown"}


def test_what_is_no_field_is_404_and_a_text_that_cannot_be_read_says_so(browser: Client):
    assert ask(browser, "further_part", at="/containerProperties/nowhere").status_code == 404
    assert ask(browser, "further_part", "workflow", at="/jobs").status_code == 404
    assert ask(browser, "further_part", of="{", at="/tags").status_code == 422
    assert ask(browser, "further_part", of={"jobName": "x"}, at="/tags").status_code == 422
    assert ask(browser, "further_fields", of="{", further_words="ulimits").status_code == 200


def test_a_definition_has_its_fields_only_for_those_who_may_register(research: Research, browser: Client):
    assert ask(browser, "further_part", at="/tags").status_code == 200
    research.analyst.team.memberships.update(role="viewer")
    assert ask(browser, "further_part", at="/tags").status_code == 403


def test_what_is_shown_is_no_longer_only_in_the_json(browser: Client):
    def beyond(**sent: str) -> str:
        preview = reverse("definition_preview", args=["research"])
        return browser.post(preview, {"document": json.dumps(CONTAINER), "follows": "1", **sent}).content.decode()

    assert "1 field only in JSON" in beyond()
    assert 'name="at" value="/containerProperties/ulimits"' in beyond()
    assert "only in JSON" not in beyond(shown="/containerProperties/ulimits")


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("ecs", "/ecsProperties/taskProperties/0/containers/0/image"),
        ("eks", "/eksProperties/podProperties/containers/0/resources/limits"),
        ("nodes", "/nodeProperties/nodeRangeProperties/0/container/image"),
    ],
)
def test_a_definition_of_something_else_than_one_container_is_a_form_too(browser: Client, word: str, place: str):
    page = browser.get(reverse("definition_form", args=["research"]) + f"?of={word}")

    assert place in places(page)
    assert 'id="f-image"' not in page.content.decode()
    assert "only in JSON" not in page.content.decode().replace("1 field only in JSON", "" if word == "nodes" else "!")


def test_what_was_asked_for_is_shown_again_when_a_form_comes_back(browser: Client):
    sent = {"document": json.dumps(CONTAINER), "follows": "1", "do": "check", "shown": "/containerProperties/ulimits"}
    page = browser.post(reverse("definition_form", args=["research"]), sent)

    assert "/containerProperties/ulimits/0/softLimit" in places(page)


STORAGE = "/containerProperties/ephemeralStorage"


@pytest.mark.parametrize(
    ("document", "is_asked"),
    [({}, True), ({"ephemeralStorage": {"sizeInGiB": 30}}, False)],
)
def test_an_added_field_without_its_required_value_is_asked_for_and_not_dropped(
    document: dict[str, Any], is_asked: bool, browser: Client
):
    properties = {"image": "busybox", "memory": 512, "vcpus": 1, **document}
    fields = {"jobDefinitionName": "fresh", "type": "container", "containerProperties": properties}
    body = {"document": json.dumps(fields), "follows": "", "shown": STORAGE}
    content = browser.post(reverse("definition_preview", args=["research"]), body).content.decode()
    assert ("Required: size in GiB" in content) == is_asked

    if is_asked:
        sent = browser.post(reverse("definition_form", args=["research"]), {**body, "do": "submit"})
        assert sent.status_code == 422
        assert "Ephemeral storage needs a value for Size in GiB." in html.unescape(sent.content.decode())
