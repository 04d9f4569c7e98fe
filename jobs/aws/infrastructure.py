"""Queues and the compute environments behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.aws.errors import translated


@dataclass(frozen=True)
class QueueSeen:
    """A job queue as AWS describes it now."""

    name: str
    arn: str
    state: str
    status: str
    status_reason: str
    priority: int
    platform: str
    raw: Mapping[str, Any]


def queues(client: Any) -> list[QueueSeen]:
    """Every job queue of the account and region."""
    with translated():
        pages = client.get_paginator("describe_job_queues").paginate()
        found = [queue for page in pages for queue in page["jobQueues"]]
    return [
        QueueSeen(
            name=queue["jobQueueName"],
            arn=queue["jobQueueArn"],
            state=queue.get("state", ""),
            status=queue.get("status", ""),
            status_reason=queue.get("statusReason", ""),
            priority=queue.get("priority", 0),
            platform=queue.get("jobQueueType", ""),
            raw=queue,
        )
        for queue in found
    ]
