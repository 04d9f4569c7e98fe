"""Who may open which page, and who may press which button."""

import html

import pytest
from django.test import Client
from django.urls import reverse

from jobs.models.ids import to_text
from tests.web.conftest import Research, SignIn

PAGES = ["jobs", "write", "definitions", "queues", "submission", "job", "job_log", "definition"]
READ_BY_VIEWERS = [name for name in PAGES if name != "write"]
BUTTONS = ["write", "judge", "submission_stop", "submission_rename", "job_stop", "job_release"]


def url_for(name: str, of: Research) -> str:
    match name:
        case "submission" | "submission_stop" | "submission_rename":
            return reverse(name, args=[of.submission.text_id])
        case "job" | "job_stop" | "job_release" | "job_log":
            return reverse(name, args=[of.job.text_id])
        case "definition":
            return reverse(name, args=[to_text(of.definition.public_id)])
    return reverse(name, args=[of.team.slug])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_one_team_does_not_exist_for_another(name: str, research: Research, signed_in: SignIn) -> None:
    assert signed_in(research.stranger).get(url_for(name, research)).status_code == 404


@pytest.mark.parametrize("name", BUTTONS)
def test_a_button_of_one_team_does_not_exist_for_another(name: str, research: Research, signed_in: SignIn) -> None:
    assert signed_in(research.stranger).post(url_for(name, research)).status_code == 404
    research.job.refresh_from_db()
    assert research.job.stop_requested_at is None


@pytest.mark.parametrize("name", READ_BY_VIEWERS)
def test_staff_see_every_team(name: str, research: Research, signed_in: SignIn) -> None:
    assert signed_in(research.admin).get(url_for(name, research)).status_code == 200


@pytest.mark.parametrize("name", READ_BY_VIEWERS)
def test_a_viewer_sees_the_pages_of_the_team(name: str, research: Research, signed_in: SignIn) -> None:
    assert signed_in(research.viewer.user).get(url_for(name, research)).status_code == 200


@pytest.mark.parametrize("name", BUTTONS)
def test_a_viewer_presses_no_button(name: str, research: Research, signed_in: SignIn) -> None:
    answer = signed_in(research.viewer.user).post(url_for(name, research), {"text": "{}"})

    assert answer.status_code == 403
    words = html.unescape(answer.content.decode())
    assert "Your role in Research (viewer) can't" in words
    assert "Ask an administrator to change it." in words  # a lead can't


@pytest.mark.parametrize("name", BUTTONS)
def test_staff_act_only_as_members(name: str, research: Research, signed_in: SignIn) -> None:
    assert signed_in(research.admin).post(url_for(name, research), {"text": "{}"}).status_code == 403


def test_buttons_that_a_viewer_may_not_press_are_not_shown(research: Research, signed_in: SignIn) -> None:
    for_viewer = signed_in(research.viewer.user).get(research.job.get_absolute_url()).content
    for_analyst = signed_in(research.analyst.user).get(research.job.get_absolute_url()).content

    assert b'id="stop"' not in for_viewer
    assert b'id="stop"' in for_analyst


@pytest.mark.parametrize("name", ["home", *PAGES])
def test_strangers_are_sent_to_sign_in_and_back(name: str, research: Research, client: Client) -> None:
    where = reverse("home") if name == "home" else url_for(name, research)
    answer = client.get(where)

    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{reverse('sign_in')}?next={where}"


def test_a_polling_page_of_someone_signed_out_gets_no_sign_in_page(research: Research, client: Client) -> None:
    answer = client.get(research.job.get_absolute_url(), headers={"HX-Request": "true"})

    assert answer.status_code == 401
    assert b"<form" not in answer.content


@pytest.mark.parametrize("text", ["x", "0" * 26, "A" * 26, "é" * 26, "0" * 25 + "="])
def test_what_is_no_id_is_not_found(text: str, research: Research, signed_in: SignIn) -> None:
    for name in ("submission", "job", "job_log", "definition"):
        assert signed_in(research.analyst.user).get(reverse(name, args=[text])).status_code == 404


def test_signing_in_never_leads_to_another_site(research: Research, client: Client) -> None:
    person = {"username": research.analyst.user.username, "password": "demo"}
    answer = client.post(reverse("sign_in") + "?next=https://example.org/", person)

    assert answer.headers["Location"] == reverse("home")


def test_signing_out_takes_a_post(research: Research, signed_in: SignIn) -> None:
    browser = signed_in(research.analyst.user)

    assert browser.get(reverse("sign_out")).status_code == 405
    assert browser.post(reverse("sign_out")).status_code == 302
    assert browser.get(reverse("home")).status_code == 302


def test_a_button_needs_the_token_of_a_page(research: Research) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(research.analyst.user)
    answer = browser.post(reverse("job_stop", args=[research.job.text_id]))

    assert answer.status_code == 403
    assert "This page has expired" in answer.content.decode()


def test_one_team_is_entered_at_once_and_several_are_offered(research: Research, signed_in: SignIn) -> None:
    entered = signed_in(research.analyst.user).get("/", follow=True)

    assert entered.request["PATH_INFO"].startswith(reverse("team_home", args=["research"]))
    assert b"Elsewhere" in signed_in(research.admin).get("/").content
