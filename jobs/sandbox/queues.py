"""Compute environments and job queues: created, described, enabled and disabled."""

import json
from collections.abc import Callable

from jobs.sandbox.context import AccountRegion, ApiCall, Document, decode_page_token, encode_page_token, page_size
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.store import Store
from jobs.sandbox.validation import check_name, check_tags

ENVIRONMENT = "compute-environment"
QUEUE = "job-queue"
SERVICE_ROLE = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"


class QueueService:
    """The queues and compute environments of every account and region."""

    def __init__(self, store: Store, on_change: Callable[[], None]) -> None:
        """`on_change` is called when the capacity for jobs may have changed."""
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
            "containerOrchestrationType": "ECS",
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
        if not 1 <= len(order) <= 3:
            raise BatchClientError("A job queue needs 1 to 3 compute environments")
        environments = [self._find_environment(account_region, entry["computeEnvironment"]) for entry in order]
        fargate = {is_fargate_environment(environment) for environment in environments}
        if len(fargate) > 1:
            raise BatchClientError("EC2 and Fargate compute environments cannot be mixed in one job queue")
        body = {
            "state": "ENABLED",
            "tags": {},
            **params,
            "computeEnvironmentOrder": [
                {"order": entry["order"], "computeEnvironment": environment["computeEnvironmentArn"]}
                for entry, environment in zip(order, environments, strict=True)
            ],
            "jobQueueArn": arn,
            "jobQueueType": "ECS_FARGATE" if True in fargate else "ECS",
            "status": "VALID",
            "statusReason": "JobQueue Healthy",
        }
        self._store.save_resource(QUEUE, account_region, arn, body, name=name)
        self._on_change()
        return {"jobQueueName": name, "jobQueueArn": arn}

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
        """Return a queue by name or ARN."""
        queue = self._store.find_resource(QUEUE, account_region, _to_arn(account_region, QUEUE, name_or_arn))
        if queue is None:
            raise BatchClientError(f"JobQueue {name_or_arn} does not exist")
        return queue

    def update_queue(self, call: ApiCall) -> Document:
        """Change state and priority, but not the compute environments."""
        with self._store.transaction():
            queue = self.find_queue(call.account_region, call.params["jobQueue"])
            changes: Document = {key: call.params[key] for key in ("state", "priority") if key in call.params}
            self._store.update_resource(queue["jobQueueArn"], {**queue, **changes})
        self._on_change()
        return {"jobQueueName": queue["jobQueueName"], "jobQueueArn": queue["jobQueueArn"]}

    def describe_queues(self, call: ApiCall) -> Document:
        return self._describe(call, QUEUE, "jobQueues")

    def describe_environments(self, call: ApiCall) -> Document:
        return self._describe(call, ENVIRONMENT, "computeEnvironments")

    def _describe(self, call: ApiCall, kind: str, field: str) -> Document:
        """Describe resources by name. Unknown ones are left out, as AWS does."""
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


def is_fargate_environment(environment: Document) -> bool:
    resources = environment.get("computeResources") or {}
    return str(resources.get("type", "EC2")).startswith("FARGATE")


def _to_arn(account_region: AccountRegion, kind: str, name_or_arn: str) -> str:
    return name_or_arn if name_or_arn.startswith("arn:") else account_region.arn(kind, name_or_arn)
