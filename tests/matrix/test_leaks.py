"""No word of another team, and no secret, stands on any page, in any sheet or in any answer of the API."""

import re
from collections import deque
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import reverse

from jobs.models import Membership
from tests.matrix.dress import missing_parts
from tests.matrix.routes import all_routes
from tests.matrix.sides import OURS, SECRET, THEIRS
from tests.matrix.test_matrix import EXPECTED
from tests.matrix.world import World, text

MOST_PAGES = 300
REDIRECTS = frozenset({
    "token_revoke", "member_role", "member_remove", "open_form", "job_sweep", "team", "job_columns", "job_view_save",
    "job_view_delete", "job_view_default",
})  # fmt: skip
"""Routes below a team that answer a GET with another page."""
_LINK = re.compile(r'(?:href|hx-get|action|data-log|data-src)="([^"]+)"')


def crawl(world: World, who: str, start: str = "/") -> dict[str, Any]:
    """Every page that can be reached by links from the first, nearest first; queries beyond three of a page are
    the same page."""
    seen: dict[str, Any] = {}
    often: dict[str, int] = {}
    waiting = deque([start])
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.popleft()
        parts = urlsplit(address)
        place = parts.path + (f"?{parts.query}" if parts.query else "")
        often[parts.path] = often.get(parts.path, 0) + (place not in seen)
        if parts.netloc or parts.scheme or place in seen or often[parts.path] > 4:
            continue
        if parts.path.startswith(("/static/", "/admin/")) or parts.path == reverse("sign_out"):
            continue
        answer = seen[place] = world.ask(who, "GET", place)
        waiting.extend(urljoin(place, unescape(link)) for link in _LINK.findall(text(answer)))
        if "Location" in answer.headers:
            waiting.append(urljoin(place, answer.headers["Location"]))
    return seen


def views(pages: dict[str, Any]) -> set[str]:
    return {answer.resolver_match.url_name for answer in pages.values() if answer.resolver_match}


@pytest.mark.long
@pytest.mark.parametrize("who", ["viewer", "analyst", "lead"])
def test_whoever_follows_every_link_never_meets_another_team(world: World, who: str):
    pages = crawl(world, who)

    for address, answer in pages.items():
        assert answer.status_code in (200, 204, 302, 405), f"{address}: {answer.status_code}"
        assert THEIRS not in text(answer).lower(), address
        assert not missing_parts(answer), address
        # In a draft someone reads what they typed themselves; everywhere else secrets are masked, in forms too.
        assert "draft=" in address or SECRET not in text(answer), f"{address} shows a secret"
    offered = {route.name for route in all_routes() if route.area == "web" and (route.name, "GET") in EXPECTED}
    not_linked = {
        "sign_in",
        "account_login",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "mfa_authenticate",
        "mfa_reauthenticate",
        "mfa_generate_recovery_codes",
        "healthz",
        "livez",
        "readyz",
        "health",
        "schema",
        "cli_script",
        "submission_run_again",  # of a workflow
        "compare",  # by a button of the list of jobs, as the next
        "bulk_new",
        "submission_stop",
        "submission_rename",
        "submission_graph",  # by the script of the page
        "job_children_map",
        "job_log_lines",  # by the script of the viewer, as the next three
        "job_log_matches",
        "child_log_lines",
        "child_log_matches",
        "job_sweep",  # by a button of the job's form
        "jobs_suggest",  # by the script of the search
        "team",  # leads on to the list of jobs
        "submission_sweep",
        "job_stop",
        "job_release",
        "job_view_default",  # with a saved view
        "job_view_delete",
        "token_revoke",
        "own_token_revoke",
        "member_role",
        "member_remove",
        "approval_approve",
        "approval_decline",
        "approval_withdraw",
        "job_values",  # by a button, as each that follows
        "submission_values",
        "revision_values",
        "approvals_of_all",  # of leads and of staff
        "costs_of_all",  # of people with several teams, as the next
        "costs_csv_of_all",
        "actual_costs_of_all",
        "actual_costs_csv_of_all",
        "draft_go_on",  # by pressing "Run with another image"
        "definition_describe",
        "definition_share",
        "definition_unshare",
        "definition_deactivate",
        "definition_activate",
        "launch_form_favorite",
        "form_preset_save",
        "form_preset_delete",
        "launch_form_revisions",  # with a newer revision
        "launch_form_archive",
        "launch_form_restore",
        "launch_form_version_restore",
        "template_describe",
        "template_archive",
        "template_restore",
        "template_version_restore",
        "revision_why",
        "revision_deactivate",
    }
    mine = {name for name in offered - not_linked if EXPECTED[name, "GET"][who] in (200, 302)}
    assert mine <= views(pages), "Nobody got there by a link: is it still reached otherwise?"


