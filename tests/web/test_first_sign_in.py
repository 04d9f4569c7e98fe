"""What comes before anything else: a password of one's own, and a second factor that nobody else set up."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from jobs.models import ApiToken, AuditEntry, CacheEntry, User
from jobs.models.token import digest
from tests import make
from tests.web.test_sign_in import code

pytestmark = pytest.mark.django_db

GIVEN, OWN = "seven loud geese", "eleven quiet herons"
PASSWORD, SET_UP = "/password/", "/second-factor/set-up/"
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def admin() -> Client:
    browser = Client()
    browser.force_login(make.admin("root"))
    return browser


@pytest.fixture
def production(settings: Any) -> None:
    settings.QUICKSTART = False


def browser_of(name: str, password: str) -> Client:
    browser = Client()
    assert browser.post("/sign-in/", {"username": name, "password": password}).status_code == 302
    return browser


def give_password(admin: Client, person: User) -> None:
    form = {"usable_password": "true", "password1": GIVEN, "password2": GIVEN}
    assert admin.post(reverse("admin:auth_user_password_change", args=[person.pk]), form).status_code == 302


def change(browser: Client, old: str = GIVEN, new: str = OWN) -> Any:
    return browser.post(PASSWORD, {"oldpassword": old, "password1": new, "password2": new})


def page(answer: Any) -> str:
    return str(answer.content.decode())


# -- A password that an administrator set


@pytest.mark.long
def test_a_password_that_an_administrator_set_is_changed_before_anything_else(admin):
    person = make.member(who=make.user("ada")).user
    give_password(admin, person)
    browser = browser_of("ada", GIVEN)

    for address in ("/", "/rights/", "/sessions/", "/second-factor/"):
        assert browser.get(address)["Location"] == PASSWORD
    assert browser.get("/rights/", headers=SCRIPT).status_code == 403
    assert "An administrator set your password" in page(browser.get(PASSWORD))

    assert "Choose a different one" in page(change(browser, new=GIVEN))
    assert browser.get("/rights/").status_code == 302
    assert change(browser).status_code == 302
    assert browser.get("/rights/").status_code == 200
    assert browser_of("ada", OWN).get("/rights/").status_code == 200


def test_a_person_whom_an_administrator_adds_chooses_a_password_at_the_first_sign_in(admin):
    form = {"username": "ada", "usable_password": "true", "password1": GIVEN, "password2": GIVEN}
    rows = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert admin.post(reverse("admin:jobs_user_add"), {**form, **rows}).status_code == 302

    browser = browser_of("ada", GIVEN)
    assert browser.get("/")["Location"] == PASSWORD
    change(browser)
    assert browser.get("/rights/").status_code == 200


@pytest.mark.long
def test_it_keeps_staff_out_of_the_administration_too(admin):
    give_password(admin, make.admin("second"))
    browser = browser_of("second", GIVEN)

    assert browser.get("/admin/", follow=True).request["PATH_INFO"] == PASSWORD
    assert browser.get(reverse("admin:jobs_user_changelist")).status_code == 302
    change(browser)
    assert browser.get("/admin/").status_code == 200


def test_one_may_sign_out_instead(admin):
    person = make.user("ada")
    give_password(admin, person)
    browser = browser_of("ada", GIVEN)

    assert browser.post("/sign-out/").status_code == 302
    assert browser.get("/")["Location"] == "/sign-in/?next=/"


def test_a_password_set_by_a_link_is_ones_own(admin):
    person = make.user("ada", email="ada@example.org")
    give_password(admin, person)
    person.refresh_from_db()
    key = f"{user_pk_to_url_str(person)}-{default_token_generator.make_token(person)}"
    browser = Client()
    form = browser.get(f"/password/forgotten/{key}/")["Location"]
    assert browser.post(form, {"password1": OWN, "password2": OWN}).status_code == 302

    assert browser_of("ada", OWN).get("/rights/").status_code == 200


def test_ones_own_password_set_on_the_same_page_is_ones_own(admin):
    give_password(admin, User.objects.get(username="root"))

    assert admin.get("/rights/").status_code == 200
    assert browser_of("root", GIVEN).get("/rights/").status_code == 200


def test_who_made_an_account_at_the_shell_is_not_asked(capsys):
    call_command("createsuperuser", "--noinput", username="root", email="root@example.org")
    person = User.objects.get(username="root")

    assert not person.must_change_password


def test_tokens_made_since_then_work_before_the_password_is_changed():
    member = make.member(who=make.user("ada", must_change_password=True))
    ApiToken.objects.create(
        team=member.team, person=member.user, name="ci", prefix="bpt_x", digest=digest("bpt_secret")
    )

    assert Client().get("/api/v1/key", headers={"Authorization": "Bearer bpt_secret"}).status_code == 200


# -- A second factor of administrators


def new_code(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("second_factor_code", name)
    return capsys.readouterr().out.strip()


def set_up(browser: Client, set_up_code: str, totp: str = "") -> Any:
    text = page(browser.get(SET_UP))
    [secret] = re.findall(r'data-copy="([A-Z2-7]{32})"', text)
    return browser.post(SET_UP, {"code": totp or code(secret), "set_up_code": set_up_code})


@pytest.mark.long
def test_an_administrator_sets_a_factor_up_with_a_code_from_the_command_line(production, capsys):
    make.admin("root")
    browser = browser_of("root", "demo")
    given = new_code("root", capsys)
    assert re.fullmatch(r"([A-Z2-9]{4}-){3}[A-Z2-9]{4}", given)
    assert "Setup code" in page(browser.get(SET_UP))

    assert set_up(browser, given.lower().replace("-", " ")).status_code == 302
    assert browser.get("/admin/").status_code == 200


@pytest.mark.long
@pytest.mark.parametrize("wrong", ["", "AAAA-AAAA-AAAA-AAAA", "another person's", "a former one"])
def test_without_that_code_the_password_sets_nothing_up(production, capsys, wrong):
    make.admin("root")
    make.admin("second")
    given = {"another person's": new_code("second", capsys), "a former one": new_code("root", capsys)}.get(
        wrong, wrong
    )
    new_code("root", capsys)

    assert set_up(browser_of("root", "demo"), given).status_code == 200
    assert not Authenticator.objects.exists()


@pytest.mark.long
def test_the_code_is_good_once(production, capsys):
    person = make.admin("root")
    given, browser = new_code("root", capsys), browser_of("root", "demo")
    assert set_up(browser, given, totp="000000").status_code == 200  # a mistyped code of the app uses nothing up
    assert set_up(browser, given).status_code == 302
    Authenticator.objects.filter(user=person).delete()

    assert set_up(browser_of("root", "demo"), given).status_code == 200
    assert not Authenticator.objects.exists()


@pytest.mark.long
def test_the_code_is_good_for_half_an_hour(production, capsys):
    make.admin("root")
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=False) as clock:
        given = new_code("root", capsys)
        clock.shift(timedelta(minutes=31))
        assert "valid for 30 minutes" in page(set_up(browser_of("root", "demo"), given))


def test_the_code_is_kept_as_a_hash_and_written_down(production, capsys):
    make.admin("root")
    given = new_code("root", capsys)

    rows = [str(row.value) for row in CacheEntry.objects.filter(key__contains="set-up")]
    assert len(rows) == 1
    assert given.replace("-", "") not in rows[0]
    entry = AuditEntry.objects.latest("pk")
    assert (entry.action, entry.channel, given in entry.after) == ("make", "command", False)


def test_only_an_administrator_without_a_factor_gets_a_code():
    make.user("ada")
    make.second_factor(make.admin("root"))
    for name in ("ada", "root", "nobody"):
        with pytest.raises(CommandError):
            call_command("second_factor_code", name)


@pytest.mark.long
def test_others_and_the_demo_need_no_code(settings):
    make.admin("root")
    make.user("ada")
    assert "Setup code" not in page(browser_of("root", "demo").get(SET_UP))
    settings.QUICKSTART = False
    assert "Setup code" not in page(browser_of("ada", "demo").get(SET_UP))


@pytest.mark.long
def test_a_new_administrator_replaces_the_password_and_then_sets_the_factor_up(production, capsys):
    person = make.admin("root")
    User.objects.filter(pk=person.pk).update(must_change_password=True)
    browser = browser_of("root", "demo")
    assert browser.get("/")["Location"] == PASSWORD
    assert browser.get(PASSWORD).status_code == 200
    change(browser, old="demo")

    assert browser.get("/")["Location"] == SET_UP
    assert browser.get(PASSWORD)["Location"] == SET_UP
    assert set_up(browser, new_code("root", capsys)).status_code == 302
    assert browser.get("/admin/").status_code == 200


def test_whoever_has_a_factor_shows_it_before_the_password_is_replaced(production):
    person = make.admin("root")
    User.objects.filter(pk=person.pk).update(must_change_password=True)
    browser = Client()
    browser.force_login(person)
    make.second_factor(person)

    assert browser.get(PASSWORD)["Location"].startswith("/second-factor/again/")


# -- A second factor of leads


@pytest.mark.parametrize(
    ("role", "demanded", "leads_on"),
    [
        ("lead", True, SET_UP),
        ("lead", False, None),
        ("analyst", True, None),
    ],
)
def test_a_second_factor_can_be_demanded_of_leads(production, settings, role, demanded, leads_on):
    make.member(role=role, who=make.user("ada"))
    settings.SECOND_FACTOR_FOR_LEADS = demanded
    answer = browser_of("ada", "demo").get("/rights/")

    assert answer.headers.get("Location") == leads_on


@pytest.mark.long
def test_a_lead_cannot_take_a_demanded_factor_away_and_sets_it_up_without_a_code(production, settings):
    make.member(role="lead", who=make.user("ada"))
    settings.SECOND_FACTOR_FOR_LEADS = True
    browser = browser_of("ada", "demo")
    assert set_up(browser, "").status_code == 302
    assert browser.get("/rights/").status_code == 200

    assert "requires a second factor" in page(browser.post("/second-factor/take-away/"))
    assert Authenticator.objects.exists()
