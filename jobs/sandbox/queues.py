"""Compute environments and job queues: created, described, enabled and disabled."""

import json
from collections.abc import Callable

from jobs.sandbox.context import Call, Document, Home, page_position, page_size, page_token
from jobs.sandbox.errors import Refused
from jobs.sandbox.store import Store
from jobs.sandbox.validation import check_name, check_tags

ENVIRONMENT = "compute-environment"
QUEUE = "job-queue"
SERVICE_ROLE = "aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"


class Queues:
    """The queues and compute environments of every account and region."""

    def __init__(self, store: Store, on_change: Callable[[], None]) -> None:
        """`on_change` is called when the capacity for jobs may have changed."""
        self._store = store
        self._changed = on_change

    def create_environment(self, call: Call) -> Document:
        params, account_region = call.params, call.home
        name = params["computeEnvironmentName"]
        arn = self._new(ENVIRONMENT, account_region, name, "Compute environment name", params)
        if params["type"] == "MANAGED" and not params.get("computeResources"):
            raise Refused("computeResources must be provided for a MANAGED compute environment")
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
        self._store.keep(ENVIRONMENT, account_region, arn, body, name=name)
        self._changed()
        return {"computeEnvironmentName": name, "computeEnvironmentArn": arn}

    def create_queue(self, call: Call) -> Document:
        params, account_region = call.params, call.home
        name = params["jobQueueName"]
        arn = self._new(QUEUE, account_region, name, "Job queue name", params)
        if not 0 <= params["priority"] <= 1000:
            raise Refused("Job queue priority must be between 0 and 1000")
        order = params.get("computeEnvironmentOrder", [])
        if not 1 <= len(order) <= 3:
            raise Refused("A job queue needs 1 to 3 compute environments")
        environments = [self._environment(account_region, entry["computeEnvironment"]) for entry in order]
        fargate = {is_fargate_environment(environment) for environment in environments}
        if len(fargate) > 1:
            raise Refused("EC2 and Fargate compute environments cannot be mixed in one job queue")
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
        self._store.keep(QUEUE, account_region, arn, body, name=name)
        self._changed()
        return {"jobQueueName": name, "jobQueueArn": arn}

    def _new(self, kind: str, account_region: Home, name: str, label: str, params: Document) -> str:
        check_name(name, label)
        check_tags(params.get("tags", {}))
        arn = account_region.arn(kind, name)
        if self._store.resource(kind, account_region, arn):
            raise Refused("Object already exists")
        return arn

    def _environment(self, account_region: Home, name_or_arn: str) -> Document:
        environment = self._store.resource(
            ENVIRONMENT, account_region, _as_arn(account_region, ENVIRONMENT, name_or_arn)
        )
        if environment is None:
            raise Refused(f"Compute environment {name_or_arn} does not exist")
        return environment

    def queue(self, account_region: Home, name_or_arn: str) -> Document:
        """Return a queue by name or ARN."""
        queue = self._store.resource(QUEUE, account_region, _as_arn(account_region, QUEUE, name_or_arn))
        if queue is None:
            raise Refused(f"JobQueue {name_or_arn} does not exist")
        return queue

    def update_queue(self, call: Call) -> Document:
        """Change state and priority, but not the compute environments."""
        with self._store.transaction():
            queue = self.queue(call.home, call.params["jobQueue"])
            changes: Document = {key: call.params[key] for key in ("state", "priority") if key in call.params}
            self._store.rewrite(queue["jobQueueArn"], {**queue, **changes})
        self._changed()
        return {"jobQueueName": queue["jobQueueName"], "jobQueueArn": queue["jobQueueArn"]}

    def describe_queues(self, call: Call) -> Document:
        return self._describe(call, QUEUE, "jobQueues")

    def describe_environments(self, call: Call) -> Document:
        return self._describe(call, ENVIRONMENT, "computeEnvironments")

    def _describe(self, call: Call, kind: str, field: str) -> Document:
        """Describe resources by name. Unknown ones are left out, as AWS does."""
        params = call.params
        (after,) = page_position(params["nextToken"], 1) if params.get("nextToken") else (0,)
        rows = self._store.rows(
            "SELECT number, arn, body FROM resource WHERE home = ? AND kind = ? AND number > ? ORDER BY number",
            *(call.home.key, kind, after),
        )
        if names := params.get(field):
            arns = {_as_arn(call.home, kind, name) for name in names}
            rows = [row for row in rows if row["arn"] in arns]
        limit = page_size(params, maximum=100)
        answer: Document = {field: [json.loads(row["body"]) for row in rows[:limit]]}
        if len(rows) > limit:
            answer["nextToken"] = page_token(rows[limit - 1]["number"])
        return answer


def is_fargate_environment(environment: Document) -> bool:
    resources = environment.get("computeResources") or {}
    return str(resources.get("type", "EC2")).startswith("FARGATE")


def _as_arn(account_region: Home, kind: str, name_or_arn: str) -> str:
    return name_or_arn if name_or_arn.startswith("arn:") else account_region.arn(kind, name_or_arn)
