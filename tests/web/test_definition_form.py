"""The form of a definition."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models import Registration, Revision, Team
from jobs.models.ids import to_text
from tests import make
from tests.web.conftest import Research, SignIn
from tests.web.forms import controls, fill, page_text

SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


def test_a_definition_is_registered_by_form(browser: Client) -> None:
    Team.objects.update(features=["logs"])
    answer = fill(
        browser,
        "definition_form",
        name="fresh",
        image="busybox",
        command="echo hi",
        vcpus="0.5",
        memory="1 GiB",
        platform="FARGATE",
        execution_role="arn:aws:iam::123456789012:role/Pull",
        log_group="/my/log",
        retries="2",
    )
    revision = Revision.objects.get(definition__name="fresh")

    assert answer.headers["Location"] == revision.get_absolute_url()
    assert revision.document == {
        "jobDefinitionName": "fresh",
        "type": "container",
        "containerProperties": {
            "image": "busybox",
            "resourceRequirements": [{"type": "VCPU", "value": "0.5"}, {"type": "MEMORY", "value": "1024"}],
            "command": ["echo", "hi"],
            "executionRoleArn": "arn:aws:iam::123456789012:role/Pull",
            "logConfiguration": {"options": {"awslogs-group": "/my/log"}, "logDriver": "awslogs"},
        },
        "platformCapabilities": ["FARGATE"],
        "retryStrategy": {"attempts": 2},
    }


@pytest.mark.parametrize("empties", [{"tags": {}, "platformCapabilities": [], "parameters": None}, {"newKey": []}])
def test_empty_members_block_no_form(empties: dict[str, Any], browser: Client) -> None:
    container = {"image": "busybox", "volumes": [], "networkConfiguration": {"interfaceConfigurations": []}}
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    document = {
        "jobDefinitionName": "fresh",
        "type": "container",
        "containerProperties": {**container, "resourceRequirements": sizes},
        **empties,
    }
    response = browser.post(reverse("open_form", args=["research"]), {"text": json.dumps(document)})
    posted = controls(response.content.decode())
    answer = browser.post(reverse("definition_form", args=["research"]), posted)
    revision = Revision.objects.get(definition__name="fresh")

    assert answer.headers["Location"] == revision.get_absolute_url()
    assert revision.document == {
        "jobDefinitionName": "fresh",
        "type": "container",
        "containerProperties": {"image": "busybox", "resourceRequirements": sizes},
    }


@pytest.mark.parametrize(
    ("vcpus", "sizes"),
    [("0.25", ["512 MiB", "1 GiB", "2 GiB"]), ("32", ["60 GiB", "120 GiB", "244 GiB"])],
)
def test_fargate_offers_the_memory_that_goes_with_its_vcpu(browser: Client, vcpus: str, sizes: list[str]) -> None:
    chosen = {"name": "x", "image": "i", "platform": "FARGATE", "vcpus": vcpus, "memory": sizes[0]}
    answer = browser.post(
        reverse("definition_preview", args=["research"]), chosen, headers={**SCRIPT, "HX-Trigger-Name": "platform"}
    )
    memory = page_text(answer).partition('id="f-memory"')[2].partition("</select>")[0]

    assert re.findall(r'<option value="([^"]*)"', memory) == sizes
    assert "executionRoleArn" in page_text(answer)


@pytest.mark.long
def test_a_revision_begins_as_the_newest_and_a_clone_has_another_name(browser: Client, research: Research) -> None:
    text_id = to_text(research.definition.public_id)
    revised = controls(page_text(browser.get(reverse("definition_form", args=["research"]), {"revise": text_id})))
    cloned = controls(page_text(browser.get(reverse("definition_form", args=["research"]), {"clone": text_id})))
    answer = browser.post(
        reverse("definition_form", args=["research"]), {**revised, "memory": "1 GiB", "do": "submit"}
    )
    newest = Revision.objects.filter(definition=research.definition).order_by("-pk")[0]

    assert (revised["name"], cloned["name"]) == ("hello", "hello-copy")
    assert answer.status_code == 302
    assert newest.registration == Registration.ACCEPTED
    assert newest.document["containerProperties"]["resourceRequirements"][1] == {"type": "MEMORY", "value": "1024"}
    assert newest.document["containerProperties"]["command"] == ["echo", "hello"]


def test_what_another_team_shares_is_copied_and_what_it_hides_is_not_there(
    browser: Client, research: Research
) -> None:
    shared = make.definition("shared", of=make.team(), where=research.account, shared=True)
    make.revision("shared", where=research.account)
    hidden = make.definition("hidden", of=make.team(), where=research.account)
    address = reverse("definition_form", args=["research"])

    assert controls(page_text(browser.get(address, {"revise": to_text(shared.public_id)})))["name"] == "shared-copy"
    assert browser.get(address, {"revise": to_text(hidden.public_id)}).status_code == 404


def test_a_refused_definition_comes_back_with_its_problems(browser: Client) -> None:
    answer = fill(browser, "definition_form", name="", image="", vcpus="many", memory="2 GiB")

    assert answer.status_code == 422
    assert controls(answer.content.decode())["vcpus"] == "many"
    for told in ("Enter a definition name.", "Enter a container image.", "found the string “many”"):
        assert told in page_text(answer)


@pytest.mark.long
def test_a_team_with_two_accounts_says_where(browser: Client, research: Research) -> None:
    second = make.account(region="eu-west-1")
    make.queue("far", of=second, teams=(research.team,))
    foreign = make.account()
    page = page_text(browser.get(reverse("definition_form", args=["research"])))
    good: dict[str, Any] = {"name": "fresh", "image": "busybox", "vcpus": "1", "memory": "2 GiB"}

    assert f'<option value="{second.pk}"' in page
    assert fill(browser, "definition_form", **good).status_code == 422
    assert fill(browser, "definition_form", **good, account=str(foreign.pk)).status_code == 422
    assert fill(browser, "definition_form", **good, account=str(second.pk)).status_code == 302
    assert Revision.objects.get(definition__name="fresh").definition.account == second
