"""What is asked of tags, as plain values."""

import pytest

from jobs.models import TagRule
from jobs.policy.rules import objections, withdrawn
from jobs.policy.tags import Filled, TagDemand, demands_of, fill
from jobs.spec.problems import Severity
from tests import make
from tests.policy.asked import against, against_definition, definition, given, job


def asking(**demand):
    return given(tags=(TagDemand("CostCenter", **demand),))


def tagged(**tags):
    return job({"tags": tags})


def test_a_tag_that_is_required_may_stand_in_the_submission_or_in_the_definition():
    grants = asking(required=True)

    assert against(tagged(CostCenter="CC-1"), grants) == []
    assert against(job(on={**definition(), "tags": {"CostCenter": "CC-1"}}), grants) == []
    assert against(tagged(Project="GenAI"), grants) == [("policy.tag-missing", "/tags")]
    assert against(tagged(CostCenter=""), grants) == [("policy.tag-missing", "/tags")]


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ({}, {"op": "add", "path": "/tags", "value": {"CostCenter": "CC-1"}}),
        ({"a": "b"}, {"op": "add", "path": "/tags/CostCenter", "value": "CC-1"}),
    ],
)
def test_a_person_who_forgot_a_tag_is_offered_its_default(written, fix):
    [objection] = objections(tagged(**written), asking(required=True, default="CC-1"))

    assert objection.fix == (fix,)


@pytest.mark.parametrize("demand", [{"allowed": ("CC-1", "CC-2")}, {"pattern": "CC-[0-9]"}])
def test_a_tag_has_one_of_its_values_or_their_form(demand):
    grants = asking(**demand)

    assert against(tagged(CostCenter="CC-2"), grants) == []
    assert against(tagged(CostCenter="CC-20"), grants) == [("policy.tag-value", "/tags/CostCenter")]
    assert against(job(on={**definition(), "tags": {"CostCenter": "x"}}), grants) == [
        ("policy.tag-value", "/jobDefinition")
    ]


def test_what_the_portal_fills_in_nobody_else_writes_otherwise():
    grants = asking(filled_by="portal", default="CC-1")

    assert against(tagged(CostCenter="CC-1"), grants) == []
    assert against(tagged(CostCenter="CC-2"), grants) == [("policy.tag-of-portal", "/tags/CostCenter")]


@pytest.mark.parametrize("key", ["portal:job", "Portal:team"])
def test_the_portals_own_tags_are_written_by_nobody_else(key):
    pointer = f"/tags/{key}"

    assert against(job({"tags": {key: "x"}})) == [("policy.tag-of-portal", pointer)]
    assert against_definition({**definition(), "tags": {key: "x"}}) == [("policy.tag-of-portal", pointer)]


def test_tags_that_do_not_reach_the_bill_are_a_warning():
    [warning] = objections(job({"propagateTags": False}), given())

    assert (warning.rule, warning.severity) == ("policy.tags-stay-behind", Severity.WARNING)
    assert against(job({"propagateTags": True}, on={**definition(), "propagateTags": False})) == []


def test_a_job_that_was_accepted_is_not_held_up_by_a_later_rule_of_tags():
    assert withdrawn(job(), asking(required=True)) == []


# -- Filling in


def filled(document, on=None, **demand):
    return list(fill(document, on or {}, (TagDemand("CostCenter", **demand),), "Research"))


def test_the_team_fills_in_what_nobody_wrote_and_only_that():
    given_by_team = {"filled_by": "team", "default": "CC-1"}

    assert filled({}, **given_by_team) == [Filled("CostCenter", "CC-1", "Research")]
    assert filled({"tags": {"CostCenter": "CC-9"}}, **given_by_team) == []
    assert filled({}, on={"tags": {"CostCenter": "CC-9"}}, **given_by_team) == []
    assert filled({"tags": None}, **given_by_team) == []


def test_the_portal_fills_in_over_the_definition_and_never_over_a_person():
    given_by_portal = {"filled_by": "portal", "default": "CC-1"}

    assert filled({}, on={"tags": {"CostCenter": "CC-9"}}, **given_by_portal) == [
        Filled("CostCenter", "CC-1", "the portal")
    ]
    assert filled({"tags": {"CostCenter": "CC-9"}}, **given_by_portal) == []


def test_a_person_is_not_spoken_for():
    assert filled({}, filled_by="person", default="CC-1") == []


# -- Which rules are whose


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_teams_own_rule_goes_before_the_rule_for_all():
    research, finance = make.team(), make.team()
    TagRule.objects.create(team=research, key="CostCenter", default="CC-1")
    TagRule.objects.create(team=None, key="CostCenter", default="CC-0")
    TagRule.objects.create(team=None, key="Project")

    assert [(d.key, d.default) for d in demands_of(research)] == [("CostCenter", "CC-1"), ("Project", "")]
    assert [(d.key, d.default) for d in demands_of(finance)] == [("CostCenter", "CC-0"), ("Project", "")]
