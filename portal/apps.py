from django.apps import AppConfig
from django.contrib.admin import apps as admin


class PortalConfig(AppConfig):
    """The wiring. As an app only so that Django knows its checks."""

    name = "portal"
    default = True

    def ready(self) -> None:
        from portal import checks, checks_database  # noqa: F401, PLC0415 - importing registers them


class AdministrationConfig(admin.AdminConfig):
    """Django's admin, entered by the portal's own door."""

    default = False
    default_site = "portal.admin_site.Administration"
