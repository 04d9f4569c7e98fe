"""Queues, the compute environments behind them, and the policies by which they share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.aws.errors import RequestRefusedError, translated

POLICY_KEPT = ("arn", "name", "fairsharePolicy", "quotaSharePolicy")
_KEPT = ("computeEnvironmentName", "type", "state", "status", "statusReason", "containerOrchestrationType")
_KEPT_RESOURCES = ("type", "maxvCpus", "instanceTypes")
"""What of an environment does not change from minute to minute, and says what it can run."""


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
    environments: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """Empty when AWS does not let the portal see them."""


def queues(client: Any) -> list[QueueSeen]:
    """Every job queue of the account and region, with what its compute environments are."""
    with translated():
        pages = client.get_paginator("describe_job_queues").paginate()
        found = [queue for page in pages for queue in page["jobQueues"]]
    environments = _environments(client, found)
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
            environments=[environments[arn] for arn in _order(queue) if arn in environments],
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


def _environments(client: Any, found: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """By ARN. A portal that may not ask for them knows its queues all the same."""
    if not any(_order(queue) for queue in found):
        return {}
    try:
        with translated():
            pages = client.get_paginator("describe_compute_environments").paginate()
            told = [environment for page in pages for environment in page["computeEnvironments"]]
    except RequestRefusedError:
        return {}
    return {environment["computeEnvironmentArn"]: _kept(environment) for environment in told}


def _order(queue: Mapping[str, Any]) -> list[str]:
    entries = sorted(queue.get("computeEnvironmentOrder") or (), key=lambda entry: entry.get("order", 0))
    return [entry["computeEnvironment"] for entry in entries]


def _kept(environment: Mapping[str, Any]) -> dict[str, Any]:
    resources = environment.get("computeResources") or {}
    return {
        **{key: environment[key] for key in _KEPT if key in environment},
        "computeResources": {key: resources[key] for key in _KEPT_RESOURCES if key in resources},
    }
