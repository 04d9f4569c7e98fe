"""What an admin does with the names of definitions: whose they are, who may use them, what takes no more jobs."""

import pytest
from django.urls import reverse

from jobs.models import AuditEntry, Definition, Team
from tests import make

pytestmark = pytest.mark.django_db
LIST = "admin:jobs_definition_changelist"


@pytest.fixture
def admin(client):
    client.force_login(make.admin())
    return client


@pytest.fixture
def hello():
    return make.revision("hello", of=make.team("research")).definition


def run_action(admin, action, *chosen, **more):
    body = {"action": action, "_selected_action": [each.pk for each in chosen], **more}
    return admin.post(reverse(LIST), body, follow=True).content.decode()


def test_a_name_is_transferred_after_it_was_said_what_changes(admin, hello):
    finance = make.team("finance")
    asked = run_action(admin, "transfer", hello)
    assert "Only the new team can register" in asked
    assert "Past jobs and their costs stay with the team that ran them" in asked
    assert Definition.objects.get().team.slug == "research"

    assert "Definitions transferred to Finance: 1." in run_action(admin, "transfer", hello, team=finance.pk)
    assert Definition.objects.get().team == finance
    assert set(AuditEntry.objects.exclude(team=None).values_list("team__slug", "action")) == {
        ("research", "transfer"),
        ("finance", "transfer"),
    }


def test_a_name_is_not_transferred_to_a_team_that_is_switched_off(admin, hello):
    gone = make.team("gone", active=False)

    assert "Select a valid choice" in run_action(admin, "transfer", hello, team=gone.pk)
    assert Definition.objects.get().team.slug == "research"


@pytest.mark.long
def test_names_are_shared_and_deactivated_from_the_list(admin, hello):
    for action, field, value in (
        ("share", "shared", True),
        ("unshare", "shared", False),
        ("deactivate", "archived_at__isnull", False),
        ("activate", "archived_at__isnull", True),
    ):
        assert ": 1." in run_action(admin, action, hello, post="yes")
        assert Definition.objects.filter(**{field: value}).exists()
        assert ": 0." in run_action(admin, action, hello, post="yes")


def test_the_page_of_a_name_changes_only_what_it_is_for(admin, hello):
    other = make.team("finance")
    page = reverse("admin:jobs_definition_change", args=[hello.pk])
    admin.post(page, {"description": "Says hello.", "name": "other", "team": other.pk, "shared": "on"})
    hello.refresh_from_db()

    assert (hello.description, hello.name, hello.team.slug, hello.shared) == (
        "Says hello.",
        "hello",
        "research",
        False,
    )


@pytest.mark.long
def test_the_list_and_a_page_cost_the_same_however_many_names_and_revisions(
    admin, hello, django_assert_max_num_queries
):
    Team.objects.bulk_create(Team(slug=f"t{n}", name=f"T{n}") for n in range(60))
    teams = Team.objects.all()
    Definition.objects.bulk_create(
        Definition(account=hello.account, team=teams[n % 60], name=f"d{n:03}") for n in range(150)
    )
    for _ in range(30):
        make.revision("hello", where=hello.account, registered_by=make.user())

    with django_assert_max_num_queries(8):
        listed = admin.get(reverse(LIST), {"q": "d", "in_use": "yes"}).content.decode()
    with django_assert_max_num_queries(6):
        page = admin.get(reverse("admin:jobs_definition_change", args=[hello.pk])).content.decode()
    assert "d000" in listed
    assert page.count("<tr><td>") == 20
