"""Sessions, passwords and second factor, as changed by their user."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from jobs import audit, sessions
from jobs.models import User
from jobs.sessions import SignedInSession


def end_session(user: User, current_key: str | None, text_id: str) -> SignedInSession | None:
    with transaction.atomic():
        rows = sessions.active_sessions(user, current_key)
        session = next((row for row in rows if row.text_id == text_id and not row.is_current), None)
        if session is None or not sessions.end_session(user, text_id):
            return None
        about = {"session": session.device, "address": session.address}
        audit.record("sign out", person=user, target=user, before=about)
    return session


def end_other_sessions(user: User, current_key: str | None) -> int:
    with transaction.atomic():
        count = sessions.end_other_sessions(user, current_key)
        if count:
            audit.record("sign out", person=user, target=user, before={"other sessions": count})
    return count


def clear_must_change_password(user: User) -> None:
    User.objects.filter(pk=user.pk).update(must_change_password=False)


def store_second_factor_secret(authenticator: Authenticator, encrypted_secret: str) -> None:
    authenticator.data["secret"] = encrypted_secret
    authenticator.save(update_fields=["data"])
