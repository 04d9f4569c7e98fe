"""What is asked of tags, as plain values."""

import pytest

from jobs.models import TagRule
from jobs.policy.grants import TeamGrants
from jobs.policy.requests import build_definition_request
from jobs.policy.rules import definition_violations, job_violations, job_violations_now
from jobs.policy.tags import AppliedTag, TagRequirement, tags_to_apply
from jobs.spec.problems import Severity
from tests import make
from tests.policy.samples import against_definition, definition, grants_with, job, violations_of


def grants_requiring(**demand):
    return grants_with(tags=(TagRequirement("CostCenter", **demand),))


def job_with_tags(**tags):
    return job({"tags": tags})


def test_a_tag_that_is_required_may_stand_in_the_submission_or_in_the_definition():
    grants = grants_requiring(required=True)

    assert violations_of(job_with_tags(CostCenter="CC-1"), grants) == []
    assert violations_of(job(on={**definition(), "tags": {"CostCenter": "CC-1"}}), grants) == []
    assert violations_of(job_with_tags(Project="GenAI"), grants) == [("policy.tag-missing", "/tags")]
    assert violations_of(job_with_tags(CostCenter=""), grants) == [("policy.tag-missing", "/tags")]


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ({}, {"op": "add", "path": "/tags", "value": {"CostCenter": "CC-1"}}),
        ({"a": "b"}, {"op": "add", "path": "/tags/CostCenter", "value": "CC-1"}),
    ],
)
def test_a_person_who_forgot_a_tag_is_offered_its_default(written, fix):
    [objection] = job_violations(job_with_tags(**written), grants_requiring(required=True, default="CC-1"))

    assert objection.fix == (fix,)


@pytest.mark.parametrize("demand", [{"allowed": ("CC-1", "CC-2")}, {"pattern": "CC-[0-9]"}])
def test_a_tag_has_one_of_its_values_or_their_form(demand):
    grants = grants_requiring(**demand)

    assert violations_of(job_with_tags(CostCenter="CC-2"), grants) == []
    assert violations_of(job_with_tags(CostCenter="CC-20"), grants) == [("policy.tag-value", "/tags/CostCenter")]
    assert violations_of(job(on={**definition(), "tags": {"CostCenter": "x"}}), grants) == [
        ("policy.tag-value", "/jobDefinition")
    ]


def test_what_the_portal_fills_in_nobody_else_writes_otherwise():
    grants = grants_requiring(filled_by="portal", default="CC-1")

    assert violations_of(job_with_tags(CostCenter="CC-1"), grants) == []
    assert violations_of(job_with_tags(CostCenter="CC-2"), grants) == [("policy.tag-of-portal", "/tags/CostCenter")]


@pytest.mark.parametrize("key", ["portal:job", "Portal:team"])
def test_the_portals_own_tags_are_written_by_nobody_else(key):
    pointer = f"/tags/{key}"

    assert violations_of(job({"tags": {key: "x"}})) == [("policy.tag-of-portal", pointer)]
    assert against_definition({**definition(), "tags": {key: "x"}}) == [("policy.tag-of-portal", pointer)]


UNTAGGED = "policy.untagged-costs-not-granted"
MAY_LEAVE_OUT_TAGS = grants_with(features=frozenset({"untagged_costs"}))
SAID: tuple[dict[str, bool], ...] = ({}, {"propagateTags": True}, {"propagateTags": False})


@pytest.mark.parametrize("submission", SAID, ids=str)
@pytest.mark.parametrize("of_definition", SAID, ids=str)
def test_only_a_team_that_may_keeps_tags_off_the_bill(of_definition, submission):
    off = {**of_definition, **submission}.get("propagateTags") is False
    ask = job(submission, on={**definition(), **of_definition})
    pointer = "/propagateTags" if submission else "/jobDefinition"

    assert violations_of(ask) == ([(UNTAGGED, pointer)] if off else [])
    assert violations_of(ask, MAY_LEAVE_OUT_TAGS) == ([("policy.tags-stay-behind", "/propagateTags")] if off else [])
    assert [each.severity for each in job_violations(ask, MAY_LEAVE_OUT_TAGS)] == [Severity.WARNING] * off
    assert [each.rule for each in job_violations_now(ask, grants_with())] == [UNTAGGED] * off


def test_a_definition_keeps_tags_off_the_bill_only_of_a_team_that_may():
    quiet = {**definition(), "propagateTags": False}
    [refused] = definition_violations(build_definition_request(quiet), grants_with())

    assert (refused.rule, refused.pointer, refused.severity) == (UNTAGGED, "/propagateTags", Severity.ERROR)
    assert "Research can't turn off propagateTags" in refused.message
    assert refused.fix == ({"op": "replace", "path": "/propagateTags", "value": True},)
    assert against_definition(quiet, MAY_LEAVE_OUT_TAGS) == []
    assert against_definition({**definition(), "propagateTags": True}) == []


def test_what_a_definition_leaves_off_the_bill_is_put_right_in_the_submission():
    [refused] = job_violations(job(on={**definition(), "propagateTags": False}), grants_with())

    assert refused.pointer == "/jobDefinition"
    assert refused.fix == ({"op": "add", "path": "/propagateTags", "value": True},)


def test_pods_have_no_tags_on_the_bill_either_way():
    pod = {"jobDefinitionName": "d", "eksProperties": {"podProperties": {"containers": [{"image": "busybox"}]}}}

    assert against_definition({**pod, "propagateTags": False}, grants_with(features=frozenset({"eks"}))) == []


def test_a_job_that_was_accepted_is_not_held_up_by_a_later_rule_of_tags():
    assert job_violations_now(job(), grants_requiring(required=True)) == []


# -- Filling in


def applied_tags(document, on=None, **demand):
    return list(tags_to_apply(document, on or {}, (TagRequirement("CostCenter", **demand),), "Research"))


def test_the_team_fills_in_what_nobody_wrote_and_only_that():
    given_by_team = {"filled_by": "team", "default": "CC-1"}

    assert applied_tags({}, **given_by_team) == [AppliedTag("CostCenter", "CC-1", "Research")]
    assert applied_tags({"tags": {"CostCenter": "CC-9"}}, **given_by_team) == []
    assert applied_tags({}, on={"tags": {"CostCenter": "CC-9"}}, **given_by_team) == []
    assert applied_tags({"tags": None}, **given_by_team) == []


def test_the_portal_fills_in_over_the_definition_and_never_over_a_person():
    given_by_portal = {"filled_by": "portal", "default": "CC-1"}

    assert applied_tags({}, on={"tags": {"CostCenter": "CC-9"}}, **given_by_portal) == [
        AppliedTag("CostCenter", "CC-1", "the portal")
    ]
    assert applied_tags({"tags": {"CostCenter": "CC-9"}}, **given_by_portal) == []


def test_a_person_is_not_spoken_for():
    assert applied_tags({}, filled_by="person", default="CC-1") == []


# -- Which rules are whose


@pytest.mark.django_db
@pytest.mark.postgres
def test_a_teams_own_rule_goes_before_the_rule_for_all():
    research, finance = make.team(), make.team()
    TagRule.objects.create(team=research, key="CostCenter", default="CC-1")
    TagRule.objects.create(team=None, key="CostCenter", default="CC-0")
    TagRule.objects.create(team=None, key="Project")

    assert [(d.key, d.default) for d in TeamGrants.for_team(research).tags] == [
        ("CostCenter", "CC-1"),
        ("Project", ""),
    ]
    assert [(d.key, d.default) for d in TeamGrants.for_team(finance).tags] == [
        ("CostCenter", "CC-0"),
        ("Project", ""),
    ]
