"""SubmitJob: merged with its definition, checked, and stored before the reply is sent."""

import json
import uuid
from collections.abc import Callable

from jobs.sandbox.containers import is_fargate, runnable_containers
from jobs.sandbox.context import AccountRegion, ApiCall, Document, drop_none, now_ms
from jobs.sandbox.definitions import DefinitionService
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.images import substitute_parameters
from jobs.sandbox.ledger import RecordAcceptance
from jobs.sandbox.queues import QueueService
from jobs.sandbox.store import Store
from jobs.sandbox.validation import (
    LEGACY_SIZE_FIELDS,
    MAX_SUBMIT_BYTES,
    check_environment,
    check_name,
    check_payload,
    check_requirements,
    check_retry,
    check_scheduling_priority,
    check_share_identifier,
    check_sizes,
    check_sizes_present,
    check_tags,
    check_timeout,
    lower_case_actions,
    resource_requirements,
)

MAX_DEPENDENCIES = 20

INSERT_JOB = (
    "INSERT INTO job (id, home, queue, name, name_key, definition, parent, place, size, status, created_at, "
    "spec, tags) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'SUBMITTED', ?, ?, ?)"
)


class SubmissionService:
    """Accepts jobs and passes them to the scheduler."""

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
        """`admit` is called for every accepted job, with an array's children, after the commit."""
        self._store = store
        self._definitions = definitions
        self._queues = queues
        self._admit = admit
        self._record_acceptance = record_acceptance
        self._min_timeout_seconds = min_timeout_seconds

    def submit(self, call: ApiCall) -> Document:
        """Accept a job. After the return it survives any crash of the process."""
        params, account_region = call.params, call.account_region
        self._check_request(call)
        job_id = str(uuid.uuid4())
        size = (params.get("arrayProperties") or {}).get("size")
        with self._store.transaction():
            queue = self._open_queue(account_region, params["jobQueue"])
            definition = self._active_definition(account_region, params["jobDefinition"])
            self._check_platform(queue, definition)
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
        check_payload(call.size, MAX_SUBMIT_BYTES, "SubmitJob")
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

    def _check_platform(self, queue: Document, definition: Document) -> None:
        fargate = queue["jobQueueType"] == "ECS_FARGATE"
        if fargate != is_fargate(definition):
            platform = "FARGATE" if fargate else "EC2"
            raise BatchClientError(
                f"The platformCapabilities of the job definition must include {platform} "
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
    """Check that a fair-share queue gets a share and a priority, and a FIFO queue none of the two."""
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


def effective_spec(definition: Document, params: Document) -> Document:
    """Return what will run: the definition with all overrides of the submission."""
    fargate = is_fargate(definition)
    if "containerProperties" in definition:
        if "ecsPropertiesOverride" in params:
            raise BatchClientError("ecsPropertiesOverride is not applicable for this job definition")
        base = definition["containerProperties"]
        container = apply_overrides(base, params.get("containerOverrides") or {}, fargate=fargate)
        blocks: Document = {"container": container}
    elif "ecsProperties" in definition:
        if "containerOverrides" in params:
            raise BatchClientError("containerOverrides is not applicable for a job definition with ecsProperties")
        blocks = _effective_task(definition, params.get("ecsPropertiesOverride") or {}, fargate=fargate)
    else:
        raise BatchClientError("The sandbox runs containers and ECS tasks; it has no nodes and no EKS cluster")
    parameters = definition["parameters"] | params.get("parameters", {})
    container = blocks["container"]
    blocks["container"] = container | {"command": substitute_parameters(container["command"], parameters)}
    return blocks | drop_none(
        {
            "parameters": parameters,
            "dependsOn": params.get("dependsOn", []),
            "retryStrategy": lower_case_actions(params.get("retryStrategy") or definition.get("retryStrategy")),
            "timeout": params.get("timeout") or definition.get("timeout"),
            "propagateTags": params.get("propagateTags", definition.get("propagateTags", False)),
            "platformCapabilities": definition["platformCapabilities"],
            "shareIdentifier": params.get("shareIdentifier"),
            "schedulingPriority": params.get("schedulingPriorityOverride", definition.get("schedulingPriority")),
        }
    )


def _effective_task(definition: Document, override: Document, *, fargate: bool) -> Document:
    overrides = {
        container.get("name"): container
        for task in override.get("taskProperties", ())
        for container in task.get("containers", ())
    }
    containers = [
        apply_overrides({"command": [], **container}, overrides.get(container.get("name"), {}), fargate=False)
        for container in runnable_containers(definition)
    ]
    (task,) = definition["ecsProperties"]["taskProperties"]
    if fargate:
        check_sizes(_sum_sizes(containers), fargate=True)
    runs = next(container for container in containers if container.get("essential", True))
    merged = [container | {"essential": container.get("essential", True)} for container in containers]
    own = [
        {key: value for key, value in container.items() if key not in {"jobRoleArn", "executionRoleArn"}}
        for container in merged
    ]
    return {"container": runs, "ecsProperties": {"taskProperties": [{**task, "containers": own}]}}


def _sum_sizes(containers: list[Document]) -> dict[str, str]:
    vcpus = sum(float(resource_requirements(container)["VCPU"]) for container in containers)
    memory = sum(int(resource_requirements(container)["MEMORY"]) for container in containers)
    return {"VCPU": str(vcpus), "MEMORY": str(memory)}


def apply_overrides(container: Document, override: Document, *, fargate: bool) -> Document:
    """Apply an override to a container: the command as a whole, variables by name, sizes by type."""
    check_environment(override.get("environment", ()))
    check_requirements(override)
    result = dict(container)
    if command := override.get("command"):
        if "" in command:
            raise BatchClientError("containerOverrides command must not contain empty strings")
        result["command"] = command
    variables = {entry["name"]: entry for entry in container.get("environment", ())}
    variables |= {entry["name"]: entry for entry in override.get("environment", ())}
    result["environment"] = list(variables.values())
    result |= _override_sizes(container, override)
    needs = resource_requirements(result)
    check_sizes_present(needs)
    check_sizes(needs, fargate=fargate)
    return result


def _override_sizes(container: Document, override: Document) -> Document:
    """Override sizes in the form of the definition: a legacy field remains one until the override replaces it."""
    entries = {entry["type"]: entry for entry in container.get("resourceRequirements", ())}
    sizes: Document = {}
    for kind, legacy_field in LEGACY_SIZE_FIELDS.items():
        if override.get(legacy_field) is not None:
            if kind in entries:
                raise BatchClientError(
                    f"containerOverrides.{legacy_field} is a deprecated key that cannot override the {kind} in the "
                    "resourceRequirements of the job definition"
                )
            sizes[legacy_field] = override[legacy_field]
    for entry in override.get("resourceRequirements", ()):
        entries[entry["type"]] = entry
        if entry["type"] in LEGACY_SIZE_FIELDS:
            sizes[LEGACY_SIZE_FIELDS[entry["type"]]] = None
    return sizes | {"resourceRequirements": list(entries.values())}
