"""Outgoing mail.

A request only writes a row: it takes the same time whether or not anyone has the address.
"""

from collections.abc import Iterator
from datetime import timedelta
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

import structlog
from allauth.account.forms import default_token_generator
from allauth.account.utils import filter_users_by_email, user_pk_to_url_str
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.timezone import now

from jobs.models import MailKind, OutgoingMail, User
from jobs.task_queue import enqueue_on_commit

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=2)
RETRY_DELAYS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""Pause after each failed attempt; after one more the mail is given up."""
MAX_AGE = timedelta(hours=1)
FAILED_RETENTION = timedelta(days=7)
MAILS_PER_TASK = 5


def request_password_reset(address: str, origin: str) -> None:
    mail = OutgoingMail.objects.create(
        kind=MailKind.PASSWORD_RESET, address=address.lower(), origin=origin, try_at=now()
    )
    enqueue_on_commit("send_mail", mail.pk, queue="ask")


def send_due(delay: timedelta = timedelta()) -> None:
    OutgoingMail.objects.filter(failed_at__lt=now() - FAILED_RETENTION).delete()
    for pk in list(OutgoingMail.objects.due(delay).values_list("pk", flat=True)[:MAILS_PER_TASK]):
        send(pk)


def send(pk: int) -> None:
    """Make one attempt. A worker killed between sending and deleting the row causes a second copy."""
    mail = OutgoingMail.objects.filter(pk=pk).first()
    if mail is None or not mail.claim(LEASE):
        return
    if now() - mail.created_at > MAX_AGE:
        _give_up(mail, mail.problem or "No worker sent it within an hour.")
        return
    try:
        messages = list(_password_reset_messages(mail))
        for message in messages:
            message.send()
    except Exception as error:  # noqa: BLE001 - its traceback would hold the address, and the link
        _postpone(mail, _error_text(error))
        log.error("mail_failed", mail=mail.pk, attempt=mail.attempts, error=type(error).__name__)  # noqa: TRY400
    else:
        mail.delete()
        log.info("mail_sent", mail=pk, messages=len(messages))


def _password_reset_messages(mail: OutgoingMail) -> Iterator[EmailMessage]:
    people: list[User] = filter_users_by_email(mail.address, is_active=True, prefer_verified=True)
    for person in people:
        if not person.has_usable_password():  # they sign in through an identity provider
            continue
        key = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
        url = mail.origin + reverse("account_reset_password_from_key", kwargs=key)
        context = {"username": person.username, "password_reset_url": url}
        yield EmailMessage(
            subject=render_to_string("account/email/password_reset_key_subject.txt").strip(),
            body=render_to_string("account/email/password_reset_key_message.txt", context).strip(),
            to=[person.email],  # not as typed: two addresses may look alike
        )


def _postpone(mail: OutgoingMail, problem: str) -> None:
    if mail.attempts > len(RETRY_DELAYS):
        _give_up(mail, problem)
        return
    try_at = now() + RETRY_DELAYS[mail.attempts - 1]
    OutgoingMail.objects.filter(pk=mail.pk).update(try_at=try_at, problem=problem)


def _give_up(mail: OutgoingMail, problem: str) -> None:
    OutgoingMail.objects.filter(pk=mail.pk).update(failed_at=now(), problem=problem, address="")
    log.error("mail_abandoned", mail=mail.pk, attempts=mail.attempts)


def _error_text(error: Exception) -> str:
    """Describe the error without an address or text from a mail server."""
    match error:
        case SMTPAuthenticationError():
            return "The mail server rejected the user name or password."
        case SMTPSenderRefused():
            return "The mail server rejected the sender."
        case SMTPRecipientsRefused():
            return "The mail server rejected the recipient."
        case SMTPResponseException():
            return f"The mail server answered with error {int(error.smtp_code)}."
        case TimeoutError():
            return "The mail server didn't answer in time."
        case SMTPException():
            return "The mail server closed the connection."
        case OSError():
            return "The mail server can't be reached."
    return f"The mail couldn't be created ({type(error).__name__})."
