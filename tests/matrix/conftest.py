"""The world of a module, and an AWS that says what it is asked."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.template.base import Template
from django.test import override_settings

from tests.matrix import world as worlds
from tests.matrix.world import World

# What differs from the quick start in how answers are dressed, but for the redirect to TLS itself.
PRODUCTION = {
    "QUICKSTART": False,
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
    "SESSION_COOKIE_NAME": "__Host-sessionid",
    "CSRF_COOKIE_NAME": "__Host-csrftoken",
}


@pytest.fixture(scope="module", autouse=True)
def _as_in_production() -> Iterator[None]:
    with override_settings(**PRODUCTION):
        yield


@pytest.fixture(scope="module", autouse=True)
def _plain_templates() -> Iterator[None]:
    """Tests read what was answered, not from which templates: keeping every context is a tenth of their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "_render", lambda template, context: template.nodelist.render(context))
        yield


@pytest.fixture(scope="module")
def _built(django_db_setup: None, django_db_blocker: Any, _as_in_production: None) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.build_world() as world:
        yield world


@pytest.fixture
def world(_built: World, db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """The module's world. What a test changes of it is undone at its end."""
    monkeypatch.setattr("jobs.reports.logs.client_for", lambda *_: None)
    monkeypatch.setattr("jobs.reports.logs.cloudwatch.get_log_events", worlds.fake_log(_built))
    monkeypatch.setattr("jobs.reports.health.workers", lambda: None)
    monkeypatch.setattr("jobs.actions.account.wait_until_updated", lambda *_: False)
    # quick runs make tables without them
    monkeypatch.setattr("jobs.reports.readiness._check_migrations", lambda: "ok")
    _built.read_streams.clear()
    return _built
