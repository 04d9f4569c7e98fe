"""Queues of the demo, with the compute environments that the sandbox gives them."""

from jobs.models import Account, Queue
from tests import make

GPU_QUEUES = ("gpu-job-queue", "ml-training-queue")
GPU_ENVIRONMENTS = [
    {
        "computeEnvironmentName": "gpu-small",
        "type": "MANAGED",
        "state": "ENABLED",
        "status": "VALID",
        "computeResources": {"type": "EC2", "maxvCpus": 64, "instanceTypes": ["g4dn.xlarge", "g4dn.12xlarge"]},
    }
]
"""A GPU has no price without a type."""


def make_demo_queue(name: str, account: Account) -> Queue:
    platform = "ECS_FARGATE" if "fargate" in name else "ECS"
    return make.queue(
        name, of=account, platform=platform, environments=GPU_ENVIRONMENTS if name in GPU_QUEUES else []
    )
