"""Job queues of an account, with their compute environments and scheduling policies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.aws.errors import RequestRefusedError
from jobs.aws.response_reader import Answer, call, pages

POLICY_KEPT = ("arn", "name", "fairsharePolicy", "quotaSharePolicy")
_KEPT = ("computeEnvironmentName", "type", "state", "status", "statusReason", "containerOrchestrationType")
"""Fields of an environment that rarely change and tell what it can run."""


@dataclass(frozen=True)
class QueueSeen:
    """A job queue as AWS describes it."""

    name: str
    arn: str
    state: str
    status: str
    status_reason: str
    priority: int
    platform: str
    raw: Mapping[str, Any]
    environments: Sequence[Mapping[str, Any]] = field(default_factory=list)
    """Empty if AWS denies the portal access to them."""

    @property
    def policy_arn(self) -> str:
        """ARN of the scheduling policy; empty for a queue without one."""
        return Answer(self.raw).text("schedulingPolicyArn", max_length=300)


def ask_anything(client: Any) -> None:
    """Make one small call to see whether AWS responds. Raise one of `jobs.aws.errors`."""
    call(client.describe_job_queues, maxResults=1)


def queues(client: Any) -> list[QueueSeen]:
    """Return every job queue of the account and region, with its compute environments.

    Raise one of `jobs.aws.errors`, also if a queue or an environment can't be read: such a list doesn't prove that
    one was removed.
    """
    entries = [entry for page in pages(client.describe_job_queues) for entry in page.required_entries("jobQueues")]
    environments = _environments(client, entries)
    return [
        QueueSeen(
            name=queue.required_text("jobQueueName", max_length=128),
            arn=queue.required_text("jobQueueArn", max_length=300),
            state=queue.text("state", max_length=20),
            status=queue.text("status", max_length=20),
            status_reason=queue.text("statusReason"),
            priority=queue.number("priority") or 0,
            platform=queue.text("jobQueueType", max_length=30),
            raw=queue.storable(),
            environments=[environments[arn] for arn in _order(queue) if arn in environments],
        )
        for queue in entries
    ]


AT_ONCE = 100


def scheduling_policies(client: Any, arns: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return policies by ARN. One that is gone or may not be described has only its ARN."""
    unique_arns = sorted(set(arns))
    policies: dict[str, dict[str, Any]] = {arn: {"arn": arn} for arn in unique_arns}
    for start in range(0, len(unique_arns), AT_ONCE):
        try:
            answer = call(client.describe_scheduling_policies, arns=unique_arns[start : start + AT_ONCE])
        except RequestRefusedError:
            continue
        for policy in answer.required_entries("schedulingPolicies"):
            fields = policy.storable()
            policies[policy.required_text("arn", max_length=300)] = {
                key: fields[key] for key in POLICY_KEPT if key in fields
            }
    return policies


def _environments(client: Any, queues: Iterable[Answer]) -> dict[str, dict[str, Any]]:
    """Return environments by ARN; none if the portal may not describe them."""
    if not any(_order(queue) for queue in queues):
        return {}
    try:
        answers = list(pages(client.describe_compute_environments))
    except RequestRefusedError:
        return {}
    environments = [entry for page in answers for entry in page.required_entries("computeEnvironments")]
    return {entry.required_text("computeEnvironmentArn", max_length=300): _kept(entry) for entry in environments}


def _order(queue: Answer) -> list[str]:
    entries = sorted(queue.entries("computeEnvironmentOrder"), key=lambda entry: entry.number("order") or 0)
    return [arn for arn in (entry.text("computeEnvironment") for entry in entries) if arn]


def _kept(environment: Answer) -> dict[str, Any]:
    resources = environment.within("computeResources")
    summary: dict[str, Any] = {key: resources.text(key) for key in ("type",) if key in resources}
    max_vcpus = resources.number("maxvCpus")
    if max_vcpus is not None:
        summary["maxvCpus"] = max_vcpus
    if "instanceTypes" in resources:
        summary["instanceTypes"] = resources.texts("instanceTypes")
    return {**{key: environment.text(key) for key in _KEPT if key in environment}, "computeResources": summary}
