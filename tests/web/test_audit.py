"""The page of what people did: for a team's leads their team's, for staff everyone's; with names and differences."""

import re
from datetime import date

import pytest
from django.urls import reverse

from jobs import audit
from jobs.models import ApiToken, Membership
from jobs.models.ids import new_id, to_text
from jobs.reports.audit import AuditFilter, audit_entries
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def lead():
    return make.member(make.team("research"), "lead", make.user("grace", first_name="Grace"))


@pytest.fixture
def browser(client, lead):
    client.force_login(lead.user)
    return client


def page(client, where=None, **query):
    address = reverse("audit", args=[where.slug]) if where else reverse("audit_all")
    return client.get(address, query)


def rows(answer):
    return answer.context["listing"].rows


def record(person, team=None, act="change", **more):
    return audit.record(act, person=person, team=team, **more)


def test_an_act_is_told_with_the_name_that_its_person_has_now(browser, lead):
    record(lead.user, lead.team, "submit", target=make.submission(lead, name="nightly"), after={"jobs": 3})
    lead.user.first_name = "Amazing"
    lead.user.save()

    text = page(browser, lead.team).content.decode()
    assert "Amazing" in text
    assert "nightly" in text
    assert "Grace" not in text


def test_of_someone_who_is_gone_only_the_id_is_left(browser, lead):
    gone = make.user("ada")
    record(gone, lead.team)
    gone.delete()

    assert rows(page(browser, lead.team))[0].person == to_text(gone.public_id)


def test_before_and_after_are_told_as_what_differs(browser, lead):
    record(
        lead.user,
        lead.team,
        before={"max": 8, "same": 1, "deep": {"image": "a:1", "env": [{"name": "A", "value": "x"}]}},
        after={"max": 16, "same": 1, "deep": {"image": "a:2", "env": [{"name": "A", "value": "y"}]}},
    )
    record(lead.user, lead.team, "make", after={"features": ["secrets"], "active": True})

    made, changed = rows(page(browser, lead.team))
    assert [(each.name, each.before, each.after) for each in changed.changes] == [
        ("max", "8", "16"),
        ("deep › image", "a:1", "a:2"),
    ]
    assert [(each.name, each.before, each.after) for each in made.changes] == [
        ("features", None, '[\n  "secrets"\n]'),
        ("active", None, "yes"),
    ]


def test_actions_and_details_are_told_in_todays_words_however_they_are_stored(browser, lead):
    record(lead.user, lead.team, "make", target=audit.AuditTarget("api token", "", "ci-build"))
    record(lead.user, lead.team, "stop", before={"going": ["a"], "more going": 3})
    record(None, lead.team, "let go", target=audit.AuditTarget("audit", label="up to 4711"))
    answer = page(browser, lead.team)
    text = " ".join(re.sub("<[^>]*>", " ", answer.content.decode()).split())

    assert [change.name for change in rows(answer)[1].changes] == ["stopped jobs", "more stopped jobs"]
    assert "Delete expired entries up to 4711" in text
    assert "Create API token ci-build" in text
    assert "Let go" not in text
    assert '<option value="let go" >Delete expired entries</option>' in answer.content.decode()


def test_an_action_does_not_repeat_its_object(browser, lead):
    submission = make.submission(lead, name="nightly")
    record(lead.user, lead.team, "submit", target=submission)

    [row] = rows(page(browser, lead.team))
    assert row.phrase == "Submit"


