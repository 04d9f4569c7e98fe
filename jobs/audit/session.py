"""Who signs in and out, and who fails to: Django's signals tell, whichever way of signing in there is."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from jobs.audit.recording import Thing, record, thing
from jobs.models import User


@receiver(user_logged_in, dispatch_uid="audit")
def signed_in(*, user: User, **_: Any) -> None:
    record("sign in", person=user, about=user)


@receiver(user_logged_out, dispatch_uid="audit")
def signed_out(*, user: User | None, **_: Any) -> None:
    if user is not None:
        record("sign out", person=user, about=user)


@receiver(user_login_failed, dispatch_uid="audit")
def failed(*, credentials: dict[str, Any], **_: Any) -> None:
    """Whose account was tried, if there is one: what else was typed may be a password in the wrong field."""
    name = str(credentials.get("username") or credentials.get("email") or "").replace("\0", "")
    tried = User.objects.filter(username=name).first() if name else None
    about = thing(tried) if tried else Thing("user", label="unknown")
    record("fail to sign in", person=None, about=about)
