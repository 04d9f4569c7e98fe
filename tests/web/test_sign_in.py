"""The way in: name and password, the second factor, and how often one may try."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse

from jobs.models import CacheEntry, User
from tests import make

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"
SIGN_IN, CODE = "/sign-in/", "/sign-in/code/"


@pytest.fixture
def person() -> User:
    return make.member(who=make.user("ada")).user


def code(secret: str = SECRET, later: int = 0) -> str:
    """What the phone shows, now or so many half minutes later."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later)))


def sign_in(name="ada", password="demo", address="192.0.2.1", browser: Client | None = None) -> Any:  # noqa: S107
    return (browser or Client()).post(SIGN_IN, {"username": name, "password": password}, REMOTE_ADDR=address)


def is_signed_in(answer: Any) -> bool:
    return bool(answer.status_code == 302 and answer["Location"] == "/")


def alert_text(answer: Any) -> str:
    [told] = re.findall(r'role="alert">(.*?)</', re.sub(r"\s+", " ", re.sub(r"<svg.*?</svg>|<p>", "", page(answer))))
    return str(told).strip()


def page(answer: Any) -> str:
    return str(answer.content.decode())


# -- Name and password


def test_nobody_learns_from_a_refusal_who_is_there(person):
    make.user("gone", is_active=False)
    told = {
        alert_text(sign_in(password="wrong")),
        alert_text(sign_in("nobody")),
        alert_text(sign_in("gone")),
        alert_text(sign_in("gone", password="wrong")),
    }

    assert told == {"Incorrect username or password. Both are case-sensitive."}


def test_whoever_fails_too_often_is_refused_even_with_the_right_password(person):
    for _ in range(5):
        assert not is_signed_in(sign_in(password="wrong"))

    refused = sign_in()
    assert (refused.status_code, "Too many failed attempts" in alert_text(refused)) == (200, True)


@pytest.mark.long
def test_nobody_shuts_another_person_out_from_elsewhere(person):
    for _ in range(6):
        sign_in(password="wrong", address="192.0.2.66")

    assert is_signed_in(sign_in(address="192.0.2.1"))


@pytest.mark.long
def test_one_address_does_not_try_one_name_after_another(person):
    for number in range(10):
        sign_in(f"name{number}", address="192.0.2.66")

    assert "Too many failed attempts" in alert_text(sign_in(address="192.0.2.66"))
    assert is_signed_in(sign_in())


@pytest.mark.long
def test_signing_in_well_uses_up_no_attempt(person):
    for _ in range(7):
        assert is_signed_in(sign_in())


