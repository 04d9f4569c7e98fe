"""Tag rules tried before they are saved."""

import html

import pytest
from django.urls import reverse

from jobs.models import TagRule
from jobs.policy.tags import TagRequirement, rule_problems
from tests import make

REGULAR = "This is a regular expression. Use * for any text"


def problems(**fields):
    return dict(rule_problems(TagRequirement("Project", **fields)))


@pytest.mark.parametrize(
    "pattern", ["^CC-[0-9]+$", r"CC-\d+", "CC-[0-9]+", "(A|B)", ".*", ".*-prod", "CC-[0-9]{4}", "a.+"]
)
def test_a_regular_expression_is_told_to_be_one(pattern):
    assert problems(pattern=pattern)["pattern"].startswith(REGULAR)


@pytest.mark.parametrize("pattern", ["", "CC-[0-9]*", "v1.*", "team-?", "[!x]*", "a+b@c", "Über *"])
def test_a_glob_is_none(pattern):
    assert problems(pattern=pattern) == {}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"pattern": "R&D*"}, {"pattern": "AWS refuses such tags"}),
        ({"allowed": ("A", "B"), "default": "C"}, {"default": "Values must be A or B."}),
        ({"pattern": "CC-*", "default": "1"}, {"default": "Values must be of the form CC-*."}),
        ({"pattern": "CC-*", "allowed": ("CC-1", "2"), "default": "2"}, {"allowed": "doesn't match “2”"}),
        ({"pattern": "CC-*", "allowed": ("CC-1",), "default": "CC-1"}, {}),
    ],
)
def test_a_rule_that_refuses_its_own_values_is_named_at_the_field(fields, problem):
    result = problems(**fields)
    assert result.keys() == problem.keys()
    assert all(text in result[field] for field, text in problem.items())


@pytest.mark.django_db
def test_such_a_rule_is_not_saved(admin_client):
    form = {"key": "CostCenter", "filled_by": "team", "pattern": "CC-[0-9]*", "default": "none"}
    page = html.unescape(admin_client.post(reverse("admin:jobs_tagrule_add"), form).content.decode())

    assert "The rule refuses its own default. Values must be of the form CC-[0-9]*." in page
    assert not TagRule.objects.exists()
    form["default"] = "CC-1"
    assert admin_client.post(reverse("admin:jobs_tagrule_add"), form).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"pattern": "CC-*", "value": "CC-1"}, "Accepted"),
        ({"pattern": "CC-*", "value": "1"}, "Refused. Values must be of the form CC-*."),
        ({"allowed": "A\r\nB\n", "value": "C"}, "Refused. Values must be A or B."),
        ({"pattern": "^CC", "value": "CC"}, REGULAR),
        ({"pattern": "CC-*"}, ""),
    ],
)
def test_a_value_is_tried_with_a_rule_that_is_not_saved(admin_client, rule, text):
    answer = admin_client.get(reverse("admin:jobs_tagrule_try"), rule)

    assert answer.content.decode().startswith(text)
    assert bool(answer.content) is bool(text)
    assert not TagRule.objects.exists()


@pytest.mark.django_db
def test_staff_without_the_permission_try_nothing(client):
    client.force_login(make.user(is_staff=True))

    assert client.get(reverse("admin:jobs_tagrule_try"), {"value": "x"}).status_code in (302, 403)
