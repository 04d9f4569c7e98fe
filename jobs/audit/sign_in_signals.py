"""Signal receivers that record sign-ins, sign-outs, failed sign-ins and changes of credentials."""

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from jobs.audit.log import Thing, record, thing
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
    """Record whose account was tried, if it exists. Anything else may be a password typed into the wrong field."""
    name = str(credentials.get("username") or credentials.get("email") or "").replace("\0", "")
    user = User.objects.filter(username=name).first() if name else None
    about = thing(user) if user else Thing("user", label="unknown")
    record("fail to sign in", person=None, about=about)


@receiver([password_changed, password_reset], dispatch_uid="audit")
def another_password(*, user: User, **_: Any) -> None:
    record("change", person=user, about=user, after={"password": "another"})


@receiver([authenticator_added, authenticator_reset], dispatch_uid="audit")
def factor_set_up(*, user: User, authenticator: Authenticator, **_: Any) -> None:
    record("make", person=user, about=user, after={"second factor": str(authenticator.type)})


@receiver(authenticator_removed, dispatch_uid="audit")
def factor_gone(*, user: User, authenticator: Authenticator, **_: Any) -> None:
    record("remove", person=user, about=user, before={"second factor": str(authenticator.type)})