@pytest.mark.long
def test_behind_our_proxies_an_address_is_what_the_nearest_one_heard(person, settings):
    settings.TRUSTED_PROXIES = 1
    form = {"username": "ada", "password": "wrong"}
    for number in range(6):
        Client().post(SIGN_IN, form, headers={"X-Forwarded-For": f"10.0.0.{number}, 192.0.2.66"})

    heard = {"X-Forwarded-For": "192.0.2.1"}
    assert is_signed_in(Client().post(SIGN_IN, {**form, "password": "demo"}, headers=heard))
    assert not is_signed_in(Client().post(SIGN_IN, form, headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.66"}))


def test_without_an_address_people_still_sign_in(person):
    assert is_signed_in(sign_in(address=""))


def test_attempts_are_counted_where_every_process_sees_them(person):
    sign_in(password="wrong")

    kept = CacheEntry.objects.exclude(key__endswith=":lock")
    assert kept
    assert all("ada" not in row.key and "wrong" not in str(row.value) for row in kept)


def test_what_is_not_wanted_of_allauth_does_not_exist():
    for name in ("signup", "email", "logout", "inactive", "set_password", "request_login_code", "confirm_email"):
        with pytest.raises(NoReverseMatch):
            reverse(f"account_{name}")
    for name in ("download_recovery_codes", "list_webauthn", "login_webauthn", "trust"):
        with pytest.raises(NoReverseMatch):
            reverse(f"mfa_{name}")


def test_the_sign_in_page_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get(f"{SIGN_IN}?next=/rights/").status_code == 200


@pytest.mark.long
def test_next_is_followed_within_this_host_alone(person, settings):
    settings.ALLOWED_HOSTS = ["testserver", "other.example.org"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://third.example.org"]
    for elsewhere in ("//evil.example", "https://other.example.org/", "https://third.example.org/", "javascript:1"):
        answer = Client().post(f"{SIGN_IN}?next={elsewhere}", {"username": "ada", "password": "demo"})
        assert is_signed_in(answer), elsewhere
    answer = Client().post(SIGN_IN, {"username": "ada", "password": "demo", "next": "/rights/?a=b"})
    assert answer["Location"] == "/rights/?a=b"


# -- The second factor


def test_whoever_has_a_second_factor_gives_a_code_too(person):
    make.second_factor(person)
    browser = Client()
    assert sign_in(browser=browser)["Location"] == CODE
    assert browser.get("/rights/").status_code == 302
    assert browser.get(SIGN_IN)["Location"] == CODE

    refused = browser.post(CODE, {"code": "000000"})
    assert (refused.status_code, "Incorrect or already used code" in page(refused)) == (200, True)
    assert is_signed_in(browser.post(CODE, {"code": code()}))
    assert browser.get("/rights/").status_code == 200


def test_the_way_to_the_code_can_be_left(person):
    make.second_factor(person)
    browser = Client()
    sign_in(browser=browser)
    browser.post("/sign-out/")

    assert browser.get(SIGN_IN).status_code == 200
    assert browser.get(CODE)["Location"] == SIGN_IN


def test_a_new_password_ends_also_what_waits_for_a_code(person):
    make.second_factor(person)
    browser = Client()
    sign_in(browser=browser)
    person.set_password("eleven quiet herons")
    person.save()

    assert browser.post(CODE, {"code": code()})["Location"] == SIGN_IN
    assert browser.get("/rights/").status_code == 302


def test_who_is_switched_off_meanwhile_is_not_let_in_by_a_code(person):
    make.second_factor(person)
    browser = Client()
    sign_in(browser=browser)
    User.objects.update(is_active=False)
    browser.post(CODE, {"code": code()})

    assert browser.get("/rights/").status_code == 302


def test_a_code_is_good_once_however_late_it_came(person):
    make.second_factor(person)
    late, browser, eavesdropper = code(later=-1), Client(), Client()
    sign_in(browser=browser)
    sign_in(browser=eavesdropper)
    assert is_signed_in(browser.post(CODE, {"code": late}))
    CacheEntry.objects.filter(key__contains="allauth.mfa.totp.used").delete()  # what allauth forgets after 30 s

    assert eavesdropper.post(CODE, {"code": f"{late[:3]} {late[3:]}"}).status_code == 200


@pytest.mark.long
def test_codes_cannot_be_tried_out_from_many_addresses(person):
    make.second_factor(person)
    browser = Client()
    sign_in(browser=browser)
    for number in range(5):
        browser.post(CODE, {"code": "000000"}, REMOTE_ADDR=f"192.0.2.{number}")

    assert "Too many failed attempts" in page(browser.post(CODE, {"code": code()}, REMOTE_ADDR="192.0.2.99"))


@pytest.fixture
def signed_in_browser(person) -> Client:
    """A browser in which someone has signed in with the password just now."""
    browser = Client()
    assert is_signed_in(sign_in(browser=browser))
    return browser


def set_up(browser: Client, **more: str) -> str:
    """Set a second factor up. Its secret."""
    content = page(browser.get("/second-factor/set-up/"))
    [secret] = re.findall(r'data-copy="([A-Z2-7]{32})"', content)
    assert 'src="data:image/svg+xml;base64,' in content
    assert (
        browser.post("/second-factor/set-up/", {"code": code(secret), **more})["Location"] == "/second-factor/codes/"
    )
    return str(secret)


@pytest.mark.long
def test_a_second_factor_is_set_up_with_its_codes_shown_once(signed_in_browser, person):
    secret = set_up(signed_in_browser)
    response = signed_in_browser.get("/second-factor/codes/")
    codes = re.findall(r"<li><code>(\d{8})</code></li>", page(response))

    assert len(codes) == 10
    assert "no-store" in response["Cache-Control"]
    again = page(signed_in_browser.get("/second-factor/codes/"))
    assert "shown only once" in again
    assert not any(one in again for one in codes)
    kept = [str(row.data) for row in Authenticator.objects.all()]
    assert len(kept) == 2
    assert not any(secret in row for row in kept)

    browser = Client()
    for good in (True, False):
        sign_in(browser=browser)
        assert is_signed_in(browser.post(CODE, {"code": codes[0]})) == good
        browser.post("/sign-out/")


@pytest.mark.long
def test_a_wrong_code_sets_nothing_up(signed_in_browser):
    signed_in_browser.get("/second-factor/set-up/")

    assert "Incorrect or already used code" in page(
        signed_in_browser.post("/second-factor/set-up/", {"code": "000000"})
    )
    assert not Authenticator.objects.exists()


@pytest.mark.long
def test_new_codes_end_the_former_ones_and_it_can_be_taken_away(signed_in_browser, person):
    set_up(signed_in_browser)
    former = re.findall(r"<code>(\d{8})</code>", page(signed_in_browser.get("/second-factor/codes/")))
    signed_in_browser.post("/second-factor/codes/new/")
    newer = re.findall(r"<code>(\d{8})</code>", page(signed_in_browser.get("/second-factor/codes/")))
    assert len(newer) == 10
    assert not set(former) & set(newer)
    assert "10 left" in page(signed_in_browser.get("/second-factor/"))

    signed_in_browser.post("/second-factor/take-away/")
    assert not Authenticator.objects.exists()
    assert "Not set up" in page(signed_in_browser.get("/second-factor/"))


@pytest.mark.long
def test_later_the_password_is_asked_for_again_before_anything_changes(person):
    browser = Client()
    browser.force_login(person)
    asked = browser.post("/second-factor/set-up/", {"code": "1"})

    assert asked["Location"] == "/password/again/?next=%2Fsecond-factor%2Fset-up%2F"
    assert browser.post(asked["Location"], {"password": "wrong"}).status_code == 200
    assert browser.post(asked["Location"], {"password": "demo"}).status_code == 200  # and goes on with that code
    assert browser.get("/second-factor/set-up/").status_code == 200


@pytest.mark.long
def test_staff_are_led_to_it_at_their_first_sign_in_and_cannot_take_it_away(settings, capsys):
    settings.QUICKSTART = False
    make.admin("root")
    browser = Client()
    assert is_signed_in(sign_in("root", browser=browser))
    assert browser.get("/")["Location"] == "/second-factor/set-up/"
    assert browser.get("/admin/", follow=True).request["PATH_INFO"] == "/second-factor/set-up/"

    call_command("second_factor_code", "root")
    set_up(browser, set_up_code=capsys.readouterr().out)
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/").status_code == 200
    refused = browser.post("/second-factor/take-away/")
    assert "requires a second factor" in page(refused)
    assert Authenticator.objects.filter(type="totp").exists()


@pytest.mark.long
def test_every_page_of_the_second_factor_names_the_superuser(settings, capsys):
    """Only superusers have the action that removes a factor: an administrator could not help."""
    settings.QUICKSTART = False
    make.admin("root")
    browser = Client()
    sign_in("root", browser=browser)
    assert "Ask a superuser to run <code>manage.py second_factor_code root</code>" in page(
        browser.get("/second-factor/set-up/")
    )

    call_command("second_factor_code", "root")
    set_up(browser, set_up_code=capsys.readouterr().out)
    assert "ask a superuser to remove this one" in page(browser.get("/second-factor/"))

    browser.post("/sign-out/")
    sign_in("root", browser=browser)
    assert "Ask a superuser to remove your second factor." in page(browser.get(CODE))


def test_in_the_demo_staff_need_none():
    browser = Client()
    browser.force_login(make.admin())

    assert browser.get("/admin/").status_code == 200


@pytest.mark.long
def test_a_secret_is_moved_to_a_new_key_when_it_is_used(person, settings):
    made = make.second_factor(person)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key " * 5, [settings.SECRET_KEY]
    browser = Client()
    sign_in(browser=browser)
    assert is_signed_in(browser.post(CODE, {"code": code()}))

    settings.SECRET_KEY_FALLBACKS = []
    made.refresh_from_db()
    browser = Client()
    sign_in(browser=browser)
    assert is_signed_in(browser.post(CODE, {"code": code(later=1)}))


def test_a_secret_whose_key_is_lost_lets_nobody_in_and_breaks_no_page(person, settings):
    make.second_factor(person)
    settings.SECRET_KEY = "another key " * 5
    browser = Client()
    sign_in(browser=browser)

    assert "Incorrect or already used code" in page(browser.post(CODE, {"code": code()}))


def test_an_administrator_helps_whose_phone_is_lost(person):
    make.second_factor(person)
    browser, form = Client(), {"action": "take_second_factor_away", "_selected_action": [person.pk]}
    staff = make.user(is_staff=True)
    browser.force_login(staff)
    browser.post(reverse("admin:jobs_user_changelist"), form)
    assert Authenticator.objects.exists()

    browser.force_login(make.admin())
    told = browser.post(reverse("admin:jobs_user_changelist"), form, follow=True)
    assert "Removed the second factor of ada" in page(told)
    assert not Authenticator.objects.exists()
    assert is_signed_in(sign_in())


def test_the_last_administrator_has_a_command(person, capsys):
    make.second_factor(person)
    call_command("reset_second_factor", "ada")

    assert "Removed the second factor of ada" in capsys.readouterr().out
    assert not Authenticator.objects.exists()
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "nobody")


def test_the_admin_shows_none_of_it(client):
    client.force_login(make.admin())

    content = page(client.get("/admin/"))
    assert "Authenticator" not in content
    assert "mail address" not in content.lower()
