"""The world of a module, and an AWS that says what it is asked."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.matrix import world as worlds
from tests.matrix.world import World


@pytest.fixture(scope="module")
def _built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.built() as world:
        yield world


@pytest.fixture
def world(_built: World, db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """The module's world. What a test changes of it is undone at its end."""
    monkeypatch.setattr("jobs.reports.logs.client_for", lambda *_: None)
    monkeypatch.setattr("jobs.reports.logs.cloudwatch.read", worlds.said_log(_built))
    monkeypatch.setattr("jobs.reports.health.listeners", lambda: None)
    monkeypatch.setattr("jobs.web.write.PATIENCE_SECONDS", 0)
    monkeypatch.setattr("jobs.api.definitions.PATIENCE_SECONDS", 0)
    _built.read_streams.clear()
    return _built
