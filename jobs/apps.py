from django.apps import AppConfig


class JobsConfig(AppConfig):
    """The one Django app of the portal."""

    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"
