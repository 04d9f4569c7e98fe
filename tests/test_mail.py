"""Mail: a row is the request, a task sends it, the clock finds what nobody rang for."""

import logging
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
from django.core import mail as django_mail
from django.utils.timezone import now

from jobs import mail, tasks
from jobs.models import OutgoingMail
from jobs.periodic import periodic_tasks, run_due_tasks
from jobs.reports import health
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ADDRESS = "ada@example.org"


@pytest.fixture
def outgoing() -> OutgoingMail:
    make.user("ada", email=ADDRESS)
    mail.request_password_reset("Ada@Example.org", "https://batch.example.org")
    return OutgoingMail.objects.get()


@pytest.fixture
def mail_errors(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """What the mail server answers with; a test may change it."""
    errors: list[Exception] = [ConnectionRefusedError("mail.internal:587")]

    def send(*_: Any, **__: Any) -> None:
        raise errors[0]

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    return errors


def let_time_pass(seconds: float) -> None:
    for row in OutgoingMail.objects.all():
        moved = timedelta(seconds=seconds)
        times = {"created_at": row.created_at - moved, "try_at": row.try_at - moved}
        OutgoingMail.objects.filter(pk=row.pk).update(**times)


def test_a_row_holds_no_link_and_is_gone_once_the_mail_is_sent(outgoing: OutgoingMail) -> None:
    assert "/password/" not in str(vars(outgoing))

    tasks.send_mail(outgoing.pk)

    [sent] = django_mail.outbox
    assert sent.to == [ADDRESS]
    assert "https://batch.example.org/password/forgotten/" in str(sent.body)
    assert not OutgoingMail.objects.exists()


def test_a_task_that_comes_twice_sends_once(outgoing: OutgoingMail) -> None:
    tasks.send_mail(outgoing.pk)
    tasks.send_mail(outgoing.pk)

    assert len(django_mail.outbox) == 1


def test_a_mail_in_the_hands_of_another_worker_is_left_alone(outgoing: OutgoingMail) -> None:
    assert outgoing.claim(mail.LEASE)

    tasks.send_mail(outgoing.pk)
    tasks.send_due_mail()

    assert django_mail.outbox == []


def test_a_mail_is_late_when_it_was_due_so_long_ago(outgoing: OutgoingMail) -> None:
    late = timedelta(minutes=1)
    assert not OutgoingMail.objects.due(late).exists()

    let_time_pass(61)
    assert OutgoingMail.objects.due(late).exists()
    assert outgoing.claim(mail.LEASE)
    assert not OutgoingMail.objects.due().exists()


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_nobody_rang_for_is_found_by_the_clock(outgoing: OutgoingMail, enqueued: list[str]) -> None:
    assert enqueued == ["send_mail"]
    run_due_tasks(periodic_tasks(), 0)
    assert enqueued == ["send_mail", "send_due_mail"]

    tasks.send_due_mail()
    assert len(django_mail.outbox) == 1
    enqueued.clear()
    run_due_tasks(periodic_tasks(), 100)
    assert enqueued == []


def test_a_mail_is_tried_five_times_and_then_given_up_without_its_address(
    outgoing: OutgoingMail, mail_errors: list[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(10):
        tasks.send_due_mail()
        let_time_pass(10 * 60)

    outgoing.refresh_from_db()
    assert (outgoing.attempts, outgoing.address) == (5, "")
    assert outgoing.failed_at is not None
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert "mail_abandoned" in logged
    assert ADDRESS not in logged
    assert "mail.internal" not in logged


def test_a_mail_that_failed_once_is_sent_when_the_server_is_back(
    outgoing: OutgoingMail, mail_errors: list[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.send_mail(outgoing.pk)
    monkeypatch.undo()
    tasks.send_due_mail()  # ten seconds are not over
    assert django_mail.outbox == []

    let_time_pass(11)
    tasks.send_due_mail()
    assert len(django_mail.outbox) == 1


def test_a_link_that_comes_hours_late_is_not_sent(outgoing: OutgoingMail) -> None:
    let_time_pass(2 * 3600)
    tasks.send_due_mail()

    assert django_mail.outbox == []
    assert OutgoingMail.objects.get().problem == "No worker sent it within an hour."


def test_what_failed_is_forgotten_after_a_week(outgoing: OutgoingMail) -> None:
    OutgoingMail.objects.update(failed_at=now() - timedelta(days=8))
    tasks.send_due_mail()

    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(ADDRESS), "The mail server can't be reached."),
        (TimeoutError(ADDRESS), "The mail server didn't answer in time."),
        (SMTPRecipientsRefused({ADDRESS: (550, b"no such user")}), "The mail server rejected the recipient."),
        (SMTPServerDisconnected(ADDRESS), "The mail server closed the connection."),
        (SMTPException(ADDRESS), "The mail server closed the connection."),
        (KeyError(ADDRESS), "The mail couldn't be created (KeyError)."),
    ],
)
def test_the_health_page_says_in_plain_words_why_mail_fails(
    outgoing: OutgoingMail, mail_errors: list[Exception], settings: Any, error: Exception, words: str
) -> None:
    settings.SENDS_MAIL = True
    mail_errors[0] = error
    tasks.send_mail(outgoing.pk)

    [sign] = [sign for sign in health.collect_health().processes if sign.name == "Mail"]
    assert (sign.tone, sign.message) == ("good", f"1 waiting. {words}")

    OutgoingMail.objects.update(failed_at=now())
    [sign] = [sign for sign in health.collect_health().processes if sign.name == "Mail"]
    assert (sign.tone, sign.message) == ("bad", f"1 couldn't be sent in the last 7 days. {words}")
    assert ADDRESS not in sign.message


def test_a_portal_that_sends_no_mail_says_nothing_of_it() -> None:
    assert "Mail" not in {sign.name for sign in health.collect_health().processes}
