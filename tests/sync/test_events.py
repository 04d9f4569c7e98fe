"""Events say "look", and are believed in nothing else."""

import json
import threading
from datetime import timedelta
from typing import Any

import botocore.session
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils.timezone import now
from moto import mock_aws

from jobs.aws.events import QueueAddress
from jobs.management.commands.events import AccountPolls, queue_address, receive_events
from jobs.models import Job
from jobs.states import State
from jobs.sync.events import EventConsumer, MalformedEventError, parse_job_id
from tests import make
from tests.eventually import eventually
from tests.sync.due import due_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

LATER = timedelta(minutes=5)


def event(batch_id: str, status: str = "RUNNING", **fields) -> str:
    return json.dumps(
        {
            "source": "aws.batch",
            "detail-type": "Batch Job State Change",
            "detail": {"jobId": batch_id, "status": status},
        }
        | fields
    )


def waiting_job(batch_id: str, **fields) -> Job:
    return make.job(batch_id=batch_id, **{"state": State.RUNNABLE, "next_poll_at": now() + LATER, **fields})


def is_due(job: Job) -> bool:
    return due_jobs().filter(pk=job.pk).exists()


@pytest.mark.parametrize("kind", [["Batch Job State Change"], {}, None, 5])
def test_an_event_of_no_readable_kind_is_malformed(kind):
    with pytest.raises(MalformedEventError):
        parse_job_id(event("j-1", **{"detail-type": kind}))


def test_an_event_has_its_job_looked_at_and_changes_nothing_else():
    job = waiting_job("j-1")
    assert EventConsumer().consume([event("j-1", "SUCCEEDED")]) == {job.account_id}

    assert is_due(job)
    assert Job.objects.get(pk=job.pk).state == State.RUNNABLE


def test_the_event_of_a_child_has_its_array_looked_at():
    job = waiting_job("j-1", array_size=10)
    EventConsumer().consume([event("j-1:7")])

    assert is_due(job)


def test_an_event_that_comes_before_our_commit_is_kept_until_the_job_is_there():
    ear = EventConsumer()
    ear.consume([event("j-1")])
    assert ear.retry_unknown() == set()
    job = waiting_job("j-1")

    assert ear.retry_unknown() == {job.account_id}
    assert is_due(job)
    assert ear.unknown_ids == {}


def test_an_event_of_a_job_that_never_becomes_ours_is_forgotten():
    ear = EventConsumer()
    ear.consume([event("foreign")])
    ear.unknown_ids["foreign"] -= 200
    ear.retry_unknown()

    assert ear.unknown_ids == {}


def test_a_job_that_has_ended_is_not_looked_at_again():
    job = waiting_job("j-1", state=State.SUCCEEDED)
    EventConsumer().consume([event("j-1")])

    assert not is_due(job)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "null",
        "7",
        '{"detail-type": "Batch Job State Change"}',
        '{"detail-type": "Batch Job State Change", "detail": {"jobId": 7}}',
        '{"detail-type": "Batch Job State Change", "detail": {"jobId": ""}}',
        '{"detail-type": "Batch Job State Change", "detail": {"jobId": ":5"}}',
        '{"detail-type": "Batch Job State Change", "detail": {"jobId": "a\\u0000b"}}',
        '{"detail-type": "Batch Job State Change", "detail": "x"}',
        '{"detail-type": "EC2 Instance Terminated", "detail": {"jobId": "j-1"}}',
        "[" * 100_000,
        '{"detail-type": "' + "x" * 262_144,
    ],
    ids=range(14),
)
def test_what_is_no_event_of_batch_is_counted_and_stops_no_other(body):
    with pytest.raises(MalformedEventError):
        parse_job_id(body)
    job, ear = waiting_job("j-1"), EventConsumer()
    ear.consume([body, event("j-1"), body])

    assert is_due(job)
    assert (ear.received_count, ear.malformed_count) == (3, 2)


def test_ten_messages_cost_two_queries(django_assert_num_queries):
    for number in range(10):
        waiting_job(f"j-{number}")
    with django_assert_num_queries(2):
        EventConsumer().consume([event(f"j-{number}") for number in range(10)])


