"""The portal's pages in a browser, served by Django's live server; nothing of AWS runs behind them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import LazySettings
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from jobs.access import Member
from jobs.management.demo import TEAMS, documents
from jobs.models import Registration, Revision, TagRule, TagSource, User
from tests import make
from tests.browser import PageOpener, session_cookies
from tests.demo_queues import GPU_ENVIRONMENTS
from tests.live_db import database_in_a_file, wait_for_requests

OpenPage = Callable[..., Page]


@pytest.fixture(autouse=True)
def _without_tls(settings: LazySettings) -> None:
    """The live server has no certificate, and no browser keeps a secure cookie of it."""
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "sessionid", "csrftoken"


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """Django's live server, whose threads have connections of their own: `_database` is a file."""
    with patch("django.db.backends.sqlite3.base.DatabaseWrapper.is_in_memory_db", return_value=False):
        server = LiveServer("localhost")
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _database(browser: Browser, transactional_db: None, tmp_path: Path) -> Iterator[None]:
    """Whoever has no browser is told so before a database is made."""
    with database_in_a_file(tmp_path):
        yield


@pytest.fixture(autouse=True)
def _aws_registers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker does elsewhere while a page waits for it."""

    def register(revision: Revision) -> Revision:
        number = 1 + revision.definition.revisions.filter(registration=Registration.REGISTERED).count()
        accepted = Revision.objects.filter(pk=revision.pk, registration=Registration.ACCEPTED)
        accepted.update(registration=Registration.REGISTERED, number=number)
        revision.refresh_from_db()
        return revision

    monkeypatch.setattr("jobs.actions.wait_for_registration", register)


@pytest.fixture
def analyst(db: None) -> Member:
    """The analyst of the demo's research team, with all that the team has there: queues, definitions, tags."""
    demo = TEAMS[0]
    limit = demo.default_time_limit_seconds
    team = make.team(
        demo.slug,
        name=demo.name,
        images=demo.images,
        roles=demo.roles,
        features=list(demo.features),
        default_time_limit_seconds=limit,
        **demo.default_size,
        **demo.approval,
    )
    account = make.account()
    for name in demo.queues:
        environments = [] if "fargate" in name else GPU_ENVIRONMENTS
        make.queue(name, of=account, teams=(team,), environments=environments)
    for key, value in demo.tags.items():
        TagRule.objects.create(team=team, key=key, default=value, filled_by=TagSource.TEAM)
    for name, text in documents("definitions", demo):
        make.revision(name, of=team, where=account, document=json.loads(text))
    return make.member(team, who=make.user("analyst"))


@pytest.fixture
def open_page(new_page: PageOpener, live_server: LiveServer) -> Iterator[OpenPage]:
    """Open a page at a path, as a user who is signed in or as nobody."""

    def open_as(user: User | None, path: str = "", **options: Any) -> Page:
        cookies = session_cookies(user, live_server.url) if user else ()
        page = new_page(live_server.url, cookies, **options)
        if path:
            page.goto(path)
        return page

    yield open_as
    new_page.close()
    wait_for_requests()
