"""A new password: who sets it, what ends with it, and what a forgotten one needs."""

import re
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import jobs.mail
from jobs.models import ApiToken, OutgoingMail, User
from jobs.models.token import digest
from jobs.web.accounts.adapters import AccountAdapter
from tests import make

pytestmark = pytest.mark.django_db

NEW = "eleven quiet herons"


@pytest.fixture
def person() -> User:
    return make.member(role="lead", who=make.user("ada", email="ada@example.org")).user


def browser_of(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def page(answer: Any) -> str:
    return str(answer.content.decode())


def change(browser: Client, old: str = "demo", new: str = NEW, same: str = "") -> Any:
    return browser.post("/password/", {"oldpassword": old, "password1": new, "password2": same or new})


@pytest.mark.long
def test_a_new_password_ends_other_sessions_and_tokens_and_leaves_this_session(person):
    secret = "bpt_secret"
    ApiToken.objects.create(
        team=person.memberships.get().team, person=person, name="nightly", prefix="bpt_x", digest=digest(secret)
    )
    here, elsewhere = browser_of(person), browser_of(person)
    token = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/key", headers=token).status_code == 200
    assert "nightly" in page(here.get("/password/"))

    assert change(here)["Location"] == "/"
    assert "Password changed" in page(here.get("/rights/"))
    assert elsewhere.get("/rights/").status_code == 302
    assert Client().get("/api/v1/key", headers=token).status_code == 401
    listed = page(here.get(f"/teams/{person.memberships.get().team.slug}/tokens/"))
    assert "Password changed" in listed


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"old": "wrong"}, "Incorrect current password"),
        ({"new": "password"}, "too common"),
        ({"new": "short"}, "too short"),
        ({"same": "something else"}, "same password"),
    ],
)
def test_a_password_that_will_not_do_is_said_so(person, given, words):
    assert words in page(change(browser_of(person), **given))
    person.refresh_from_db()
    assert person.check_password("demo")


@pytest.mark.long
def test_the_present_password_cannot_be_tried_out_by_who_holds_a_session(person):
    browser = browser_of(person)
    for _ in range(5):
        change(browser, old="wrong")

    answer = change(browser)
    assert answer.status_code == 429
    assert "Too many attempts" in page(answer)


def test_whoever_signs_in_elsewhere_has_no_password_here(person):
    person.set_unusable_password()
    person.save()

    assert browser_of(person).get("/password/").status_code == 403


@pytest.mark.long
def test_an_upgraded_hash_of_the_same_password_ends_nothing(person, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
    Client().post("/sign-in/", {"username": "ada", "password": "demo"})

    person.refresh_from_db()
    assert person.password.startswith("scrypt$")
    assert person.password_changed_at is None


def test_a_portal_without_mail_says_whom_to_ask(person):
    for answer in (
        Client().get("/password/forgotten/"),
        Client().post("/password/forgotten/", {"email": person.email}),
    ):
        assert "Ask an administrator" in page(answer)
    assert mail.outbox == []


@pytest.fixture
def sends_mail(settings: Any) -> None:
    settings.SENDS_MAIL = True


def request_reset(address: str) -> str:
    answer = Client().post("/password/forgotten/", {"email": address})
    assert answer["Location"] == "/password/forgotten/sent/"
    [told] = re.findall(r"(?s)<main.*</main>", page(Client().get(answer["Location"])))
    jobs.mail.send_due()
    return str(told)


def test_a_link_by_mail_sets_a_new_password_once(person, sends_mail):
    session = browser_of(person)
    request_reset("Ada@Example.org")
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["ada@example.org"], "Reset your Batch Portal password")
    [link] = re.findall(r"http://testserver(/\S+)", str(sent.body))

    browser = Client()
    form = browser.get(link)["Location"]
    assert link not in form
    assert "Set new password" in page(browser.get(form))
    assert browser.post(form, {"password1": NEW, "password2": NEW})["Location"] == "/sign-in/"
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert session.get("/rights/").status_code == 302
    assert "has expired or was already used" in page(Client().get(link, follow=True))


def test_nobody_learns_from_the_page_which_addresses_are_known(person, sends_mail):
    known = request_reset(person.email)
    make.user("gone", email="gone@example.org", is_active=False)
    elsewhere = make.user("other", email="other@example.org")
    elsewhere.set_unusable_password()
    elsewhere.save()
    mail.outbox.clear()

    assert {
        request_reset("nobody@example.org"),
        request_reset("gone@example.org"),
        request_reset("other@example.org"),
    } == {known}
    assert mail.outbox == []
    assert not OutgoingMail.objects.exists()


def test_a_request_does_the_same_work_for_an_address_that_is_known_and_one_that_is_not(
    person, sends_mail, enqueued, monkeypatch, django_capture_on_commit_callbacks
):
    """Counted, not timed: the statements without their values, and what is rung for."""
    monkeypatch.setattr("portal.cache.SWEEP_PROBABILITY", 0)
    work = []
    for number, address in enumerate(("ada@example.org", "eve@example.org")):
        enqueued.clear()
        with CaptureQueriesContext(connection) as queries, django_capture_on_commit_callbacks(execute=True):
            Client(REMOTE_ADDR=f"10.0.0.{number}").post("/password/forgotten/", {"email": address})
        statements = [re.sub(r"'[^']*'|\"s\d+_x\d+\"|\b\d[\d.]*\b", "?", query["sql"]) for query in queries]
        work.append((statements, list(enqueued)))

    assert work[0] == work[1]
    assert work[0][1] == ["send_mail"]
    assert not [statement for statement in work[0][0] if "jobs_user" in statement]
    assert mail.outbox == []


def test_no_request_sends_mail_by_itself(person):
    adapter = AccountAdapter()

    with pytest.raises(RuntimeError, match=r"by a task of jobs\.mail"):
        adapter.send_mail("account/email/password_reset_key", person.email, {})
