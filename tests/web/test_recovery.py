"""After a restore, everyone is told what is held and until when."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now

from jobs.models import DatabaseGeneration, Job, Queue
from jobs.models.database_generation import enter_recovery
from jobs.reports.recovery import EXPECTED_DELAY, user_recovery
from tests import make
from tests.api.conftest import token

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

WORDS = "restored from a backup and is comparing its jobs with AWS"


@pytest.fixture
def research():
    member = make.member(make.team("research"), "lead")
    make.queue("cpu", of=make.account(quarantine_seconds=600), teams=(member.team,))
    return member


@pytest.fixture
def browser(research):
    client = Client()
    client.force_login(research.user)
    return client


def restore_backup(ago: timedelta = timedelta(0)):
    enter_recovery("A backup was restored.")
    since = now() - ago
    DatabaseGeneration.objects.update(recovering_since=since)
    return since


def page(client: Client, address: str) -> str:
    return " ".join(client.get(address).content.decode().split())


def test_the_pages_of_a_portal_that_was_not_restored_say_nothing_of_it(browser):
    assert WORDS not in page(browser, "/teams/research/jobs/")


@pytest.mark.parametrize(
    "address", ["/teams/research/home/", "/teams/research/jobs/", "/teams/research/new/", "/rights/", "/nowhere/"]
)
def test_every_page_says_what_is_held_and_until_about_when(browser, address):
    until = restore_backup() + timedelta(seconds=600)

    text = page(browser, address)
    assert WORDS in text
    assert "New jobs are accepted and held until about" in text
    assert f">{until:%H:%M} UTC</time>" in text.replace(f"{until:%b} {until.day}, ", "")


def test_administration_says_it_too(research):
    admin, client = make.admin(), Client()
    client.force_login(admin)
    make.second_factor(admin, client)
    assert WORDS not in page(client, "/admin/")
    restore_backup()

    assert WORDS in page(client, "/admin/")
    assert WORDS in page(client, "/admin/jobs/team/")


def test_what_takes_longer_than_thought_is_said_by_the_queues_it_waits_for(browser, research):
    restore_backup(timedelta(seconds=600) + EXPECTED_DELAY + timedelta(seconds=1))

    assert "until every queue is compared. Remaining queues: cpu." in page(browser, "/teams/research/jobs/")


def test_a_team_is_told_of_its_own_queues_only(browser, research):
    make.queue("secret-queue", of=make.account(quarantine_seconds=600))
    restore_backup(timedelta(hours=1))
    assert "secret-queue" not in page(browser, "/teams/research/jobs/")

    Queue.objects.filter(name="cpu").update(compared_at=now())
    assert WORDS not in page(browser, "/teams/research/jobs/")
    assert user_recovery(make.admin()).queues == ("secret-queue",)


def test_whoever_is_not_signed_in_is_told_nothing_and_asks_the_database_nothing(django_assert_num_queries):
    restore_backup()
    with django_assert_num_queries(0):
        assert WORDS not in page(Client(), "/sign-in/")


@pytest.mark.long
def test_the_api_says_of_a_submission_that_it_is_held_until_it_is_sent(research):
    submission = make.submission(research, Queue.objects.get().account)
    make.job(submission)
    client = Client(headers={"authorization": f"Bearer {token(research)}"})

    def ask(**headers: str) -> Any:
        return client.get(f"/api/v1/submissions/{submission.text_id}", headers=headers)

    assert ask().json()["held"] is None
    since = restore_backup()
    held = ask().json()["held"]
    assert held["until"].startswith(f"{since + timedelta(seconds=600):%Y-%m-%dT%H:%M}")
    assert "restored from a backup and is comparing its jobs with AWS" in held["reason"]
    assert [line.split("\t")[0] for line in ask(accept="text/plain").content.decode().splitlines()].count("held") == 1

    DatabaseGeneration.objects.update(recovering_since=now() - timedelta(hours=1))
    assert ask().json()["held"]["until"] is None
    Job.objects.update(delivery="SENT", batch_id="b", state="RUNNING")
    assert ask().json()["held"] is None
