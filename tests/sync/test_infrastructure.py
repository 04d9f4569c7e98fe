import pytest

from jobs.models import Queue
from jobs.sync.infrastructure import sync_queues
from tests import make, wire

pytestmark = pytest.mark.django_db


def queue_told(name: str, **fields):
    return {
        "jobQueueName": name,
        "jobQueueArn": f"arn:aws:batch:us-west-2:123456789012:job-queue/{name}",
        "state": "ENABLED",
        "status": "VALID",
        "priority": 1,
        "jobQueueType": "ECS",
        **fields,
    }


def describes(*queues):
    return wire.says(200, {"jobQueues": list(queues)})


def test_queues_are_mirrored_and_a_vanished_one_is_marked_and_kept():
    with wire.wire(describes(queue_told("a"), queue_told("b"))) as aws:
        account = make.account(endpoint_url=aws.url)
        assert sync_queues(account).new == ("a", "b")

        aws.answers[:] = [describes(queue_told("a", state="DISABLED"))]
        changes = sync_queues(account)

    assert (changes.changed, changes.vanished) == (("a",), ("b",))
    assert not Queue.objects.get(name="a").open
    assert Queue.objects.get(name="b").vanished_at is not None


def test_a_queue_that_comes_back_is_open_again():
    with wire.wire(describes(queue_told("a"))) as aws:
        account = make.account(endpoint_url=aws.url)
        sync_queues(account)
        aws.answers[:] = [describes()]
        sync_queues(account)
        aws.answers[:] = [describes(queue_told("a"))]
        assert sync_queues(account).changed == ("a",)

    assert Queue.objects.get(name="a").open
