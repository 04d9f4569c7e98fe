"""Plans of attempts."""

import os
from pathlib import Path
from uuid import uuid4

from jobs.sandbox.attempts import AttemptPlan, GroupPlan
from jobs.sandbox.groups import ContainerGroup, GroupContainer, job_groups
from jobs.sandbox.images import create_search_path, find_image
from jobs.sandbox.jobs import DEFAULT_NAMESPACE, SandboxJob, node_id, pod_name
from jobs.sandbox.logs import DEFAULT_GROUP, LogService, LogTarget, LogWriter
from jobs.sandbox.processes import ContainerPlan

MAIN_NODE_ADDRESS = "127.0.0.1"
FLUENT_BIT_GROUP = "fluent-bit-cloudwatch"
FLUENT_BIT_PREFIX = "from-fluent-bit-kube.var.log.containers."


class AttemptPlanner:
    def __init__(self, files: Path, logs: LogService) -> None:
        self._work = files / "work"
        self._buckets = files / "buckets"
        files.mkdir(mode=0o700, exist_ok=True)
        self._buckets.mkdir(exist_ok=True)
        self._path = create_search_path(files / "bin")
        self._logs = logs

    def plan(self, job: SandboxJob, environment_name: str) -> AttemptPlan:
        groups = job_groups(job.spec)
        main = groups[0].node
        return AttemptPlan(
            job_id=job.id,
            environment=environment_name,
            groups=tuple(self._plan_group(job, group, environment_name, main, len(groups)) for group in groups),
        )

    def _plan_group(
        self, job: SandboxJob, group: ContainerGroup, environment_name: str, main_node: int | None, node_count: int
    ) -> GroupPlan:
        task_id = uuid4().hex
        folder = self._work / task_id
        variables = {
            "AWS_BATCH_JOB_ID": job.id if group.node is None else node_id(job.id, group.node),
            "AWS_BATCH_JOB_ATTEMPT": str(len(job.attempts) + 1),
            "AWS_BATCH_JQ_NAME": job.queue.rpartition("/")[2],
            "AWS_BATCH_CE_NAME": environment_name,
            **({} if job.array_index is None else {"AWS_BATCH_JOB_ARRAY_INDEX": str(job.array_index)}),
        }
        if group.node is not None:
            variables |= {
                "AWS_BATCH_JOB_MAIN_NODE_INDEX": str(main_node),
                "AWS_BATCH_JOB_NODE_INDEX": str(group.node),
                "AWS_BATCH_JOB_NUM_NODES": str(node_count),
            }
            if group.node != main_node:
                variables["AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS"] = MAIN_NODE_ADDRESS
        return GroupPlan(
            task_id=task_id,
            node=group.node,
            is_pod=group.is_pod,
            folder=folder,
            containers=tuple(
                self._plan_container(
                    container, variables, folder / str(position), _log_target(job, group, container, task_id)
                )
                for position, container in enumerate(group.containers)
            ),
        )

    def _plan_container(
        self, container: GroupContainer, batch_variables: dict[str, str], folder: Path, target: LogTarget | None
    ) -> ContainerPlan:
        image = find_image(container.image)

        def open_log() -> LogWriter | None:
            return self._logs.create_stream(target) if target else None

        return ContainerPlan(
            name=container.name,
            image=image,
            argv=image.argv(container.command),
            environment=self._environment(container, folder) | batch_variables,
            folder=folder,
            stream=target.stream if target else None,
            open_log=open_log,
            is_essential=container.is_essential,
            is_init=container.is_init,
            conditions=container.conditions,
        )

    def _environment(self, container: GroupContainer, folder: Path) -> dict[str, str]:
        """Return none of our variables: no keys, secrets or addresses of the portal."""
        return {
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            **container.environment,
            "PATH": os.pathsep.join(filter(None, [self._path, container.environment.get("PATH")])),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "SANDBOX_IMAGE": container.image,
            "SANDBOX_BUCKETS": str(self._buckets),
        }


def _log_target(job: SandboxJob, group: ContainerGroup, container: GroupContainer, task_id: str) -> LogTarget | None:
    """Return None for another log driver.

    Batch names no stream of a pod: Fluent Bit ships them.
    https://docs.aws.amazon.com/batch/latest/userguide/batch-eks-cloudwatch-logs.html
    """
    if group.is_pod:
        namespace = (group.properties["podProperties"].get("metadata") or {}).get("namespace", DEFAULT_NAMESPACE)
        stream = f"{FLUENT_BIT_PREFIX}{pod_name(task_id)}_{namespace}_{container.name}-{uuid4().hex}.log"
        return LogTarget(job.account_region, FLUENT_BIT_GROUP, stream)
    if container.logs.get("logDriver", "awslogs") != "awslogs":
        return None
    options = container.logs.get("options") or {}
    name = job.definition.rpartition("/")[2].partition(":")[0]
    prefix = options.get("awslogs-stream-prefix") or name[:200]
    return LogTarget(
        job.account_region, options.get("awslogs-group", DEFAULT_GROUP), f"{prefix}/{container.name}/{task_id}"
    )
