"""Configuration of the Django app."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Batch Portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs.audit import sign_in_signals  # noqa: F401, PLC0415 - connects the receivers of sign-in signals
        from jobs.web.accounts import session_expiry  # noqa: F401, PLC0415 - and of changes to credentials
