"""Plans of attempts: command, environment, folder and log of the process."""

import os
from pathlib import Path
from uuid import uuid4

from jobs.sandbox.images import create_search_path, environment_variables, find_image
from jobs.sandbox.jobs import SandboxJob
from jobs.sandbox.logs import DEFAULT_GROUP, LogService, LogTarget, LogWriter
from jobs.sandbox.processes import AttemptPlan


class AttemptPlanner:
    """Makes plans. Working folders and buckets are next to the state file."""

    def __init__(self, files: Path, logs: LogService) -> None:
        self._work = files / "work"
        self._buckets = files / "buckets"
        files.mkdir(mode=0o700, exist_ok=True)
        self._buckets.mkdir(exist_ok=True)
        self._path = create_search_path(files / "bin")
        self._logs = logs

    def plan(self, job: SandboxJob, environment_name: str) -> AttemptPlan:
        """Return the plan of a job's next attempt, in the compute environment that has room for it."""
        task_id = uuid4().hex
        folder = self._work / task_id
        image = find_image(job.container["image"])
        target = _log_target(job, task_id)

        def open_log() -> LogWriter | None:
            return self._logs.create_stream(target) if target else None

        return AttemptPlan(
            job_id=job.id,
            record={
                "taskId": task_id,
                "environment": environment_name,
                **({"stream": target.stream} if target else {}),
            },
            image=image,
            argv=image.argv(job.container["command"]),
            environment=self._environment(job, environment_name, folder),
            folder=folder,
            open_log=open_log,
        )

    def _environment(self, job: SandboxJob, environment_name: str, folder: Path) -> dict[str, str]:
        """Return the job's environment variables, with none of ours: no keys, secrets or addresses of the portal."""
        variables = environment_variables(job.container)
        return {
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            **variables,
            "PATH": os.pathsep.join(filter(None, [self._path, variables.get("PATH")])),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "SANDBOX_IMAGE": job.container["image"],
            "SANDBOX_BUCKETS": str(self._buckets),
            "AWS_BATCH_JOB_ID": job.id,
            "AWS_BATCH_JOB_ATTEMPT": str(len(job.attempts) + 1),
            "AWS_BATCH_JQ_NAME": job.queue.rpartition("/")[2],
            "AWS_BATCH_CE_NAME": environment_name,
            **({} if job.array_index is None else {"AWS_BATCH_JOB_ARRAY_INDEX": str(job.array_index)}),
        }


def _log_target(job: SandboxJob, task_id: str) -> LogTarget | None:
    """Return CloudWatch's stream for the output; None for another log driver."""
    configuration = job.container.get("logConfiguration") or {}
    if configuration.get("logDriver", "awslogs") != "awslogs":
        return None
    options = configuration.get("options") or {}
    name = job.definition.rpartition("/")[2].partition(":")[0]
    prefix = options.get("awslogs-stream-prefix") or name[:200]
    return LogTarget(job.account_region, options.get("awslogs-group", DEFAULT_GROUP), f"{prefix}/default/{task_id}")
