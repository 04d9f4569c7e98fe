"""Liveness and readiness, as load balancers and orchestrators ask for them."""

import logging
import os
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import OperationalError
from django.test import Client

from jobs.reports import readiness
from jobs.web.shell import probes
from tests import make
from tests.examples import QUICK

READY = {"database": "ok", "migrations": "ok", "disk": "ok"}


@pytest.fixture(autouse=True)
def _fresh_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_migrated_databases", set())
    monkeypatch.setattr(probes, "_last_failures", {})


@pytest.fixture
def migrated(db: None) -> None:
    if QUICK:
        pytest.skip("quick runs make their tables without migrations")


def no_database(*_: Any, **__: Any) -> None:
    raise OperationalError('connection to server at "db.internal", user "portal" failed')


@pytest.mark.parametrize("path", ["/livez", "/healthz"])
def test_a_process_lives_without_its_database(path: str, client: Client) -> None:
    assert client.get(path).content == b"ok"  # without the `db` fixture any query fails


def test_a_process_is_ready_when_database_migrations_and_disk_are(client: Client, migrated: None) -> None:
    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True, "checks": READY})


def test_a_database_that_does_not_answer_is_not_ready_and_is_not_described(
    client: Client, migrated: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(connections["default"], "cursor", no_database)
        answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == READY | {"database": "does not answer", "migrations": "unknown"}


def test_a_migration_that_is_not_applied_is_not_ready(
    client: Client, migrated: None, django_assert_num_queries: Any
) -> None:
    recorder = MigrationRecorder(connection)
    newest = next(name for app, name in readiness._newest_migrations() if app == "jobs")
    recorder.record_unapplied("jobs", newest)
    assert client.get("/readyz").json()["checks"] == READY | {"migrations": "not applied"}

    recorder.record_applied("jobs", newest)
    assert client.get("/readyz").status_code == 200
    with django_assert_num_queries(1):  # once true, it isn't asked again
        client.get("/readyz")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_that_cannot_be_written_is_not_ready(
    client: Client, migrated: None, settings: Any, tmp_path: Path
) -> None:
    settings.INCARNATION_FILE = tmp_path / "incarnation"
    tmp_path.chmod(0o500)

    assert client.get("/readyz").json()["checks"] == READY | {"disk": "not writable"}


def test_a_disk_that_refuses_a_byte_is_not_ready(
    client: Client, migrated: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_with_full_disk(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("jobs.reports.readiness.tempfile.TemporaryFile", fail_with_full_disk)

    assert client.get("/readyz").json()["checks"] == READY | {"disk": "not writable"}


def test_a_disk_that_is_nearly_full_is_not_ready(
    client: Client, migrated: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "MIN_FREE_BYTES", 2**62)

    assert "MiB free" in client.get("/readyz").json()["checks"]["disk"]


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_need_no_host_no_tls_and_no_session(
    path: str, client: Client, migrated: None, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client.get("/readyz")
    client.force_login(make.admin())
    with django_assert_max_num_queries(1):  # none of them for the session
        answer = client.get(path, headers={"Host": "10.1.2.3:8000"})

    assert answer.status_code == 200
    assert not answer.cookies
    assert answer.headers["Cache-Control"] == "no-store, private"


def test_a_change_is_logged_once_and_not_each_answer(
    client: Client, migrated: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("jobs.reports.readiness._check_disk", lambda: "not writable")
    for _ in range(3):
        assert client.get("/readyz").status_code == 503
    monkeypatch.setattr("jobs.reports.readiness._check_disk", lambda: "ok")
    for _ in range(3):
        assert client.get("/readyz").status_code == 200

    events = [record.getMessage() for record in caplog.records]
    assert [("not_ready" in event, "became_ready" in event) for event in events] == [(True, False), (False, True)]
