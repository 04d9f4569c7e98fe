"""Every call of the portal whose answer it reads, and what may come of it."""

import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest
from django.core.serializers.json import DjangoJSONEncoder

from jobs.aws import batch, container_instances, events, logs, queues
from jobs.aws.errors import AwsError
from jobs.aws.session import DualClock, Purpose, fence
from tests.aws.answering import answer_with, client, full_answer

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


class Call(NamedTuple):
    """A reader of the portal, and the operation whose answer it reads."""

    service: str
    operation: str
    read: Callable[[], Any]
    empty_is_fine: bool = False
    """Whether an answer without any member says something: that it was done, or that there was nothing."""


def _submit() -> batch.SubmittedJob:
    with fence.open_for(10, DualClock()):
        return batch.submit(client(purpose=Purpose.SUBMIT), {"jobName": "x", "jobQueue": "q", "jobDefinition": "d"})


def _register() -> batch.RegisteredRevision:
    return batch.register(client(purpose=Purpose.SUBMIT), {"jobDefinitionName": "x", "type": "container"})


def _receive() -> list[events.Message]:
    return events.receive(client("sqs", Purpose.SQS), "http://127.0.0.1:9/q")


CALLS = (
    Call("batch", "SubmitJob", _submit),
    Call("batch", "RegisterJobDefinition", _register),
    Call("batch", "DeregisterJobDefinition", lambda: batch.deregister(client(), "x:1"), empty_is_fine=True),
    Call("batch", "TerminateJob", lambda: batch.terminate(client(), "text", "why"), empty_is_fine=True),
    Call("batch", "DescribeJobDefinitions", lambda: batch.find_revisions(client(), "x")),
    Call("batch", "ListJobs", lambda: batch.find_job_ids(client(), "q", "text")),
    Call("batch", "ListJobs", lambda: list(batch.list_created_since(client(), "q", SINCE))),
    Call("batch", "ListJobs", lambda: batch.list_child_indexes(client(), "text", "FAILED")),
    Call("batch", "DescribeJobs", lambda: batch.describe(client(), ["text"])),
    Call("batch", "DescribeJobQueues", lambda: queues.describe_queues(client())),
    Call("batch", "DescribeComputeEnvironments", lambda: queues.describe_queues(client())),
    Call("batch", "DescribeSchedulingPolicies", lambda: queues.describe_scheduling_policies(client(), ["text"])),
    Call("batch", "GetJobQueueSnapshot", lambda: queues.front_of_queue(client(), "q"), empty_is_fine=True),
    Call(
        "ecs",
        "DescribeContainerInstances",
        lambda: container_instances.describe_container_instances(client("ecs"), "c", ["text"]),
    ),
    Call(
        "logs",
        "FilterLogEvents",
        lambda: logs.filter_log_events(client("logs", Purpose.INTERACTIVE), "g", ["s"], "x"),
        empty_is_fine=True,
    ),
    Call("logs", "GetLogEvents", lambda: logs.get_log_events(client("logs", Purpose.INTERACTIVE), "g", "s")),
    Call("sqs", "ReceiveMessage", _receive, empty_is_fine=True),
)  # fmt: skip


def outcome(call: Call, body: bytes) -> Any:
    """What a reader makes of an answer: a value that a database can hold, or one of the four kinds of failure."""

    def respond(request: AWSPreparedRequest) -> bytes:
        """Another operation that the reader calls on its way is answered as it should be."""
        path = urlsplit(str(request.url)).path.rpartition("/")[2]
        others = {
            "describejobqueues": "DescribeJobQueues",
            "describecomputeenvironments": "DescribeComputeEnvironments",
        }
        other = others.get(path, call.operation)
        return body if other == call.operation else json.dumps(full_answer(call.service, other)).encode()

    with answer_with(respond):
        try:
            value = call.read()
        except AwsError as error:
            return error
    text = DjangoJSONEncoder(allow_nan=False, ensure_ascii=False).encode(_plain(value))
    assert "\\u0000" not in text
    text.encode()
    return value


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, list | tuple | frozenset):
        return [_plain(entry) for entry in value]
    return {key: _plain(member) for key, member in value.items()} if isinstance(value, dict) else value
