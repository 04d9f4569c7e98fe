import pytest
from pytest_django import Settings

from portal.checks import check_portal

RANDOM = "pWk3vZ0qLr8TnXy1bFh7JcMd5sGaUe9QoIt2RzVx4BwNl6KjEu-HYmPf_CSDgA"  # as good as any here


@pytest.fixture
def production(settings: Settings) -> Settings:
    """One without fault."""
    settings.PRODUCTION, settings.QUICKSTART = True, False
    settings.SECRET_KEY_GIVEN = RANDOM
    settings.ALLOWED_HOSTS = ["batch.example.org"]
    return settings


def message_ids() -> list[str]:
    return [str(message.id) for message in check_portal(None)]


def test_a_production_without_fault_starts(production: Settings) -> None:
    assert message_ids() == []


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("", "portal.E001"),
        ("short", "portal.E002"),
        ("x" * 60, "portal.E002"),
        ("django-insecure-" + RANDOM, "portal.E003"),
        ("Change-Me-" + RANDOM, "portal.E003"),
    ],
)
def test_a_production_without_a_secret_of_its_own_is_refused(production: Settings, key: str, fault: str) -> None:
    production.SECRET_KEY_GIVEN = key

    assert message_ids() == [fault]


@pytest.mark.parametrize("hosts", [[], ["*"], ["batch.example.org", "*"]])
def test_a_production_that_answers_to_any_name_is_refused(production: Settings, hosts: list[str]) -> None:
    production.ALLOWED_HOSTS = hosts

    assert message_ids() == ["portal.E004"]


@pytest.mark.parametrize(("hosts", "faults"), [(["127.0.0.1", "localhost"], []), (["10.0.0.5"], ["portal.E005"])])
def test_the_quick_start_is_for_this_machine_alone(settings: Settings, hosts: list[str], faults: list[str]) -> None:
    settings.PRODUCTION, settings.QUICKSTART = False, True
    settings.ALLOWED_HOSTS = hosts

    assert message_ids() == faults


def test_nothing_is_pickled(production: Settings) -> None:
    production.RQ_QUEUES = {"ask": {**production.RQ_QUEUES["ask"], "SERIALIZER": "rq.serializers.PickleSerializer"}}

    assert message_ids() == ["portal.E006"]
