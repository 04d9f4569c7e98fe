"""Saved views of the list of jobs, and the columns that a person chose."""

from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from jobs.actions import saved_views as actions
from jobs.models import AuditEntry, Role, SavedView, User
from jobs.web.job_list.columns import DEFAULT_COLUMNS, NO_COLUMNS
from tests import make
from tests.web.conftest import Research, SignIn

ADDRESS = "/teams/research/jobs/"
CONTENT = {"search": "status:failed", "scope": "mine", "sort": "-cost", "columns": "queue,cost"}


def address(name: str, *ids: str, **changes: str) -> str:
    """Return the address of an action, with what the list shows."""
    return f"{reverse(name, args=['research', *ids])}?{urlencode({**CONTENT, **changes})}"


@pytest.fixture
def browser(research: Research, signed_in: SignIn) -> Client:
    return signed_in(research.analyst.user)


@pytest.fixture
def lead(research: Research, signed_in: SignIn) -> Client:
    return signed_in(make.member(research.team, Role.LEAD).user)


def save(browser: Client, name: str = "Failed", search: str = CONTENT["search"], **fields: str) -> QueryDict:
    answer = browser.post(address("job_view_save", search=search), {"name": name, **fields})
    assert answer.status_code == 302
    return QueryDict(answer["Location"].partition("?")[2])


def test_a_view_has_the_search_the_scope_the_order_and_the_columns(browser: Client) -> None:
    query = save(browser)
    view = SavedView.objects.get()

    assert query.dict() == {**CONTENT, "view": view.text_id}
    page = browser.get(f"{ADDRESS}?{query.urlencode()}")
    (link,) = page.context["views"]
    assert (link.view, link.query, link.is_current) == (view, query.urlencode(), True)
    assert page.context["list_query"].columns == ("queue", "cost")
    assert ">Failed</span>" in page.text


@pytest.mark.parametrize("columns", [",".join(DEFAULT_COLUMNS), NO_COLUMNS])
def test_a_view_keeps_the_usual_columns_and_none_whatever_the_person_chooses_later(
    browser: Client, columns: str
) -> None:
    answer = browser.post(address("job_view_save", columns=columns), {"name": "Failed"})
    browser.post(address("job_columns"), {"column": ["aws"]})
    (link,) = browser.get(f"{ADDRESS}?search=").context["views"]

    assert QueryDict(answer["Location"].partition("?")[2])["columns"] == QueryDict(link.query)["columns"] == columns
    assert browser.get(f"{ADDRESS}?{link.query}").context["list_query"].column_names == columns


def test_a_view_saved_under_its_name_again_is_replaced_and_both_are_audited(browser: Client) -> None:
    save(browser)
    save(browser, search="status:lost")
    save(browser, search="status:lost")

    assert SavedView.objects.get().search == "status:lost"
    assert list(
        AuditEntry.objects.filter(noun="saved view").order_by("pk").values_list("action", "noun", "label")
    ) == [
        ("make", "saved view", "Failed"),
        ("change", "saved view", "Failed"),
    ]


def test_jobs_opens_with_the_own_default_or_else_with_the_teams(
    browser: Client, lead: Client, research: Research
) -> None:
    assert browser.get(ADDRESS).status_code == 200
    save(lead, "Of the team", search="status:running", team_view="on", is_default="on")
    team_view = SavedView.objects.get()
    location = browser.get(ADDRESS)["Location"]
    assert QueryDict(location.partition("?")[2])["view"] == team_view.text_id

    save(browser, "Own", is_default="on")
    save(browser, "Other", is_default="on")
    own = SavedView.objects.get(person=research.analyst.user, is_default=True)
    assert own.name == "Other"
    assert QueryDict(browser.get(ADDRESS)["Location"].partition("?")[2])["view"] == own.text_id
    assert browser.get(f"{ADDRESS}?search=").status_code == 200
    browser.post(address("job_view_default", own.text_id))
    assert QueryDict(browser.get(ADDRESS)["Location"].partition("?")[2])["view"] == team_view.text_id


def test_leads_alone_change_views_of_the_team_and_all_members_have_them(browser: Client, lead: Client) -> None:
    refusal = browser.post(address("job_view_save"), {"name": "x", "team_view": "on"})
    assert (refusal.status_code, SavedView.objects.exists()) == (403, False)

    save(lead, team_view="on")
    view = SavedView.objects.get()
    (link,) = browser.get(ADDRESS).context["views"]
    assert (link.view, link.can_change) == (view, False)
    for name in ("job_view_delete", "job_view_default"):
        assert browser.post(address(name, view.text_id)).status_code == 403
    assert lead.post(address("job_view_delete", view.text_id)).status_code == 302
    assert not SavedView.objects.exists()
    assert AuditEntry.objects.latest("pk").action == "remove"


def test_own_views_are_their_persons_alone(browser: Client, lead: Client, research: Research) -> None:
    save(browser)
    view = SavedView.objects.get()

    assert lead.get(ADDRESS).context["views"] == []
    assert lead.post(address("job_view_delete", view.text_id)).status_code == 404
    assert lead.get(f"{ADDRESS}?search=&view={view.text_id}").status_code == 200


@pytest.mark.parametrize(
    ("name", "search", "message"),
    [
        (" ", "nightly", "Enter a name for the view."),
        ("x" * 61, "nightly", "at most 60 characters"),
        ("a\x1bb", "nightly", "Use one line without control characters."),
        ("Failed", "statsu:x", "Fix the search first."),
    ],
)
def test_a_view_that_cannot_be_saved_says_why_and_the_list_stays(
    browser: Client, name: str, search: str, message: str
) -> None:
    page = browser.post(address("job_view_save", search=search), {"name": name}, follow=True)

    assert message in page.text
    assert page.context["list_query"].text == search
    assert not SavedView.objects.exists()


def test_views_have_a_limit(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MAX_VIEWS", 1)
    save(browser)
    save(browser, "Second")

    assert SavedView.objects.get().name == "Failed"
    save(browser, search="status:lost")
    assert SavedView.objects.get().search == "status:lost"


def test_columns_are_remembered_and_in_the_url(browser: Client, research: Research) -> None:
    answer = browser.post(address("job_columns"), {"column": ["aws", "queue", "nonsense"]})
    query = QueryDict(answer["Location"].partition("?")[2])

    assert query.dict() == {**CONTENT, "columns": "queue,aws"}
    assert User.objects.get(pk=research.analyst.user.pk).job_columns == ["queue", "aws"]
    page = browser.get(ADDRESS)
    assert page.context["list_query"].columns == ("queue", "aws")
    assert "AWS job ID</th>" in page.text
    assert "Run time" not in page.text.partition("<table")[2].partition("</thead>")[0]
    assert "AWS job ID</th>" not in browser.get(f"{ADDRESS}?columns=cost").text

    browser.post(address("job_columns"))
    assert browser.get(ADDRESS).context["list_query"].columns == ()
