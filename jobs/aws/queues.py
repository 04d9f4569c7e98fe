"""Job queues, compute environments and scheduling policies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jobs.aws.errors import RejectedError
from jobs.aws.response_reader import ResponseReader, call, paginate

POLICY_FIELDS = ("arn", "name", "fairsharePolicy", "quotaSharePolicy")
_ENVIRONMENT_FIELDS = (
    "computeEnvironmentName",
    "type",
    "state",
    "status",
    "statusReason",
    "containerOrchestrationType",
)
"""Fields that rarely change and tell what an environment can run."""


@dataclass(frozen=True)
class QueueDescription:
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
        return ResponseReader(self.raw).text("schedulingPolicyArn", max_length=300)


def check_reachable(client: Any) -> None:
    call(client.describe_job_queues, maxResults=1)


def describe_queues(client: Any) -> list[QueueDescription]:
    """Raise also if one can't be read: an incomplete list doesn't prove a removal."""
    entries = [entry for page in paginate(client.describe_job_queues) for entry in page.required_entries("jobQueues")]
    environments = _describe_environments(client, entries)
    return [
        QueueDescription(
            name=queue.required_text("jobQueueName", max_length=128),
            arn=queue.required_text("jobQueueArn", max_length=300),
            state=queue.text("state", max_length=20),
            status=queue.text("status", max_length=20),
            status_reason=queue.text("statusReason"),
            priority=queue.number("priority") or 0,
            platform=queue.text("jobQueueType", max_length=30),
            raw=queue.to_json(),
            environments=[environments[arn] for arn in _environment_arns(queue) if arn in environments],
        )
        for queue in entries
    ]


MAX_POLICIES_PER_CALL = 100


def describe_scheduling_policies(client: Any, arns: Iterable[str]) -> dict[str, dict[str, Any]]:
    unique_arns = sorted(set(arns))
    policies: dict[str, dict[str, Any]] = {arn: {"arn": arn} for arn in unique_arns}
    for start in range(0, len(unique_arns), MAX_POLICIES_PER_CALL):
        try:
            answer = call(
                client.describe_scheduling_policies, arns=unique_arns[start : start + MAX_POLICIES_PER_CALL]
            )
        except RejectedError:
            continue
        for policy in answer.required_entries("schedulingPolicies"):
            fields = policy.to_json()
            policies[policy.required_text("arn", max_length=300)] = {
                key: fields[key] for key in POLICY_FIELDS if key in fields
            }
    return policies


MAX_JOBS_AT_FRONT = 100
MAX_JOB_ARN_LENGTH = 300


def front_of_queue(client: Any, queue: str) -> list[str]:
    """Return the ids of the first RUNNABLE jobs in the order in which they start, at most 100.

    Raise MalformedResponseError if a place can't be read: those after it would be wrong.
    """
    front = call(client.get_job_queue_snapshot, jobQueue=queue).nested("frontOfQueue")
    entries = front.required_entries("jobs") if "jobs" in front else []
    arns = [entry.required_text("jobArn", max_length=MAX_JOB_ARN_LENGTH) for entry in entries[:MAX_JOBS_AT_FRONT]]
    return [arn.rpartition(":job/")[2] for arn in arns]


def _describe_environments(client: Any, queues: Iterable[ResponseReader]) -> dict[str, dict[str, Any]]:
    if not any(_environment_arns(queue) for queue in queues):
        return {}
    try:
        answers = list(paginate(client.describe_compute_environments))
    except RejectedError:
        return {}
    environments = [entry for page in answers for entry in page.required_entries("computeEnvironments")]
    return {
        entry.required_text("computeEnvironmentArn", max_length=300): _environment_summary(entry)
        for entry in environments
    }


def _environment_arns(queue: ResponseReader) -> list[str]:
    entries = sorted(queue.entries("computeEnvironmentOrder"), key=lambda entry: entry.number("order") or 0)
    return [arn for arn in (entry.text("computeEnvironment") for entry in entries) if arn]


def _environment_summary(environment: ResponseReader) -> dict[str, Any]:
    resources = environment.nested("computeResources")
    summary: dict[str, Any] = {key: resources.text(key) for key in ("type",) if key in resources}
    max_vcpus = resources.number("maxvCpus")
    if max_vcpus is not None:
        summary["maxvCpus"] = max_vcpus
    if "instanceTypes" in resources:
        summary["instanceTypes"] = resources.texts("instanceTypes")
    return {
        **{key: environment.text(key) for key in _ENVIRONMENT_FIELDS if key in environment},
        "computeResources": summary,
    }
