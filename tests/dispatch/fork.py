"""Child processes of tests, forked from one that has the large libraries: each loads the portal anew, by its own
environment, in a third of the time."""

import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

LIBRARIES = ["boto3", "botocore.client", "botocore.docs", "botocore.session", "jsonschema", "redis.asyncio", "rq"]

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["django.core.management", "django.db.models", *LIBRARIES])


class Child:
    """A process that calls a function of `tests.dispatch.child`."""

    def __init__(self, environment: Mapping[str, str], function: str, *words: Any) -> None:
        self._process: ForkServerProcess = _forks.Process(target=_call, args=(dict(environment), function, words))
        self._process.start()

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    def wait(self, seconds: float) -> int | None:
        """Return its exit code, or None if it still runs."""
        self._process.join(seconds)
        return self._process.exitcode


def child(state: Path, function: str, *words: Any, **given: str) -> Child:
    """Start a child whose portal has this state, a SQLite in it, and these variables."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"STATE": str(state), "PORTAL_MODE": "quickstart", "LOG_LEVEL": "ERROR"}
    environment |= {"DJANGO_SETTINGS_MODULE": "portal.settings", **given}
    return Child(environment, function, *words)


def _call(environment: dict[str, str], function: str, words: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    import django

    django.setup()
    from tests.chaos import hasty
    from tests.dispatch import child

    if os.environ.get("SCALE") == "hasty":
        hasty.shorten_waits()
    getattr(child, function)(*words)
