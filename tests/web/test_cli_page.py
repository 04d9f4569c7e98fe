"""The page about the command line, and the team's navigation on pages that belong to no team."""

import json
import re
from html import unescape
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import reverse

from jobs.spec.parsing.parser import parse
from jobs.web.ci_samples import ci_samples
from tests.web.conftest import Research, SignIn

COSTS = "/teams/research/costs/"
HEREDOC = re.compile(r"<< '?EOF'?\n(.*?)\n\s*EOF\n", re.DOTALL)


@pytest.mark.parametrize("number", [0, 1])
def test_a_sample_is_yaml_with_a_valid_job(number: int) -> None:
    sample = ci_samples("https://batch.example.org", "cpu", "hello")[number]
    content: Any = yaml.safe_load(sample.text)
    script = (
        content["jobs"]["submit-batch-job"]["steps"][0]["run"]
        if number == 0
        else "\n".join(content["submit-batch-job"]["script"])
    )
    [job] = HEREDOC.findall(script)

    assert "https://batch.example.org/cli/submit-job.sh" in script
    assert "submit-job.sh job.json --monitor" in script
    assert parse(job).document == json.loads(job)
    assert (json.loads(job)["jobQueue"], json.loads(job)["jobDefinition"]) == ("cpu", "hello")


def test_the_samples_have_the_teams_own_queue_and_definition(research: Research, signed_in: SignIn) -> None:
    page = signed_in(research.analyst.user).get(reverse("cli"), {"team": "research"}).content.decode()
    assert '"jobQueue": "cpu"' in unescape(page)
    assert '"jobDefinition": "hello"' in unescape(page)


def test_a_stranger_sees_nothing_of_the_team(research: Research, signed_in: SignIn) -> None:
    assert signed_in(research.stranger).get(reverse("cli"), {"team": "research"}).status_code == 404
    assert '"jobQueue": "my-queue"' in unescape(Client().get(reverse("cli"), {"team": "research"}).content.decode())


@pytest.mark.parametrize("path", ["/cli/", "/rights/", "/nowhere/", "/teams/elsewhere/costs/"])
def test_pages_without_a_team_keep_the_navigation_of_the_last_one(
    path: str, research: Research, signed_in: SignIn
) -> None:
    browser = signed_in(research.analyst.user)
    assert COSTS not in browser.get(path).content.decode()
    browser.get(reverse("queues", args=["research"]))
    assert COSTS in browser.get(path).content.decode()


def test_a_team_that_one_has_left_is_not_kept(research: Research, signed_in: SignIn) -> None:
    browser = signed_in(research.analyst.user)
    browser.get(reverse("queues", args=["research"]))
    research.team.memberships.all().delete()
    assert COSTS not in browser.get("/rights/").content.decode()
