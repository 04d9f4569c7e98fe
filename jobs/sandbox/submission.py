"""SubmitJob: checked, and stored before the reply is sent."""

import json
import uuid
from collections.abc import Callable

from jobs.sandbox.containers import platform
from jobs.sandbox.context import AccountRegion, ApiCall, Document, now_ms
from jobs.sandbox.definitions import DefinitionService
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.ledger import RecordAcceptance
from jobs.sandbox.overrides import effective_spec
from jobs.sandbox.queues import QueueService
from jobs.sandbox.store import Store
from jobs.sandbox.validation import (
    MAX_SUBMIT_BYTES,
    check_name,
    check_payload,
    check_retry,
    check_scheduling_priority,
    check_share_identifier,
    check_tags,
    check_timeout,
)

MAX_DEPENDENCIES = 20
QUEUE_PLATFORMS = {"ECS": "EC2", "ECS_FARGATE": "FARGATE", "ECS_MANAGED_INSTANCES": "MANAGED_INSTANCES"}

INSERT_JOB = (
    "INSERT INTO job (id, home, queue, name, name_key, definition, parent, place, size, status, created_at, "
    "spec, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'SUBMITTED', ?, ?, ?)"
)


class SubmissionService:
    def __init__(
        self,
        store: Store,
        definitions: DefinitionService,
        queues: QueueService,
        admit: Callable[[str, list[str]], None],
        record_acceptance: RecordAcceptance,
        *,
        min_timeout_seconds: int,
    ) -> None:
        self._store = store
        self._definitions = definitions
        self._queues = queues
        self._admit = admit
        self._record_acceptance = record_acceptance
        self._min_timeout_seconds = min_timeout_seconds

    def submit(self, call: ApiCall) -> Document:
        params, account_region = call.params, call.account_region
        self._check_request(call)
        job_id = str(uuid.uuid4())
        size = (params.get("arrayProperties") or {}).get("size")
        with self._store.transaction():
            queue = self._open_queue(account_region, params["jobQueue"])
            definition = self._active_definition(account_region, params["jobDefinition"])
            self._check_platform(queue, definition, params)
            _check_share(queue, definition, params)
            self._check_dependencies(account_region, params.get("dependsOn", []), size)
            spec = effective_spec(definition, params)
            created = now_ms()
            common = (queue["jobQueueArn"], params["jobName"], params["jobName"].lower())
            arn = definition["jobDefinitionArn"]
            tags = json.dumps(params.get("tags", {}))
            parent = (job_id, account_region.key, *common, arn, None, None, size, created, json.dumps(spec), tags)
            children = [
                (f"{job_id}:{index}", account_region.key, *common, arn, job_id, index, None, created, None, "{}")
                for index in range(size or 0)
            ]
            self._store.execute_many(INSERT_JOB, [parent, *children])
            self._record_acceptance(call, job_id)
        self._admit(job_id, [child[0] for child in children])
        return {"jobArn": account_region.arn("job", job_id), "jobName": params["jobName"], "jobId": job_id}

    def _check_request(self, call: ApiCall) -> None:
        params = call.params
        check_payload(call.size, MAX_SUBMIT_BYTES, "Job")
        check_name(params["jobName"], "Job name")
        check_retry(params.get("retryStrategy"))
        check_timeout(params.get("timeout"), self._min_timeout_seconds)
        check_scheduling_priority(params.get("schedulingPriorityOverride"))
        check_share_identifier(params.get("shareIdentifier"))
        check_tags(params.get("tags", {}))
        size = (params.get("arrayProperties") or {}).get("size")
        if size is not None and not 2 <= size <= 10_000:
            raise BatchClientError("Array size must be between 2 and 10000")

    def _open_queue(self, account_region: AccountRegion, name_or_arn: str) -> Document:
        queue = self._queues.find_queue(account_region, name_or_arn)
        if queue["state"] != "ENABLED":
            raise BatchClientError(f"JobQueue {queue['jobQueueName']} is DISABLED and does not accept jobs")
        return queue

    def _active_definition(self, account_region: AccountRegion, name_or_arn: str) -> Document:
        definition = self._definitions.find(account_region, name_or_arn)
        if definition is None:
            raise BatchClientError(f"JobDefinition {name_or_arn} does not exist")
        if definition["status"] != "ACTIVE":
            raise BatchClientError(f"JobDefinition {name_or_arn} is INACTIVE")
        return definition

    def _check_platform(self, queue: Document, definition: Document, params: Document) -> None:
        is_pod = "eksProperties" in definition or any(
            "eksProperties" in group
            for group in (definition.get("nodeProperties") or {}).get("nodeRangeProperties", ())
        )
        if is_pod != (queue["jobQueueType"] == "EKS"):
            raise BatchClientError(
                f"Job queue {queue['jobQueueName']} with compute environments of type {queue['jobQueueType']} does "
                f"not accept jobs of {'an EKS' if is_pod else 'an ECS'} job definition"
            )
        if is_pod:
            if params.get("propagateTags"):
                raise BatchClientError("propagateTags is not applicable for EKS jobs")
            return
        queue_platform = QUEUE_PLATFORMS[queue["jobQueueType"]]
        if platform(definition) != queue_platform:
            raise BatchClientError(
                f"The platformCapabilities of the job definition must include {queue_platform} "
                f"for job queue {queue['jobQueueName']}"
            )

    def _check_dependencies(
        self, account_region: AccountRegion, dependencies: list[Document], size: int | None
    ) -> None:
        if len(dependencies) > MAX_DEPENDENCIES:
            raise BatchClientError(f"Job cannot have more than {MAX_DEPENDENCIES} dependencies")
        for dependency in dependencies:
            other, kind = dependency.get("jobId"), dependency.get("type")
            if other is None:
                if kind != "SEQUENTIAL" or size is None:
                    raise BatchClientError("A dependency without jobId must be SEQUENTIAL and within an array job")
                continue
            row = self._store.fetch_one("SELECT size FROM job WHERE id = ? AND home = ?", other, account_region.key)
            if row is None:
                raise BatchClientError(f"Dependent job {other} does not exist")
            if kind == "N_TO_N" and (size is None or row["size"] != size):
                raise BatchClientError("N_TO_N dependencies need two array jobs of the same size")


def _check_share(queue: Document, definition: Document, params: Document) -> None:
    share, override = params.get("shareIdentifier"), params.get("schedulingPriorityOverride")
    if "schedulingPolicyArn" not in queue:
        if share is not None or override is not None:
            raise BatchClientError(
                "Job with shareIdentifier or schedulingPriority can only be submitted to job queue with fair share "
                "scheduling policy."
            )
        return
    if share is None:
        raise BatchClientError("shareIdentifier must be specified.")
    if override is None and definition.get("schedulingPriority") is None:
        raise BatchClientError(
            "Either schedulingPriority in job definition or schedulingPriorityOverride should be specified."
        )
