"""Typed readers of environment variables.

Each raises ImproperlyConfigured: a misspelt `ture` must not mean no. No message has a value that may hold a password.
"""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import ParseResult, urlparse

from django.core.exceptions import ImproperlyConfigured

from jobs.spec.rules.required_size import DefaultSize

YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0")
_LABEL = re.compile(r"[A-Za-z0-9_.:/=+@-][A-Za-z0-9_.:/=+@ -]{0,127}")


class Environment:
    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def text(self, name: str, default: str = "") -> str:
        return self._variables.get(name, "").strip() or default

    def names(self, name: str, default: Sequence[str] = ()) -> list[str]:
        return [part.strip() for part in self.text(name).split(",") if part.strip()] or list(default)

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            raise ImproperlyConfigured(f"{name}={value!r} is invalid. Use one of: {', '.join(allowed)}.")
        return value

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.text(name).lower()
        if value not in ("", *YES, *NO):
            allowed = f"{', '.join(YES)} for yes; {', '.join(NO)} for no"
            raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Use one of: {allowed}.")
        return value in YES if value else default

    def integer(self, name: str, default: int, *, at_least: int, at_most: int) -> int:
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,12}", value) or not at_least <= int(value) <= at_most:
            raise ImproperlyConfigured(f"{name}={value!r} must be a whole number from {at_least} to {at_most}.")
        return int(value)

    def label(self, name: str, default: str) -> str:
        """Return a text that AWS accepts in a tag."""
        value = self.text(name, default)
        if not _LABEL.fullmatch(value):
            allowed = "letters, digits, spaces and _ . : / = + - @, at most 128 characters"
            raise ImproperlyConfigured(f"{name}={value!r} is not a valid tag value. Use {allowed}.")
        return value

    def size(self, name: str) -> DefaultSize | None:
        """Parse vCPU and MiB, such as 1,2048."""
        value = self.text(name)
        try:
            return DefaultSize.parse(value) if value else None
        except ValueError:
            raise ImproperlyConfigured(f"{name}={value!r} must be vCPU and MiB, such as 1,2048.") from None

    def url(self, name: str, schemes: Sequence[str], default: str = "") -> str:
        value = self.text(name, default)
        scheme, separator, _ = value.partition("://")
        if value and not (separator and scheme in schemes):
            prefixes = ", ".join(f"{prefix}://" for prefix in schemes)
            raise ImproperlyConfigured(f"{name} must be a URL that starts with one of: {prefixes}")
        return value

    def redis(self, name: str, default: str) -> tuple[ParseResult, int]:
        try:
            parsed = urlparse(self.url(name, ("redis", "rediss"), default))
            parsed.port  # noqa: B018 - raises ValueError if it is no number, or out of range
        except ValueError:
            raise ImproperlyConfigured(f"{name} must look like redis://host:6379/0.") from None
        database = parsed.path.strip("/") or "0"
        if not re.fullmatch(r"[0-9]{1,5}", database):
            raise ImproperlyConfigured(f"{name} must end in a database number, as in redis://host:6379/0.")
        return parsed, int(database)
