"""The container instances on which the sandbox's jobs seem to run: one of each compute environment.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeContainerInstances.html
"""

from jobs.sandbox.context import AccountRegion, ApiCall, Document
from jobs.sandbox.errors import ServiceError
from jobs.sandbox.machines import largest_instance
from jobs.sandbox.queues import ENVIRONMENT
from jobs.sandbox.store import Store

MAX_INSTANCES = 100


class EcsError(ServiceError):
    def __init__(self, message: str) -> None:
        super().__init__(message, code="InvalidParameterException", status=400)


class EcsService:
    def __init__(self, store: Store) -> None:
        self._store = store

    def describe_container_instances(self, call: ApiCall) -> Document:
        arns = call.params["containerInstances"]
        if len(arns) > MAX_INSTANCES:
            raise EcsError(f"ContainerInstances can have at most {MAX_INSTANCES} items.")
        cluster = str(call.params.get("cluster", "default"))
        instance_type = self._instance_type(call.account_region, cluster.removesuffix("_Batch"))
        if not instance_type:
            raise ServiceError("Cluster not found.", code="ClusterNotFoundException", status=400)
        return {
            "containerInstances": [
                {
                    "containerInstanceArn": arn,
                    "ec2InstanceId": f"i-{arn.rpartition('/')[2][:17]}",
                    "status": "ACTIVE",
                    "attributes": [{"name": "ecs.instance-type", "value": instance_type}],
                }
                for arn in arns
            ],
            "failures": [],
        }

    def _instance_type(self, account_region: AccountRegion, environment: str) -> str:
        arn = account_region.arn(ENVIRONMENT, environment)
        body = self._store.find_resource(ENVIRONMENT, account_region, arn) or {}
        return largest_instance(body.get("computeResources") or {})