@pytest.mark.long
def test_every_page_of_the_team_speaks_of_the_team_alone(world: World):
    """Not only what is linked: each page, its live part, its sheets, asked for by its address."""
    for route in all_routes():
        if route.area == "admin" or (route.name, "GET") not in EXPECTED:
            continue
        who = "token-read" if route.area == "api" else "lead"
        for query in ("?part=live", "?part=lines&q=a&by=person&since=0", "?by=queue&status=FAILED"):
            said = text(world.ask(who, "GET", route.address(world.ids) + query))
            assert THEIRS not in said.lower(), f"{route.name}{query}"
            assert SECRET not in said, f"{route.name}{query} shows a secret"


@pytest.mark.long
def test_the_words_that_are_looked_for_are_there(world: World):
    """Else the tests above would prove nothing: the other team's own people read them on the same pages."""
    for route in all_routes():
        if "<slug" in route.pattern and (route.name, "GET") in EXPECTED and route.area == "web":
            address = route.address({**world.ids, **world.theirs.ids})
            redirects = route.name in {*REDIRECTS, "jobs_suggest"}
            assert redirects or THEIRS in text(world.ask("other-lead", "GET", address)).lower()
            assert OURS not in text(world.ask("other-lead", "GET", address)).lower(), route.name


@pytest.mark.long
def test_what_is_shared_says_whose_it_is_and_no_password(world: World):
    """Of a shared definition others see its document and the name of its team, on purpose; nothing else of it."""
    world.theirs.definition.shared = True
    world.theirs.definition.save()
    key = world.theirs.ids["definitions", "text_id"]
    team = f"/teams/{world.ours.team.slug}"
    for address in (
        f"/definitions/{key}/",
        f"/definitions/{key}/difference/",
        f"{team}/definitions/",
        f"{team}/new/?revise={key}",
        f"{team}/definitions/new/?revise={key}",
        f"{team}/definitions/new/?clone={key}",
        f"{team}/jobs/new/?definition={THEIRS}-definition",
    ):
        said = text(world.ask("analyst", "GET", address))
        assert SECRET not in said, address
        for private in (f"{THEIRS}-queue", f"{THEIRS}-job", f"{THEIRS}-analyst", f"{THEIRS}@", f"{THEIRS} account"):
            assert private not in said, f"{address}: {private}"


@pytest.mark.long
def test_who_may_only_look_in_one_team_does_not_read_its_passwords_through_another(world: World):
    """A viewer here who is an analyst elsewhere opens what is ours in the editor of there."""
    Membership.objects.create(team=world.theirs.team, user=world.ours.viewer, role="analyst")
    theirs = f"/teams/{world.theirs.team.slug}"
    ids = world.ours.ids
    for address in (
        f"{theirs}/new/?from={ids['submissions', 'text_id']}",
        f"{theirs}/new/?revise={ids['definitions', 'text_id']}",
        f"{theirs}/jobs/new/?again={ids['jobs', 'text_id']}",
        f"{theirs}/definitions/new/?revise={ids['definitions', 'text_id']}",
        f"{theirs}/definitions/new/?clone={ids['definitions', 'text_id']}",
    ):
        assert SECRET not in text(world.ask("viewer", "GET", address)), address


@pytest.mark.parametrize("model", ["team", "user", "queue"])
def test_what_the_admin_completes_it_completes_for_staff_alone(world: World, model: str):
    fields = {"team": ("membership", "team"), "user": ("membership", "user"), "queue": ("queuegrant", "queue")}[model]
    address = f"{reverse('admin:autocomplete')}?app_label=jobs&model_name={fields[0]}&field_name={fields[1]}&term="

    assert THEIRS in text(world.ask("admin", "GET", address + THEIRS)).lower()
    for who in ("viewer", "lead", "other-lead", "token-other"):
        answer = world.ask(who, "GET", address + THEIRS)
        assert (answer.status_code, THEIRS in text(answer).replace(f"term%3D{THEIRS}", "")) == (302, False)


@pytest.mark.long
def test_no_page_of_the_admin_shows_a_password(world: World):
    for route in all_routes():
        if route.area == "admin" and (route.name, "GET") in EXPECTED and not route.pattern.startswith("admin/auth/"):
            said = text(world.ask("admin", "GET", route.address(world.ids)))
            assert SECRET not in said, route.name
            assert world.ours.token.digest not in said, route.name