def test_people_within_a_difference_have_names_too(browser, lead):
    member = make.member(lead.team, "viewer", make.user("ada", first_name="Ada"))
    about = Membership.objects.get(user=member.user)
    record(lead.user, lead.team, "make", target=about, after={"user": f"person {to_text(member.user.public_id)}"})
    record(lead.user, lead.team, "make", target=member.user)

    by_id, by_value = rows(page(browser, lead.team))
    assert by_id.label == "Ada"
    assert by_value.changes[0].after == "Ada"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"person": "grace"}, [4, 1]),
        ({"person": "nobody-at-all"}, []),
        ({"act": "stop"}, [3, 2]),
        ({"about": "nightly"}, [4, 3]),
        ({"act": "stop", "about": "nightly"}, [3]),
        ({"act": "no such act"}, []),
        ({}, [4, 3, 2, 1]),
    ],
)
def test_acts_are_found_by_person_act_and_object(browser, lead, asked, found):
    other = make.member(lead.team, "analyst", make.user("ada")).user
    nightly, weekly = (make.submission(lead, name=name) for name in ("nightly", "weekly"))
    record(lead.user, lead.team, "submit", target=weekly)
    record(other, lead.team, "stop", target=weekly)
    record(other, lead.team, "stop", target=nightly)
    record(lead.user, lead.team, "submit", target=nightly)

    assert [row.number for row in rows(page(browser, lead.team, **asked))] == found
    by_id = rows(page(browser, lead.team, about=nightly.text_id, person=to_text(other.public_id)))
    assert [row.number for row in by_id] == [3]


@pytest.fixture
def four_days(lead, time_machine):
    for day in range(1, 5):
        time_machine.move_to(f"2026-03-0{day}T23:59:59Z", tick=False)
        record(lead.user, lead.team, "stop" if day % 2 else "submit")
    return lead


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"from": "2026-03-03"}, [4, 3]),
        ({"to": "2026-03-02"}, [2, 1]),
        ({"from": "2026-03-02", "to": "2026-03-03"}, [3, 2]),
        ({"from": "2026-03-02", "to": "2026-03-04", "act": "stop"}, [3]),
        ({"from": "2026-03-05"}, []),
        ({"to": "2026-02-28"}, []),
        ({"to": "9999-12-31"}, [4, 3, 2, 1]),
        ({"from": "yesterday"}, [4, 3, 2, 1]),
    ],
)
def test_acts_are_found_by_day(client, four_days, asked, found):
    client.force_login(four_days.user)
    answer = page(client, four_days.team, **asked)

    assert [row.number for row in rows(answer)] == found
    assert ("isn&#x27;t a valid date" in answer.content.decode()) is (asked.get("from") == "yesterday")
    everywhere = make.admin()
    client.force_login(everywhere)
    assert [row.number for row in rows(page(client, team="research", **asked))] == found


def test_the_next_page_and_the_link_of_a_person_keep_the_days(client, four_days, monkeypatch):
    monkeypatch.setattr("jobs.reports.audit.audit_page.__kwdefaults__", {"before": "", "rows": 1})
    client.force_login(four_days.user)
    text = page(client, four_days.team, **{"from": "2026-03-02", "to": "2026-03-03"}).content.decode()

    assert 'href="?from=2026-03-02&amp;to=2026-03-03&amp;before=research.3" rel="next"' in text.replace(
        "&to", "&amp;to"
    )
    assert f'href="?from=2026-03-02&amp;to=2026-03-03&amp;person={to_text(four_days.user.public_id)}"' in text


@pytest.mark.parametrize("team", [None, "research"])
@pytest.mark.parametrize(
    "days", [(date(2026, 3, 2), None), (date(2026, 3, 2), date(2026, 3, 3)), (None, date(2026, 3, 3))]
)
def test_a_page_of_old_days_is_found_by_indexes(lead, team, days):
    since, until = days
    entries = audit_entries(lead.team if team else None, AuditFilter(since=since, until=until))
    plan = entries.order_by("-pk")[:51].explain()
    if "SEARCH" not in plan:
        pytest.skip("the plans of SQLite are looked at")

    assert "audit_of_time" in plan
    assert ("audit_of_team" if team else "INTEGER PRIMARY KEY (rowid") in plan
    assert not any(line.startswith("SCAN jobs_auditentry") for line in plan.splitlines())
    assert "TEMP B-TREE" not in plan


def test_a_lead_sees_nothing_of_other_teams_by_any_filter(browser, lead):
    elsewhere = make.member(make.team("finance"), "lead", make.user("ada"))
    theirs = make.submission(elsewhere, name="secret-plan")
    record(elsewhere.user, elsewhere.team, target=theirs)
    record(None)
    for asked in ({}, {"person": "ada"}, {"about": "secret-plan"}, {"about": theirs.text_id}, {"team": "finance"}):
        assert rows(page(browser, lead.team, **asked)) == []
    assert rows(page(browser, lead.team, before="finance.9")) == []