def listening(sqs, rounds: int, ear: EventConsumer | None = None) -> list[int]:
    """Receive so many times. Return the accounts that were polled."""
    ear = ear or EventConsumer()
    accounts: list[int] = []
    polls = AccountPolls(accounts.append, 0)
    for _ in range(rounds):
        receive_events(sqs.address, threading.Event(), ear, polls, 0)
    return accounts


@pytest.fixture
def sqs(monkeypatch):
    """A queue as moto keeps it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client: Any = botocore.session.Session().create_client("sqs", region_name="us-west-2")
        client.address = QueueAddress(client.create_queue(QueueName="batch-events")["QueueUrl"], "us-west-2")
        yield client


def message_count(sqs) -> int:
    counted = sqs.get_queue_attributes(QueueUrl=sqs.address.url, AttributeNames=["All"])["Attributes"]
    return int(counted["ApproximateNumberOfMessages"]) + int(counted["ApproximateNumberOfMessagesNotVisible"])


@pytest.mark.long
def test_messages_are_deleted_when_what_they_say_is_in_the_database(sqs):
    job = waiting_job("j-1")
    for body in [event("j-1"), "malformed", event("foreign")]:
        sqs.send_message(QueueUrl=sqs.address.url, MessageBody=body)
    accounts = listening(sqs, 3)

    assert is_due(job)
    assert message_count(sqs) == 0
    eventually(lambda: job.account_id in accounts, 10)


@pytest.mark.long
def test_a_message_whose_news_could_not_be_written_stays_and_comes_again(sqs, monkeypatch):
    class Deaf(EventConsumer):
        def consume(self, _):
            raise DatabaseError("gone")

    monkeypatch.setattr("jobs.management.commands.events.ERROR_PAUSE_SECONDS", 0)
    monkeypatch.setattr("jobs.management.commands.events.connection.close", lambda: None)
    sqs.send_message(QueueUrl=sqs.address.url, MessageBody=event("j-1"))
    listening(sqs, 1, Deaf())

    assert message_count(sqs) == 1


@pytest.mark.long
def test_what_eventbridge_puts_into_sqs_is_understood(sqs):
    job = waiting_job("j-1")
    bridge: Any = botocore.session.Session().create_client("events", region_name="us-west-2")
    arn = sqs.get_queue_attributes(QueueUrl=sqs.address.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    bridge.put_rule(Name="batch", EventPattern=json.dumps({"source": ["aws.batch"]}))
    bridge.put_targets(Rule="batch", Targets=[{"Id": "1", "Arn": arn}])
    told = {"Source": "aws.batch", "DetailType": "Batch Job State Change", "Detail": json.dumps({"jobId": "j-1"})}
    bridge.put_events(Entries=[told])
    listening(sqs, 2)

    assert is_due(job)


def test_an_account_is_polled_once_for_all_that_arrives_meanwhile_and_waits_for_no_other():
    begun, release = threading.Semaphore(0), threading.Event()
    polled: list[int] = []

    def hang_at_first(account: int) -> None:
        polled.append(account)
        begun.release()
        if account == 1:
            release.wait(10)

    polls = AccountPolls(hang_at_first, 0)
    polls.request(1)
    assert begun.acquire(timeout=10)
    for _ in range(10):
        polls.request(1)
    polls.request(2)
    assert begun.acquire(timeout=10)
    assert polled == [1, 2]

    release.set()
    assert begun.acquire(timeout=10)
    assert polled == [1, 2, 1]
    eventually(lambda: not polls.is_running, 10)
    polls.request(1)
    assert begun.acquire(timeout=10)


def test_a_poll_that_fails_is_repeated_at_the_next_event():
    polled: list[int] = []

    def fail(account: int) -> None:
        polled.append(account)
        raise DatabaseError("gone")

    polls = AccountPolls(fail, 0)
    for count in (1, 2):
        polls.request(1)
        eventually(lambda: not polls.is_running, 10)
        assert polled == [1] * count


def test_the_command_is_off_unless_a_queue_is_named(settings):
    with pytest.raises(CommandError, match="EVENTS_QUEUE_URL"):
        call_command("events")
    assert queue_address("https://sqs.eu-west-1.amazonaws.com/1/q").region == "eu-west-1"
    with pytest.raises(CommandError, match="EVENTS_REGION"):
        queue_address("http://127.0.0.1:4566/1/q")
    settings.EVENTS_REGION = "us-east-1"
    assert queue_address("http://127.0.0.1:4566/1/q").region == "us-east-1"
