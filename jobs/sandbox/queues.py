"""Compute environments and job queues."""

import json
from collections.abc import Callable

from jobs.sandbox.context import AccountRegion, ApiCall, Document, decode_page_token, encode_page_token, page_size
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.store import Store
from jobs.sandbox.validation import check_name, check_tags

ENVIRONMENT = "compute-environment"
QUEUE = "job-queue"
POLICY = "scheduling-policy"
MAX_ENVIRONMENTS = 3
QUEUE_TYPES = {
    "FARGATE": "ECS_FARGATE",
    "FARGATE_SPOT": "ECS_FARGATE",
    "ECS_MANAGED_INSTANCES": "ECS_MANAGED_INSTANCES",
}
QUEUE_CHANGES = ("state", "priority", "schedulingPolicyArn", "jobStateTimeLimitActions")
ENVIRONMENT_CHANGES = ("state", "serviceRole", "unmanagedvCpus", "updatePolicy", "context")
SERVICE_ROLE = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"


class QueueService:
    def __init__(self, store: Store, on_change: Callable[[], None]) -> None:
        self._store = store
        self._on_change = on_change

    def create_environment(self, call: ApiCall) -> Document:
        params, account_region = call.params, call.account_region
        name = params["computeEnvironmentName"]
        arn = self._new_arn(ENVIRONMENT, account_region, name, "Compute environment name", params)
        if params["type"] == "MANAGED" and not params.get("computeResources"):
            raise BatchClientError("computeResources must be provided for a MANAGED compute environment")
        body = {
            "state": "ENABLED",
            "tags": {},
            "serviceRole": f"arn:aws:iam::{account_region.account}:role/{SERVICE_ROLE}",
            **params,
            "computeEnvironmentArn": arn,
            "ecsClusterArn": f"arn:aws:ecs:{account_region.region}:{account_region.account}:cluster/{name}_Batch",
            "containerOrchestrationType": "EKS" if "eksConfiguration" in params else "ECS",
            "status": "VALID",
            "statusReason": "ComputeEnvironment Healthy",
        }
        self._store.save_resource(ENVIRONMENT, account_region, arn, body, name=name)
        self._on_change()
        return {"computeEnvironmentName": name, "computeEnvironmentArn": arn}

    def create_queue(self, call: ApiCall) -> Document:
        params, account_region = call.params, call.account_region
        name = params["jobQueueName"]
        arn = self._new_arn(QUEUE, account_region, name, "Job queue name", params)
        if not 0 <= params["priority"] <= 1000:
            raise BatchClientError("Job queue priority must be between 0 and 1000")
        order = params.get("computeEnvironmentOrder", [])
        self._check_policy(account_region, params.get("schedulingPolicyArn"))
        body = {
            "state": "ENABLED",
            "tags": {},
            **params,
            **self._place(account_region, order),
            "jobQueueArn": arn,
            "status": "VALID",
            "statusReason": "JobQueue Healthy",
        }
        self._store.save_resource(QUEUE, account_region, arn, body, name=name)
        self._on_change()
        return {"jobQueueName": name, "jobQueueArn": arn}

    def _place(self, account_region: AccountRegion, order: list[Document]) -> Document:
        if not 1 <= len(order) <= MAX_ENVIRONMENTS:
            raise BatchClientError(f"A job queue needs 1 to {MAX_ENVIRONMENTS} compute environments")
        environments = [self._find_environment(account_region, entry["computeEnvironment"]) for entry in order]
        kinds = {queue_type(environment) for environment in environments}
        if len(kinds) > 1:
            raise BatchClientError("EC2, Fargate and EKS compute environments cannot be mixed in one job queue")
        return {
            "computeEnvironmentOrder": [
                {"order": entry["order"], "computeEnvironment": environment["computeEnvironmentArn"]}
                for entry, environment in zip(order, environments, strict=True)
            ],
            "jobQueueType": kinds.pop(),
        }

    def _check_policy(self, account_region: AccountRegion, arn: str | None) -> None:
        if arn is not None and self._store.find_resource(POLICY, account_region, arn) is None:
            raise BatchClientError(f"Scheduling policy {arn} does not exist")

    def _new_arn(self, kind: str, account_region: AccountRegion, name: str, label: str, params: Document) -> str:
        check_name(name, label)
        check_tags(params.get("tags", {}))
        arn = account_region.arn(kind, name)
        if self._store.find_resource(kind, account_region, arn):
            raise BatchClientError("Object already exists")
        return arn

    def _find_environment(self, account_region: AccountRegion, name_or_arn: str) -> Document:
        environment = self._store.find_resource(
            ENVIRONMENT, account_region, _to_arn(account_region, ENVIRONMENT, name_or_arn)
        )
        if environment is None:
            raise BatchClientError(f"Compute environment {name_or_arn} does not exist")
        return environment

    def find_queue(self, account_region: AccountRegion, name_or_arn: str) -> Document:
        queue = self._store.find_resource(QUEUE, account_region, _to_arn(account_region, QUEUE, name_or_arn))
        if queue is None:
            raise BatchClientError(f"JobQueue {name_or_arn} does not exist")
        return queue

    def update_queue(self, call: ApiCall) -> Document:
        params = call.params
        with self._store.transaction():
            queue = self.find_queue(call.account_region, params["jobQueue"])
            changes: Document = {key: params[key] for key in QUEUE_CHANGES if key in params}
            if "schedulingPolicyArn" in changes and "schedulingPolicyArn" not in queue:
                raise BatchClientError("schedulingPolicyArn cannot be added to a job queue that was created without")
            self._check_policy(call.account_region, changes.get("schedulingPolicyArn"))
            if "computeEnvironmentOrder" in params:
                changes |= self._place(call.account_region, params["computeEnvironmentOrder"])
            self._store.update_resource(queue["jobQueueArn"], {**queue, **changes})
        self._on_change()
        return {"jobQueueName": queue["jobQueueName"], "jobQueueArn": queue["jobQueueArn"]}

    def remove(self, arn: str) -> None:
        self._store.delete_resource(arn)
        self._on_change()

    def update_environment(self, call: ApiCall) -> Document:
        params = call.params
        with self._store.transaction():
            environment = self._find_environment(call.account_region, params["computeEnvironment"])
            arn = environment["computeEnvironmentArn"]
            changes: Document = {key: params[key] for key in ENVIRONMENT_CHANGES if key in params}
            if "computeResources" in params:
                changes["computeResources"] = environment.get("computeResources", {}) | params["computeResources"]
            self._store.update_resource(arn, {**environment, **changes})
        self._on_change()
        return {"computeEnvironmentName": environment["computeEnvironmentName"], "computeEnvironmentArn": arn}

    def delete_environment(self, call: ApiCall) -> Document:
        with self._store.transaction():
            environment = self._find_environment(call.account_region, call.params["computeEnvironment"])
            arn = environment["computeEnvironmentArn"]
            if environment["state"] != "DISABLED":
                raise BatchClientError("Cannot delete, compute environment must be in the DISABLED state")
            if any(
                arn == entry["computeEnvironment"]
                for queue in self.all_queues(call.account_region)
                for entry in queue["computeEnvironmentOrder"]
            ):
                raise BatchClientError("Cannot delete, found existing JobQueue relationship")
            self.remove(arn)
        return {}

    def all_queues(self, account_region: AccountRegion) -> list[Document]:
        rows = self._store.fetch_all(
            "SELECT body FROM resource WHERE home = ? AND kind = ?", account_region.key, QUEUE
        )
        return [json.loads(row["body"]) for row in rows]

    def describe_queues(self, call: ApiCall) -> Document:
        return self._describe(call, QUEUE, "jobQueues")

    def describe_environments(self, call: ApiCall) -> Document:
        return self._describe(call, ENVIRONMENT, "computeEnvironments")

    def _describe(self, call: ApiCall, kind: str, field: str) -> Document:
        params = call.params
        (after,) = decode_page_token(params["nextToken"], 1) if params.get("nextToken") else (0,)
        rows = self._store.fetch_all(
            "SELECT number, arn, body FROM resource WHERE home = ? AND kind = ? AND number > ? ORDER BY number",
            *(call.account_region.key, kind, after),
        )
        if names := params.get(field):
            arns = {_to_arn(call.account_region, kind, name) for name in names}
            rows = [row for row in rows if row["arn"] in arns]
        limit = page_size(params, maximum=100)
        answer: Document = {field: [json.loads(row["body"]) for row in rows[:limit]]}
        if len(rows) > limit:
            answer["nextToken"] = encode_page_token(rows[limit - 1]["number"])
        return answer


def queue_type(environment: Document) -> str:
    if environment["containerOrchestrationType"] == "EKS":
        return "EKS"
    resources = environment.get("computeResources") or {}
    return QUEUE_TYPES.get(str(resources.get("type", "EC2")), "ECS")


def _to_arn(account_region: AccountRegion, kind: str, name_or_arn: str) -> str:
    return name_or_arn if name_or_arn.startswith("arn:") else account_region.arn(kind, name_or_arn)
