"""Headers and cookies where no view has a say: static files, errors, redirects, the settings of production."""

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.test.client import ClientHandler

from tests.matrix.dress import missing_parts
from tests.matrix.world import World


@pytest.mark.parametrize("path", ["favicon.svg", "js/theme.js", "css/portal.css", "admin/css/base.css", "nowhere.js"])
def test_a_static_file_is_dressed_like_a_page(world: World, path: str):
    assert not missing_parts(world.ask("anonymous", "GET", f"/static/{path}"))


def test_an_error_is_dressed_like_a_page(world: World, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: Any) -> None:
        raise RuntimeError("a canary in the machine")

    monkeypatch.setattr("jobs.web.health.report.collect_health", broken)
    monkeypatch.setattr("jobs.api.jobs.poll_hint.hint_poll", broken)
    browser = Client(raise_request_exception=False)
    browser.cookies[settings.SESSION_COOKIE_NAME] = world.sessions["admin"]
    token = {"Authorization": f"Bearer {world.secrets['token-read']}"}
    failed = [
        browser.get("/health/"),
        browser.get(f"/api/v1/jobs/{world.ours.job.text_id}", headers=token),
        browser.get("/nowhere/"),
        browser.get("/", headers={"Host": "elsewhere.example"}),
        browser.get("/api/v1/key", headers={"Host": "elsewhere.example", **token}),
    ]

    assert [answer.status_code for answer in failed] == [500, 500, 404, 400, 400]
    for answer in failed[:4]:
        assert not missing_parts(answer), answer.status_code
        assert b"canary" not in answer.content


def test_the_way_to_https_is_dressed_like_a_page(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch):
    settings.SECURE_SSL_REDIRECT = True
    monkeypatch.setattr(world, "handler", ClientHandler())  # middleware that has read it
    answer = world.ask("anonymous", "GET", "/sign-in/")

    assert (answer.status_code, answer.headers["Location"]) == (301, "https://testserver/sign-in/")
    assert not missing_parts(answer)


def test_a_page_with_a_secret_is_kept_by_nobody(world: World):
    address = f"/teams/{world.ours.team.slug}/tokens/"
    response = world.ask("lead", "POST", address, {"name": "CI", "scope": "read", "days": "1"})

    assert b"bpt_" in response.content
    assert response.headers["Cache-Control"] == "no-store, private"


@pytest.mark.parametrize("path", ["/static/favicon.svg", "/schemas/submission.json"])
def test_what_is_the_same_for_everyone_may_be_kept(world: World, path: str):
    assert "public" in world.ask("lead", "GET", path).headers["Cache-Control"]


@pytest.mark.parametrize(("who", "address"), [("lead", "/sign-out/"), ("admin", "/admin/logout/")])
def test_signing_out_empties_the_browser_of_what_it_kept(world: World, who: str, address: str):
    ended = world.ask(who, "POST", address)

    assert ended.status_code in (200, 302)
    assert ended.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_a_session_that_has_ended_by_itself_empties_nothing(world: World):
    """What someone typed is kept in their browser until they sign in again."""
    assert "Clear-Site-Data" not in world.ask("lead", "GET", "/sign-out/").headers
    assert "Clear-Site-Data" not in world.ask("admin", "GET", "/admin/logout/").headers
    for address in ("/", f"/teams/{world.ours.team.slug}/jobs/new/", "/sign-in/"):
        assert "Clear-Site-Data" not in world.ask("anonymous", "GET", address).headers


@pytest.mark.skipif(not settings.PRODUCTION, reason="these tests were started as a quick start")
def test_in_production_cookies_travel_over_https_alone_and_to_this_host_alone():
    for cookie in ("SESSION", "CSRF"):
        told = {part: getattr(settings, f"{cookie}_COOKIE_{part}") for part in ("NAME", "SECURE", "HTTPONLY", "PATH")}
        assert told == {"NAME": told["NAME"], "SECURE": True, "HTTPONLY": True, "PATH": "/"}
        assert told["NAME"].startswith("__Host-")
        assert getattr(settings, f"{cookie}_COOKIE_SAMESITE") == "Lax"
        assert getattr(settings, f"{cookie}_COOKIE_DOMAIN") is None
    assert settings.SECURE_HSTS_SECONDS >= 31_536_000
