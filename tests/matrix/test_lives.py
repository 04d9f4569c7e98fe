"""What someone may do ends with the reason for it: at once, in every session and for every token."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from jobs.models import ApiToken, Membership, User
from tests import make
from tests.matrix.routes import all_routes
from tests.matrix.sides import OURS, session_of, submission_of
from tests.matrix.test_matrix import EXPECTED
from tests.matrix.world import World, text


def page(world: World) -> str:
    return reverse("jobs", args=[world.ours.team.slug])


def statuses(world: World) -> tuple[int, int, int, int]:
    """The analyst looks and writes in the browser, and does the same by the token."""
    write = reverse("write", args=[world.ours.team.slug])
    return (
        world.ask("analyst", "GET", page(world)).status_code,
        world.ask("analyst", "GET", write).status_code,
        world.ask("token-submit", "GET", f"/api/v1/jobs/{world.ours.job.text_id}").status_code,
        world.ask("token-submit", "POST", "/api/v1/submissions", submission_of(OURS)).status_code,
    )


@pytest.mark.long
def test_at_first_everything_is_open(world: World):
    assert statuses(world) == (200, 200, 200, 202)


def test_a_smaller_role_counts_from_the_next_request(world: World):
    Membership.objects.filter(user=world.ours.analyst).update(role="viewer")
    assert statuses(world) == (200, 403, 200, 403)


def test_a_larger_role_counts_from_the_next_request(world: World):
    address = reverse("tokens", args=[world.ours.team.slug])
    assert world.ask("analyst", "GET", address).status_code == 403
    Membership.objects.filter(user=world.ours.analyst).update(role="lead")
    assert world.ask("analyst", "GET", address).status_code == 200


def test_whoever_leaves_the_team_is_out_at_once(world: World):
    Membership.objects.filter(user=world.ours.analyst).delete()
    assert statuses(world) == (404, 404, 401, 401)


def test_whoever_is_switched_off_is_out_everywhere_at_once(world: World):
    User.objects.filter(pk=world.ours.analyst.pk).update(is_active=False)
    assert statuses(world) == (302, 302, 401, 401)


def test_an_admin_who_is_no_longer_staff_sees_nothing_more(world: World):
    address = page(world)
    assert world.ask("admin", "GET", address).status_code == 200
    User.objects.filter(username="administrator").update(is_staff=False, is_superuser=False)
    assert world.ask("admin", "GET", address).status_code == 404
    assert world.ask("admin", "GET", reverse("admin:index")).status_code == 302


@pytest.mark.long
def test_an_inactive_team_is_read_and_nothing_else(world: World):
    world.ours.team.active = False
    world.ours.team.save()
    assert statuses(world)[:2] == (200, 403)
    for name in ("write", "judge", "open_form", "job_form", "definition_form", "tokens"):
        answer = world.ask("lead", "POST", reverse(name, args=[world.ours.team.slug]), {"text": "{}"})
        assert (answer.status_code, "is inactive" in text(answer)) == (403, True), name
    stop = reverse("job_stop", args=[world.ours.job.text_id])
    assert world.ask("lead", "POST", stop).status_code == 403
    assert statuses(world)[2:] == (401, 401)


def test_an_expired_or_revoked_token_is_worth_nothing(world: World):
    ApiToken.objects.filter(team=world.ours.team).update(revoked_at="2026-01-01T00:00:00Z")
    assert statuses(world)[2:] == (401, 401)


def test_a_new_password_ends_sessions_and_tokens(world: World):
    """Whoever stole either keeps it no longer than until its owner is alarmed."""
    world.ours.analyst.set_password("another one")
    world.ours.analyst.save()
    assert statuses(world) == (302, 302, 401, 401)


@pytest.mark.long
def test_staff_without_a_second_factor_are_let_in_nowhere(world: World):
    """Pages and the admin send them to set one up. What everyone may see without signing in, they may."""
    Authenticator.objects.all().delete()
    set_up, door = reverse("mfa_activate_totp"), reverse("admin:login")
    open_to_all = {"healthz", "livez", "readyz"}
    open_to_all |= {"cli", "cli_script", "schema", "account_login", "sign_in", "mfa_authenticate"}
    open_to_all |= {"account_reset_password", "account_reset_password_done", "account_reset_password_from_key"}
    on_the_way = {"mfa_activate_totp", "account_reauthenticate", "mfa_reauthenticate", "sign_out", "admin:logout"}
    tried = 0
    for route in all_routes():
        for method in ("GET", "POST"):
            if route.area == "api" or route.name in open_to_all | on_the_way or (route.name, method) not in EXPECTED:
                continue
            answer = world.ask("admin", method, route.address(world.ids), {})
            assert answer.status_code == 302, f"{method} {route.name}: {answer.status_code}"
            assert answer["Location"].startswith((set_up, door)), f"{method} {route.name}: {answer['Location']}"
            tried += 1

    assert tried > 100
    assert world.ask("admin", "GET", door)["Location"] == set_up
    assert world.ask("admin", "GET", reverse("home"), headers={"HX-Request": "true"}).status_code == 403
    assert world.ask("admin", "GET", set_up).status_code == 200


def test_a_second_factor_that_was_taken_away_or_is_another_one_counts_from_the_next_request(world: World):
    person = User.objects.get(username="administrator")
    assert world.ask("admin", "GET", reverse("home")).status_code == 200
    Authenticator.objects.filter(user=person).delete()
    assert world.ask("admin", "GET", reverse("home"))["Location"] == reverse("mfa_activate_totp")
    make.second_factor(person)
    shown_again = world.ask("admin", "GET", reverse("home"))["Location"]
    assert shown_again == f"{reverse('mfa_reauthenticate')}?next=%2F"


@pytest.mark.long
def test_a_token_of_someone_who_became_staff_goes_on_as_before(world: World):
    """It has nothing of what staff may: it acts for its one team, with the role that its person has there."""
    User.objects.filter(pk=world.ours.analyst.pk).update(is_staff=True)
    assert statuses(world) == (302, 302, 200, 202)
    theirs = f"/api/v1/jobs/{world.theirs.job.text_id}"
    assert world.ask("token-submit", "GET", theirs).status_code == 404


def test_signing_out_ends_the_session_for_whoever_copied_it(world: World):
    world.ask("analyst", "POST", reverse("sign_out"), {}, keep_changes=True)
    assert statuses(world)[:2] == (302, 302)


def test_signing_in_makes_a_new_session(world: World, settings: Any):
    """A session that was planted before is not the one that is signed in (session fixation)."""
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = planted = session_of(world.ours.lead)
    browser.post(reverse("sign_out"))
    browser.cookies[settings.SESSION_COOKIE_NAME] = planted
    browser.post(reverse("sign_in"), {"username": world.ours.viewer.username, "password": "demo"})

    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != planted


@pytest.mark.parametrize("who", ["viewer", "admin"])
def test_a_session_and_a_token_together_are_the_token_in_the_api_and_the_session_on_pages(world: World, who: str):
    theirs = {"Authorization": f"Bearer {world.secrets['token-other']}"}
    job = world.ours.job.text_id

    assert world.ask(who, "GET", f"/api/v1/jobs/{job}", headers=theirs).status_code == 404
    assert world.ask(who, "GET", f"/jobs/{job}/", headers=theirs).status_code == 200
