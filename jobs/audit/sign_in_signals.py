"""Signal receivers that record sign-ins and changes of credentials."""

from typing import Any

from allauth.account.signals import password_changed, password_reset
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from jobs.audit.log import AuditTarget, describe_target, record
from jobs.models import User


@receiver(user_logged_in, dispatch_uid="audit")
def record_sign_in(*, user: User, **_: Any) -> None:
    record("sign in", person=user, target=user)


@receiver(user_logged_out, dispatch_uid="audit")
def record_sign_out(*, user: User | None, **_: Any) -> None:
    if user is not None:
        record("sign out", person=user, target=user)


@receiver(user_login_failed, dispatch_uid="audit")
def record_failed_sign_in(*, credentials: dict[str, Any], **_: Any) -> None:
    """Record an existing account only: another name may be a password in the wrong field."""
    name = str(credentials.get("username") or credentials.get("email") or "").replace("\0", "")
    user = User.objects.filter(username=name).first() if name else None
    about = describe_target(user) if user else AuditTarget("user", label="unknown")
    record("fail to sign in", person=None, target=about)


@receiver([password_changed, password_reset], dispatch_uid="audit")
def record_password_change(*, user: User, **_: Any) -> None:
    record("change", person=user, target=user, after={"password": "changed"})


@receiver([authenticator_added, authenticator_reset], dispatch_uid="audit")
def record_factor_added(*, user: User, authenticator: Authenticator, **_: Any) -> None:
    record("make", person=user, target=user, after={"second factor": str(authenticator.type)})


@receiver(authenticator_removed, dispatch_uid="audit")
def record_factor_removed(*, user: User, authenticator: Authenticator, **_: Any) -> None:
    record("remove", person=user, target=user, before={"second factor": str(authenticator.type)})
