"""The compute environments and queues of a new sandbox."""

from jobs.sandbox.context import AccountRegion, ApiCall, Document
from jobs.sandbox.queues import ENVIRONMENT, QUEUE, QueueService
from jobs.sandbox.signature import DEFAULT_ACCOUNT
from jobs.sandbox.store import Store

SEED_ACCOUNT = AccountRegion(DEFAULT_ACCOUNT, "us-west-2")

# The GPU environment has a machine with 4 GPUs, as the guide's training asks for 2.
ENVIRONMENTS: dict[str, tuple[str, list[str]]] = {
    "ec2-general": ("EC2", ["m5.xlarge", "c5.xlarge", "r5.4xlarge"]),
    "fargate-general": ("FARGATE", []),
    "gpu-small": ("EC2", ["g4dn.xlarge", "g4dn.12xlarge"]),
    "finance-reserved": ("EC2", ["m5.xlarge", "r5.4xlarge"]),
}

QUEUES: dict[str, tuple[str, int]] = {
    "ml-training-queue": ("gpu-small", 10),
    "gpu-job-queue": ("gpu-small", 5),
    "cpu-job-queue": ("ec2-general", 5),
    "ci-job-queue": ("ec2-general", 10),
    "fargate-queue": ("fargate-general", 5),
    "finance-team-queue": ("finance-reserved", 10),
}


def create_seed_queues(store: Store, queues: QueueService, vcpus: int) -> None:
    for name, (kind, instance_types) in ENVIRONMENTS.items():
        resources: Document = {
            "type": kind,
            "maxvCpus": vcpus,
            "subnets": ["subnet-0a1b2c3d"],
            "securityGroupIds": ["sg-0a1b2c3d"],
        }
        if kind == "EC2":
            role = f"arn:aws:iam::{SEED_ACCOUNT.account}:instance-profile/ecsInstanceRole"
            resources |= {
                "minvCpus": 0,
                "desiredvCpus": 0,
                "instanceTypes": instance_types,
                "instanceRole": role,
                "allocationStrategy": "BEST_FIT_PROGRESSIVE",
            }
        arn = SEED_ACCOUNT.arn(ENVIRONMENT, name)
        if (environment := store.find_resource(ENVIRONMENT, SEED_ACCOUNT, arn)) is not None:
            store.update_resource(
                arn, {**environment, "computeResources": environment["computeResources"] | resources}
            )
            continue
        queues.create_environment(
            _seed_call(
                "CreateComputeEnvironment",
                {"computeEnvironmentName": name, "type": "MANAGED", "computeResources": resources},
            )
        )
    for name, (environment_name, priority) in QUEUES.items():
        if store.find_resource(QUEUE, SEED_ACCOUNT, SEED_ACCOUNT.arn(QUEUE, name)) is None:
            order = [{"order": 1, "computeEnvironment": environment_name}]
            queues.create_queue(
                _seed_call(
                    "CreateJobQueue",
                    {"jobQueueName": name, "priority": priority, "computeEnvironmentOrder": order},
                )
            )


def _seed_call(operation: str, params: Document) -> ApiCall:
    return ApiCall(SEED_ACCOUNT, operation, params, size=0, request_id="world")
