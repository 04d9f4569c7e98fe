import pytest

from jobs.aws.errors import MalformedResponseError, RetryableError
from jobs.models import Queue
from jobs.sync.queues import apply_queue_snapshot, queue_changes, read_queues, sync_queues
from tests import http_wire, make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def queue_description(name: str, **fields):
    return {
        "jobQueueName": name,
        "jobQueueArn": f"arn:aws:batch:us-west-2:123456789012:job-queue/{name}",
        "state": "ENABLED",
        "status": "VALID",
        "priority": 1,
        "jobQueueType": "ECS",
        **fields,
    }


def describe_reply(*queues):
    return http_wire.reply(200, {"jobQueues": list(queues)})


def kinds(changes):
    return [(change.name, change.kind) for change in changes]


def test_queues_are_mirrored_and_a_vanished_one_is_marked_and_kept():
    with http_wire.wire(describe_reply(queue_description("a"), queue_description("b"))) as aws:
        account = make.account(endpoint_url=aws.url)
        assert kinds(sync_queues(account)) == [("a", "new"), ("b", "new")]

        aws.answers[:] = [describe_reply(queue_description("a", state="DISABLED"))]
        changes = sync_queues(account)

    assert kinds(changes) == [("a", "changed"), ("b", "gone")]
    assert changes[0].fields == {"state": ("ENABLED", "DISABLED")}
    assert not Queue.objects.get(name="a").is_open
    assert Queue.objects.get(name="b").removed_at is not None


@pytest.mark.parametrize("body", [{}, {"jobQueues": [5]}, {"jobQueues": [{"jobQueueName": "a"}]}, {"jobQueues": "a"}])
def test_a_list_of_queues_that_cannot_be_read_leaves_the_mirror_as_it_is(body):
    with http_wire.wire(describe_reply(queue_description("a"), queue_description("b"))) as aws:
        account = make.account(endpoint_url=aws.url)
        sync_queues(account)
        aws.answers[:] = [http_wire.reply(200, body)]
        with pytest.raises(MalformedResponseError):
            sync_queues(account)

    account.refresh_from_db()
    assert not Queue.objects.exclude(removed_at=None).exists()
    assert account.status.queue_snapshot_error


def test_a_queue_that_comes_back_is_open_again():
    with http_wire.wire(describe_reply(queue_description("a"))) as aws:
        account = make.account(endpoint_url=aws.url)
        sync_queues(account)
        aws.answers[:] = [describe_reply()]
        sync_queues(account)
        aws.answers[:] = [describe_reply(queue_description("a"))]
        assert kinds(sync_queues(account)) == [("a", "back")]

    assert Queue.objects.get(name="a").is_open


def test_a_reading_shows_the_difference_and_changes_nothing_by_itself():
    with http_wire.wire(describe_reply(queue_description("a"))) as aws:
        account = make.account(endpoint_url=aws.url)
        read_queues(account)
    account.refresh_from_db()

    assert kinds(queue_changes(account)) == [("a", "new")]
    assert not Queue.objects.exists()

    apply_queue_snapshot(account)
    assert Queue.objects.get().name == "a"


def test_when_aws_does_not_answer_the_mirror_stays_and_the_account_says_why():
    account = make.account(endpoint_url="http://127.0.0.1:9")
    make.queue("a", of=account)

    with pytest.raises(RetryableError):
        sync_queues(account)
    account.refresh_from_db()
    assert account.status.queue_snapshot_error
    assert Queue.objects.get().is_open


SHARED = {"schedulingPolicyArn": "arn:aws:batch:us-west-2:123456789012:scheduling-policy/by-team"}


def test_a_queue_knows_by_which_policy_it_shares():
    policy = {
        "name": "by-team",
        "arn": SHARED["schedulingPolicyArn"],
        "tags": {"owner": "platform"},
        "fairsharePolicy": {
            "shareDecaySeconds": 3600,
            "shareDistribution": [{"shareIdentifier": "A", "weightFactor": 0.5}, {"shareIdentifier": "B"}],
        },
    }
    with http_wire.wire(describe_reply(queue_description("a"))) as aws:
        account = make.account(endpoint_url=aws.url)
        sync_queues(account)
        aws.answers[:] = [
            describe_reply(queue_description("a", **SHARED)),
            http_wire.reply(200, {"schedulingPolicies": [policy]}),
        ]
        [change] = sync_queues(account)

    assert change.fields == {"scheduling_policy": ("", "by-team (A 0.5, B 1, decay 3600 s)")}
    assert Queue.objects.get().scheduling_policy == {key: policy[key] for key in ("arn", "name", "fairsharePolicy")}
    assert aws.paths()[-1] == "/v1/describeschedulingpolicies"


def test_a_policy_that_may_not_be_described_is_known_by_its_arn():
    denied = http_wire.reply(403, {"message": "not authorized"}, "AccessDeniedException")
    with http_wire.wire(describe_reply(queue_description("a", **SHARED)), denied) as aws:
        sync_queues(make.account(endpoint_url=aws.url))

    assert Queue.objects.get().scheduling_policy == {"arn": SHARED["schedulingPolicyArn"]}


def environment_description(name: str, **fields):
    arn = f"arn:aws:batch:us-west-2:123456789012:compute-environment/{name}"
    resources = {"type": "EC2", "maxvCpus": 64, "instanceTypes": ["m5.large"], "desiredvCpus": 4, "subnets": ["s"]}
    return {
        "computeEnvironmentName": name,
        "computeEnvironmentArn": arn,
        "ecsClusterArn": "arn:aws:ecs:us-west-2:123456789012:cluster/one",
        "state": "ENABLED",
        "status": "VALID",
        "computeResources": resources | fields,
    }


def queue_with_order(name: str, *environments: str):
    prefix = "arn:aws:batch:us-west-2:123456789012:compute-environment/"
    order = [{"order": len(environments) - at, "computeEnvironment": prefix + e} for at, e in enumerate(environments)]
    return queue_description(name, computeEnvironmentOrder=order)


def test_a_queue_knows_its_compute_environments_the_first_choice_first():
    told = http_wire.reply(
        200, {"computeEnvironments": [environment_description("one"), environment_description("two", maxvCpus=8)]}
    )
    with http_wire.wire(describe_reply(queue_with_order("a", "one", "two"))) as aws:
        aws.answers.append(told)
        account = make.account(endpoint_url=aws.url)
        sync_queues(account)
        aws.answers[:] = [describe_reply(queue_with_order("a", "one", "two"))]
        aws.answers.append(
            http_wire.reply(200, {"computeEnvironments": [environment_description("one", desiredvCpus=60)]})
        )
        [change] = sync_queues(account)

    assert aws.paths() == ["/v1/describejobqueues", "/v1/describecomputeenvironments"] * 2
    assert change.fields == {
        "environments": (
            "two (EC2, 8 vCPU, ENABLED, VALID; m5.large), one (EC2, 64 vCPU, ENABLED, VALID; m5.large)",
            "one (EC2, 64 vCPU, ENABLED, VALID; m5.large)",
        )
    }
    [kept] = Queue.objects.get().environments
    assert kept["computeResources"] == {"type": "EC2", "maxvCpus": 64, "instanceTypes": ["m5.large"]}


def test_queues_are_mirrored_where_the_portal_may_not_ask_for_compute_environments():
    denied = http_wire.reply(403, {"message": "not authorized"}, "AccessDeniedException")
    with http_wire.wire(describe_reply(queue_with_order("a", "one"))) as aws:
        aws.answers.append(denied)
        sync_queues(make.account(endpoint_url=aws.url))

    assert Queue.objects.get().environments == []
