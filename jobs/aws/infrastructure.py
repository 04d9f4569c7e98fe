"""Queues, the compute environments behind them, and the policies by which they share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.aws.errors import RequestRefusedError, translated

POLICY_KEPT = ("arn", "name", "fairsharePolicy", "quotaSharePolicy")


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


AT_ONCE = 100


def scheduling_policies(client: Any, arns: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By ARN. Of one that may not be described, or is gone, only the ARN is known."""
    wanted = sorted(set(arns))
    found = {arn: {"arn": arn} for arn in wanted}
    for start in range(0, len(wanted), AT_ONCE):
        try:
            with translated():
                answer = client.describe_scheduling_policies(arns=wanted[start : start + AT_ONCE])
        except RequestRefusedError:
            continue
        for policy in answer["schedulingPolicies"]:
            found[policy["arn"]] = {key: policy[key] for key in POLICY_KEPT if key in policy}
    return found