def test_staff_see_all_teams_and_the_portal_itself_and_can_choose(client, lead):
    client.force_login(make.admin())
    record(lead.user, lead.team)
    record(lead.user, make.team("finance"))

    everywhere = rows(page(client))
    assert [row.team.slug if row.team else "" for row in everywhere] == ["finance", "research", ""]
    assert [row.action for row in rows(page(client, team="-"))] == ["sign in"]
    assert [row.team.slug for row in rows(page(client, team="research"))] == ["research"]
    assert rows(page(client, lead.team))[0].team == lead.team


@pytest.mark.parametrize("everywhere", [False, True])
def test_pages_go_on_where_the_last_one_ended_without_counting(client, lead, everywhere, monkeypatch):
    monkeypatch.setattr("jobs.reports.audit.audit_page.__kwdefaults__", {"before": "", "rows": 3})
    client.force_login(make.admin())
    for number in range(7):
        record(lead.user, lead.team, after={"number": number})
    seen, before = [], ""
    while True:
        answer = page(client, None if everywhere else lead.team, team="research", before=before)
        seen += [row.number for row in rows(answer)]
        before = answer.context["listing"].next
        if not before:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("before", ["x", "research.", "research.999999999999999999999", "nowhere.1", "-.1", "\0.1"])
def test_a_page_that_begins_nowhere_begins_at_the_newest(browser, lead, before):
    record(lead.user, lead.team)

    assert [row.number for row in rows(page(browser, lead.team, before=before))] == [1]


@pytest.mark.long
def test_a_page_costs_the_same_however_much_there_is(browser, lead, django_assert_num_queries):
    def fill(times):
        for _ in range(times):
            who = make.member(lead.team).user
            token = ApiToken.objects.create(
                team=lead.team, person=who, name="CI", prefix="bpt_x", digest=f"{who.pk:064}"
            )
            with audit.audit_context("api"):
                audit.set_token(token.public_id)
                record(who, lead.team, target=make.submission(lead), after={"by": f"person {to_text(who.public_id)}"})

    fill(1)
    with django_assert_num_queries(9):
        page(browser, lead.team)
    fill(30)
    with django_assert_num_queries(9):
        assert len(rows(page(browser, lead.team))) == 31


def test_a_token_is_named_while_it_is_known(browser, lead):
    token = ApiToken.objects.create(team=lead.team, person=lead.user, name="Nightly CI", prefix="b", digest="0" * 64)
    for known in (token.public_id, new_id()):
        with audit.audit_context("cli", "192.0.2.1"):
            audit.set_token(known)
            record(lead.user, lead.team)

    unknown, named = rows(page(browser, lead.team))
    assert (named.token, named.channel, named.address) == ("Nightly CI", "cli", "192.0.2.1")
    assert re.fullmatch("[0-9a-v]{26}", unknown.token)


def test_what_stands_in_it_is_text(browser, lead):
    with audit.audit_context("<b>door</b>", HOSTILE):
        record(
            lead.user,
            lead.team,
            target=audit.AuditTarget(HOSTILE, HOSTILE, HOSTILE),
            before={HOSTILE: HOSTILE},
            after={HOSTILE: f"{HOSTILE}2"},
        )

    text = page(browser, lead.team, person=HOSTILE, about=HOSTILE).content.decode()
    assert HOSTILE not in text
    plain = page(browser, lead.team).content.decode()
    assert HOSTILE not in plain
    assert "<b>" not in plain


def test_an_object_that_has_a_page_leads_to_it(browser, lead):
    submission = make.submission(lead)
    record(lead.user, lead.team, target=submission)

    assert f'href="{submission.get_absolute_url()}"' in page(browser, lead.team).content.decode()


def test_the_menu_offers_it_to_whoever_may_read_it(client, lead):
    address = reverse("audit", args=[lead.team.slug])
    for who, offered in ((lead.user, True), (make.member(lead.team, "analyst").user, False), (make.admin(), True)):
        client.force_login(who)
        assert (f'href="{address}"' in client.get(reverse("jobs", args=[lead.team.slug])).content.decode()) is offered
