"""How long a session lasts, where one is signed in, and what ends it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from jobs import sessions
from jobs.models import AuditEntry, User
from tests import make
from tests.web.test_sign_in import code

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

START = datetime(2030, 1, 1, 8, tzinfo=UTC)
PAGE = "/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
LIVE = {"HX-Request": "true"}


@pytest.fixture
def person() -> User:
    return make.member(who=make.user("ada")).user


def browser_of(name: str = "ada", agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
    browser = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    assert browser.post("/sign-in/", {"username": name, "password": "demo"}).status_code == 302
    return browser


def is_signed_in(browser: Client, **headers: str) -> bool:
    return bool(browser.get("/rights/", headers=headers).status_code == 200)


def page_text(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def ids_of_others(browser: Client) -> list[str]:
    return re.findall(r'action="/sessions/(\w+)/end/"', browser.get(PAGE).content.decode())


# -- Idle time-out


def test_a_session_lasts_twelve_hours_from_its_last_use(person):
    with time_machine.travel(START, tick=False) as clock:
        browser, unused = browser_of(), browser_of()
        clock.shift(timedelta(hours=11))
        assert is_signed_in(browser)
        clock.shift(timedelta(hours=11))
        assert is_signed_in(browser)
        assert not is_signed_in(unused)
        clock.shift(timedelta(hours=12, seconds=1))
        assert not is_signed_in(browser)


def test_the_cookie_lasts_as_long_as_the_session(person):
    with time_machine.travel(START, tick=False) as clock:
        browser = browser_of()
        clock.shift(timedelta(hours=11))
        answer = browser.get("/rights/")

    assert answer.cookies["sessionid"]["max-age"] == 12 * 3600


@pytest.mark.long
def test_a_page_that_looks_again_by_itself_keeps_no_session_alive(person):
    with time_machine.travel(START, tick=False) as clock:
        browser = browser_of()
        for _ in range(11):
            clock.shift(timedelta(hours=1))
            assert browser.get("/?part=live", headers=LIVE).status_code in (200, 302)
            assert browser.get("/rights/", headers={"X-Requested-With": "fetch"}).status_code == 200
        clock.shift(timedelta(hours=1, seconds=1))
        assert browser.get("/rights/", headers=LIVE).status_code == 401


def test_what_a_script_sends_by_post_is_use(person):
    team = person.memberships.get().team
    with time_machine.travel(START, tick=False) as clock:
        browser = browser_of()
        clock.shift(timedelta(hours=11))
        browser.post(f"/teams/{team.slug}/judge/", {"text": "{}"}, headers=LIVE)
        clock.shift(timedelta(hours=11))
        assert is_signed_in(browser)


def test_use_is_written_down_every_five_minutes_at_most(person):
    def writes(browser: Client) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            browser.get("/rights/")
        return sum(query["sql"].startswith("UPDATE") for query in queries)

    with time_machine.travel(START, tick=False) as clock:
        browser = browser_of()
        clock.shift(timedelta(minutes=4))
        assert writes(browser) == 0
        clock.shift(timedelta(minutes=1))
        assert writes(browser) == 2  # the session, and when it was used
        clock.shift(timedelta(minutes=4))
        assert writes(browser) == 0


def test_a_shorter_time_out_counts_from_the_next_use_on(person, settings):
    with time_machine.travel(START, tick=False) as clock:
        browser = browser_of()
        settings.SESSION_COOKIE_AGE = 600
        clock.shift(timedelta(minutes=9))
        assert is_signed_in(browser)
        clock.shift(timedelta(minutes=11))
        assert not is_signed_in(browser)


def test_what_is_left_of_expired_sessions_is_swept_out(person):
    with time_machine.travel(START, tick=False) as clock:
        browser_of()
        clock.shift(timedelta(hours=13))
        browser = browser_of()
        sessions.delete_expired()

        assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
        assert is_signed_in(browser)


# -- The list


def test_people_see_where_they_are_signed_in_with_this_session_marked(person):
    browser_of(agent=SAFARI, address="192.0.2.7")
    here = browser_of()
    make.user("other")
    browser_of("other", address="192.0.2.99")
    page = page_text(here.get(PAGE))

    assert re.search(r"Firefox on Linux 192\.0\.2\.1 .{,40} This session", page)
    assert re.search(r"Safari on iPhone 192\.0\.2\.7 .{,60}Sign out", page)
    assert "192.0.2.99" not in page
    assert here.session.session_key not in here.get(PAGE).content.decode()


def test_a_session_is_signed_out_from_another_one(person):
    here, there = browser_of(), browser_of(agent=SAFARI)
    [text_id] = ids_of_others(here)
    answer = here.post(f"/sessions/{text_id}/end/", follow=True)

    assert "Signed out of Safari on iPhone." in page_text(answer)
    assert not is_signed_in(there)
    assert is_signed_in(here)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.person, "Safari on iPhone" in entry.before) == ("sign out", person.public_id, True)


def test_nobody_signs_another_person_out(person):
    make.user("other")
    other = browser_of("other")
    browser_of(agent=SAFARI)
    [text_id] = ids_of_others(browser_of())[:1]

    assert other.post(f"/sessions/{text_id}/end/").status_code == 404
    assert len(sessions.active_sessions(person, None)) == 2


@pytest.mark.long
def test_signing_out_everywhere_else_leaves_this_session(person):
    elsewhere, here = [browser_of(), browser_of(agent=SAFARI)], browser_of()
    answer = here.post("/sessions/end-others/", follow=True)

    assert "Signed out of 2 other sessions." in page_text(answer)
    assert not any(map(is_signed_in, elsewhere))
    assert is_signed_in(here)
    assert AuditEntry.objects.filter(action="sign out", before__contains="other sessions").count() == 1


def test_a_session_that_was_signed_out_is_in_no_list(person):
    here, there = browser_of(), browser_of()
    there.post("/sign-out/")

    assert ids_of_others(here) == []
    assert UserSession.objects.count() == 1


def test_a_session_without_an_address_is_listed_too(person):
    assert "This session" in page_text(browser_of(address="").get(PAGE))


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/140.0 Safari/537.36", "Chrome on macOS"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("<script>alert(1)</script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_a_few_words(agent, expected):
    assert sessions.device_name(agent) == expected


# -- What ends the others


def set_up(browser: Client) -> None:
    page = browser.get("/second-factor/set-up/").content.decode()
    [secret] = re.findall(r'data-copy="([A-Z2-7]{32})"', page)
    assert browser.post("/second-factor/set-up/", {"code": code(secret)}).status_code == 302


def new_codes(browser: Client) -> None:
    assert browser.post("/second-factor/codes/new/").status_code == 302


def disable_second_factor(browser: Client) -> None:
    assert browser.post("/second-factor/take-away/").status_code == 302


def new_password(browser: Client) -> None:
    form = {"oldpassword": "demo", "password1": "eleven quiet herons", "password2": "eleven quiet herons"}
    assert browser.post("/password/", form).status_code == 302


@pytest.mark.parametrize("change", [set_up, new_codes, disable_second_factor, new_password])
def test_changing_what_one_signs_in_with_ends_the_other_sessions(
    person, change: Callable[[Client], None], django_capture_on_commit_callbacks
):
    here = browser_of()
    if change in (new_codes, disable_second_factor):
        with django_capture_on_commit_callbacks(execute=True):
            set_up(here)
    there = Client()
    there.force_login(person)
    with django_capture_on_commit_callbacks(execute=True):
        change(here)

    assert is_signed_in(here)
    assert not is_signed_in(there)
    [session] = sessions.active_sessions(person, here.session.session_key)
    assert session.is_current


def test_a_session_keeps_its_date_when_the_password_changes(person):
    with time_machine.travel(START, tick=False) as clock:
        here = browser_of()
        clock.shift(timedelta(hours=1))
        new_password(here)
        [session] = sessions.active_sessions(person, here.session.session_key)

    assert session.started_at == START


def test_a_factor_that_an_administrator_takes_away_ends_all_sessions_of_the_person(person):
    admin, there = Client(), browser_of()
    admin.force_login(make.admin())
    make.second_factor(person)
    form = {"action": "take_second_factor_away", "_selected_action": [person.pk]}
    admin.post(reverse("admin:jobs_user_changelist"), form)

    assert not Authenticator.objects.exists()
    assert not is_signed_in(there)


def test_a_factor_that_is_reset_at_the_shell_ends_all_sessions_and_is_written_down(person, capsys):
    there = browser_of()
    make.second_factor(person)
    call_command("reset_second_factor", "ada")

    assert not is_signed_in(there)
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.channel, entry.before) == ("remove", "command", '{"second factor":"set up"}')


def test_a_password_that_an_administrator_sets_ends_all_sessions_of_the_person_and_not_their_own(person):
    admin, there = Client(), browser_of()
    admin.force_login(make.admin())
    there_at = reverse("admin:auth_user_password_change", args=[person.pk])
    form = {"usable_password": "true", "password1": "eleven quiet herons", "password2": "eleven quiet herons"}
    assert admin.post(there_at, form).status_code == 302

    assert not is_signed_in(there)
    assert sessions.active_sessions(person, None) == []
    assert "This session" in page_text(admin.get(PAGE))
    assert now() - UserSession.objects.get().created_at < timedelta(minutes=1)
