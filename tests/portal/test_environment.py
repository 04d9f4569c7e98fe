"""Settings from the environment: what is not understood stops the start, in words."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from portal.environment import Environment

PORTAL = {"SECRET_KEY": "pWk3vZ0qLr8TnXy1bFh7JcMd5sGaUe9QoIt2RzVx4BwNl6KjEu", "DATABASE_URL": "sqlite://:memory:"}


def start(statement: str = "import portal.settings", **variables: str) -> subprocess.CompletedProcess[str]:
    """Load the settings as each process of the portal does."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", statement],
        env={**known, **PORTAL, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.process
def test_a_portal_of_an_unknown_mode_does_not_start_and_names_the_modes() -> None:
    ended = start(PORTAL_MODE="prod")

    assert ended.returncode != 0
    assert ended.stderr.strip().endswith("PORTAL_MODE='prod' is invalid. Use one of: production, quickstart.")


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("BEHIND_TLS_PROXY", "ture", "neither yes nor no"),
        ("SECURE_SSL_REDIRECT", "nope", "neither yes nor no"),
        ("LOG_JSON", "2", "neither yes nor no"),
        ("LOG_LEVEL", "LOUD", "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("SECURE_HSTS_SECONDS", "-1", "whole number from 0"),
        ("TRUSTED_PROXIES", "0", "whole number from 1 to 20"),
        ("REDIS_URL", "http://:hunter2@localhost", "redis://, rediss://"),
        ("REDIS_URL", "redis://:hunter2@localhost:port/0", "redis://host:6379/0"),
        ("REDIS_URL", "redis://:hunter2@localhost/first", "a database number"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/portal", "postgres://"),
        ("EMAIL_URL", "mailto:hunter2", "smtp+tls://"),
        ("EVENTS_QUEUE_URL", "sqs.us-west-2.amazonaws.com/1/hunter2", "https://"),
        ("INSTALLATION", "<portal>", "not a valid tag value"),
        ("DEFAULT_SIZE", "1 vCPU", "vCPU and MiB, such as 1,2048"),
    ],
)
def test_a_setting_that_is_not_understood_stops_the_start_without_telling_a_password(
    name: str, value: str, words: str
) -> None:
    ended = start(**{"BEHIND_TLS_PROXY": "true", name: value})
    sentence = ended.stderr.strip().splitlines()[-1]

    assert ended.returncode != 0
    assert name in sentence
    assert words in sentence
    assert "hunter2" not in sentence


@pytest.mark.process
@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", "-c join_collapse_limit=4 -c jit=off -c max_parallel_workers_per_gather=0"),
        ("?options=-c%20jit%3Don", "-c jit=on"),
    ],
)
def test_options_of_the_database_url_replace_those_of_the_portal(query: str, options: str) -> None:
    ended = start(
        "from portal.settings import DATABASES; print(DATABASES['default']['OPTIONS']['options'])",
        DATABASE_URL=f"postgres://portal@localhost/portal{query}",
    )

    assert ended.stdout.strip() == options


@pytest.mark.django_db
@pytest.mark.postgres
def test_connections_to_postgresql_plan_joins_in_groups_of_four() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such setting.")
    with connection.cursor() as cursor:
        cursor.execute("SHOW join_collapse_limit")
        assert cursor.fetchone() == ("4",)


def test_an_empty_variable_counts_as_not_set() -> None:
    env = Environment({"MODE": "", "YES": " ", "COUNT": "", "HOSTS": " , ", "URL": ""})

    assert env.choice("MODE", ("a", "b"), default="b") == "b"
    assert env.boolean("YES", default=True) is True
    assert env.integer("COUNT", 3, at_least=1, at_most=5) == 3
    assert env.names("HOSTS", ["localhost"]) == ["localhost"]
    assert env.url("URL", ("https",)) == ""
    assert env.size("SIZE") is None


@pytest.mark.parametrize(("value", "meaning"), [("Yes", True), ("on", True), ("FALSE", False), ("0", False)])
def test_yes_and_no_are_said_in_the_usual_words(value: str, meaning: bool) -> None:
    assert Environment({"X": value}).boolean("X", default=not meaning) is meaning


@pytest.mark.parametrize("value", ["6", "-1", "1.0", "١", "1e1"])
def test_a_number_out_of_range_is_refused(value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="whole number from 1 to 5"):
        Environment({"X": value}).integer("X", 1, at_least=1, at_most=5)
