"""App configurations."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class PortalConfig(AppConfig):
    """The project itself, an app only so that Django finds its checks."""

    name = "portal"
    default = True

    def ready(self) -> None:
        from portal import checks, checks_database  # noqa: F401, PLC0415 - registers the checks


class PortalAdminConfig(admin.AdminConfig):
    default = False
    default_site = "portal.admin_site.PortalAdminSite"
