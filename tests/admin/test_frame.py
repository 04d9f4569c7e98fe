"""What the admin looks like as a part of the portal: its menu, its header, and names where the log has ids."""

import html
import re

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from jobs import audit
from jobs.models import ApiToken, Rate
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    client.force_login(make.admin("root"))
    return client


def test_every_page_has_the_portals_mark_and_a_way_back(admin):
    for url in (reverse("admin:index"), reverse("admin:jobs_team_changelist"), reverse("admin:jobs_team_add")):
        page = admin.get(url).content.decode()
        assert 'rel="icon"' in page
        assert f'<a href="{reverse("home")}">Back to the portal</a>' in page
        assert f'href="{reverse("health")}"' in page
        assert "Administration · Batch Portal</title>" in page
        assert "Administration · Administration" not in page
        assert "Django" not in page
        assert 'src="/static/admin/js/theme.js"' not in page  # stores its choice under the key of the portal's own
    assert finders.find("favicon.svg")


def test_the_menu_is_in_groups_of_the_portal(admin):
    page = admin.get(reverse("admin:index"))
    groups = {group["name"]: [model["name"] for model in group["models"]] for group in page.context["app_list"]}

    assert groups == {
        "Teams and users": ["Teams", "Users", "Tag rules", "API tokens"],
        "AWS": [
            "Accounts",
            "Queues",
            "Job definitions",
            "Rates",
            "Instance types",
            "Instance prices",
            "Cost corrections",
        ],
        "Records": ["Audit log"],
        "Permissions of administrators": ["Permission groups"],
    }
    assert "Authentication and Authorization" not in page.content.decode()


def test_a_list_is_titled_by_what_it_lists(admin):
    for noun, title in (("rate", "Rates"), ("auditentry", "Audit log"), ("queue", "Queues")):
        assert f"<h1>{title}</h1>" in admin.get(reverse(f"admin:jobs_{noun}_changelist")).content.decode()


def test_the_audit_log_names_people_and_tokens(admin):
    lead = make.member(role="lead", who=make.user("ada", first_name="Ada", last_name="Lovelace"))
    token = ApiToken.objects.create(
        team=lead.team, person=lead.user, name="ci", prefix="bpt_x9Yz12Qp", digest="0" * 64
    )
    audit.record("revoke", person=lead.user, team=lead.team, target=token)
    audit.record("make", person=None, target=Rate(platform="EC2"))
    entry = audit.record("change", person=lead.user, target=lead.user, after={"who": f"person {token_id(lead.user)}"})
    listed = html.unescape(admin.get(reverse("admin:jobs_auditentry_changelist")).content.decode())

    assert listed.count("Ada Lovelace") == 3  # two people, and the changed account
    assert "Change user Ada Lovelace" in listed
    assert "Revoke API token ci (x9Yz12Qp…)" in listed
    assert "Create rate" in listed
    assert str(lead.user.public_id) not in listed
    text = admin.get(reverse("admin:jobs_auditentry_change", args=[entry.pk])).content.decode()
    assert "Ada Lovelace" in text
    listing = admin.get(reverse("admin:jobs_auditentry_changelist"), {"q": "ada"}).content.decode()
    assert "Revoke API token" in listing
    assert "Create rate" not in listing


def test_the_audit_log_is_filtered_by_team_and_time_and_leads_to_the_portals_page(admin, time_machine):
    teams = [make.team(name) for name in ("research", "finance")]
    for day, team in ((1, teams[0]), (20, teams[1]), (20, None), (28, teams[0])):
        time_machine.move_to(f"2026-03-{day:02}T12:00Z", tick=False)
        audit.record("change", person=None, team=team, target=audit.AuditTarget("note", label=f"on day {day}"))

    def listed(**query):
        answer = admin.get(reverse("admin:jobs_auditentry_changelist"), query)
        page = answer.content.decode()
        entries = answer.context["cl"].result_list
        return [str(entry.label) for entry in entries if entry.label.startswith("on day")], page

    admin.force_login(make.admin("later"))  # the session of the clock as it is now
    assert listed()[0] == ["on day 28", "on day 20", "on day 20", "on day 1"]
    assert listed(team="research")[0] == ["on day 28", "on day 1"]
    assert listed(team="-")[0] == ["on day 20"]
    assert listed(days="7")[0] == ["on day 28"]
    assert listed(days="30", team="finance")[0] == ["on day 20"]
    assert listed(days="x")[0] == listed()[0]
    page = listed(team="research")[1]
    assert f'<a href="{reverse("audit", args=["research"])}">Open in the portal</a>' in page
    assert f'<a href="{reverse("audit", args=["research"])}">Research</a>' in page
    assert f'<a href="{reverse("audit_all")}?team=-">Open in the portal</a>' in listed(team="-")[1]
    assert 'data-label="Action"' in page
    assert re.search(r"\n\s*2\s+audit entries", page)


def token_id(person):
    return audit.describe_target(person).id


def test_the_audit_log_costs_the_same_for_many_people(admin, django_assert_max_num_queries):
    for _ in range(30):
        person = make.user()
        audit.record("sign in", person=person, target=person)
    with django_assert_max_num_queries(8):
        admin.get(reverse("admin:jobs_auditentry_changelist"))


def test_a_rate_is_shown_without_trailing_zeros(admin):
    page = admin.get(reverse("admin:jobs_rate_changelist")).content.decode()

    assert ">0.04048<" in page
    assert "0.0404800000" not in page
