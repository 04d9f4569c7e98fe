"""Configuration of the Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Batch Portal"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs.audit import sign_in_signals  # noqa: F401, PLC0415 - connects the receivers of sign-in signals
        from jobs.models.planner_statistics import update_after_migrations  # noqa: PLC0415 - models are loaded by now
        from jobs.web.accounts import session_expiry  # noqa: F401, PLC0415 - and of changes to credentials

        post_migrate.connect(update_after_migrations, sender=self)
