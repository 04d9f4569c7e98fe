from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The wiring. As an app only so that Django knows its checks."""

    name = "portal"

    def ready(self) -> None:
        from portal import checks, ground  # noqa: F401, PLC0415 - importing registers them
