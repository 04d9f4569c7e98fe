"""What the database, Redis and the accounts must be like, as they are asked at the start."""

import django_rq
import pytest
from botocore.config import Config
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from redis.exceptions import RedisError

from jobs.aws.session import CLIENT_CONFIGS, Purpose
from jobs.management.commands.sandbox import SIGNATURE_SECONDS
from jobs.models import AccessMethod, quarantine
from portal.checks_database import check_database
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


class Redis:
    def __init__(self, policy: str) -> None:
        self.policy = policy

    def config_get(self, name):
        if not self.policy:
            raise RedisError("no answer")
        return {name: self.policy}


@pytest.fixture
def production(settings, monkeypatch):
    """One without fault; a test may spoil it."""
    settings.PRODUCTION, settings.QUICKSTART = True, False

    def with_redis(policy: str) -> None:
        monkeypatch.setattr(django_rq, "get_connection", lambda _: Redis(policy))

    with_redis("noeviction")
    return with_redis


def message_ids() -> list[str]:
    return [str(message.id) for message in check_database(None, databases=["default"])]


def test_a_ground_without_fault_is_built_upon(production):
    make.account(access=AccessMethod.DEFAULT, quarantine_seconds=600)
    make.account(access=AccessMethod.SANDBOX, quarantine_seconds=30)

    assert message_ids() == []


def test_a_client_that_would_repeat_a_submission_is_refused(production, monkeypatch):
    monkeypatch.setitem(CLIENT_CONFIGS, Purpose.SUBMIT, Config(retries={"mode": "standard", "total_max_attempts": 2}))
    assert message_ids() == ["portal.E007"]
    monkeypatch.setitem(CLIENT_CONFIGS, Purpose.SUBMIT, Config())
    assert message_ids() == ["portal.E007"]


def test_a_database_that_may_forget_a_commit_is_refused(production):
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            pytest.skip("a transaction cannot change it; see the next test")
        cursor.execute("SET synchronous_commit = off")
    assert message_ids() == ["portal.E008"]


@pytest.mark.django_db(transaction=True)
def test_a_sqlite_that_may_forget_a_commit_is_refused(production):
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA synchronous=NORMAL")
    try:
        assert message_ids() == ["portal.E008"]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


@pytest.mark.parametrize(("policy", "faults"), [("allkeys-lru", ["portal.E009"]), ("", ["portal.W001"])])
def test_a_redis_that_throws_away_is_refused_and_one_that_does_not_answer_is_told(production, policy, faults):
    production(policy)

    assert message_ids() == faults


@pytest.mark.parametrize(
    ("access", "seconds"), [(AccessMethod.DEFAULT, 599), (AccessMethod.ROLE, 30), (AccessMethod.SANDBOX, 29)]
)
def test_a_hasty_account_is_refused_wherever_it_is(production, settings, access, seconds):
    role = "arn:aws:iam::123456789012:role/batch-portal" if access == AccessMethod.ROLE else ""
    account = make.account(access=access, role_arn=role, quarantine_seconds=seconds)
    assert message_ids() == ["portal.E010"]
    settings.PRODUCTION = False
    assert message_ids() == ["portal.E010"]
    with pytest.raises(ValidationError, match="a request can be in flight for that long"):
        account.clean()

    account.quarantine_seconds = account.min_quarantine_seconds
    account.clean()
    account.save()
    assert message_ids() == []


def test_a_quarantine_outlives_guard_signature_skew_and_lag():
    parts = (
        quarantine.SEND_DEADLINE_SECONDS
        + quarantine.SIGNATURE_LIFETIME_SECONDS
        + quarantine.MAX_CLOCK_SKEW_SECONDS
        + quarantine.LISTING_LAG_SECONDS
    )

    assert quarantine.minimum_seconds(in_sandbox=False) > parts
    assert (
        quarantine.minimum_seconds(in_sandbox=True)
        > quarantine.SEND_DEADLINE_SECONDS + quarantine.SANDBOX_SIGNATURE_LIFETIME_SECONDS
    )
    assert quarantine.SANDBOX_SIGNATURE_LIFETIME_SECONDS == SIGNATURE_SECONDS


@pytest.mark.parametrize("command", ["clock", "worker", "events"])
def test_what_sends_or_listens_does_not_start_on_bad_ground(production, settings, command):
    settings.EVENTS_QUEUE_URL = "https://sqs.us-west-2.amazonaws.com/1/q"
    production("volatile-ttl")

    with pytest.raises(CommandError, match="Redis evicts keys"):
        call_command(command)
