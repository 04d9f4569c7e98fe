"""The instance types of ECS container instances, of which AWS Batch names only the ARN."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from jobs.aws.response_reader import call

MAX_PER_CALL = 100  # AWS's limit for DescribeContainerInstances
TYPE_ATTRIBUTE = "ecs.instance-type"
"""Set by the agent on each container instance (Amazon ECS, container instance attributes)."""


class ContainerInstanceFacts(NamedTuple):
    instance_id: str
    instance_type: str


def cluster_of(arn: str) -> str:
    """Return "" for an ARN of the old format, which doesn't name the cluster."""
    parts = arn.partition(":container-instance/")[2].split("/")
    return parts[0] if len(parts) == 2 else ""


def describe_container_instances(client: Any, cluster: str, arns: Sequence[str]) -> dict[str, ContainerInstanceFacts]:
    """Return by ARN those that exist, at most 100."""
    answer = call(client.describe_container_instances, cluster=cluster, containerInstances=list(arns))
    facts = {}
    for entry in answer.required_entries("containerInstances"):
        types = [row.text("value") for row in entry.entries("attributes") if row.text("name") == TYPE_ATTRIBUTE]
        facts[entry.text("containerInstanceArn")] = ContainerInstanceFacts(
            entry.text("ec2InstanceId", max_length=30), types[0][:40] if types else ""
        )
    return facts
