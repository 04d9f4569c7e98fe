"""The workflows that are run both ways."""

import json
from dataclasses import dataclass

from bench.fake_aws.batch import QUEUE

DEFINITION = "nothing"


def definition() -> str:
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    container = {"image": "nothing", "command": ["nothing"], "resourceRequirements": sizes}
    return json.dumps({"jobDefinitionName": DEFINITION, "type": "container", "containerProperties": container})


@dataclass(frozen=True)
class Workflow:
    """Jobs by name, each with the names of its dependencies, parents first."""

    title: str
    jobs: dict[str, tuple[str, ...]]

    def document(self) -> str:
        """Return the portal's document."""
        return json.dumps({"jobs": [self._job(name, parents) for name, parents in self.jobs.items()]})

    @staticmethod
    def _job(name: str, parents: tuple[str, ...]) -> dict[str, object]:
        job: dict[str, object] = {"jobName": name, "jobQueue": QUEUE, "jobDefinition": DEFINITION}
        if parents:
            job["dependsOn"] = [{"jobId": f"${{{parent}}}"} for parent in parents]
        return job


def chain(count: int) -> Workflow:
    names = [f"step-{number}" for number in range(count)]
    return Workflow(f"chain of {count}", {name: tuple(names[max(0, at - 1) : at]) for at, name in enumerate(names)})


def fan(count: int) -> Workflow:
    """Return a first job and all others, which depend on it."""
    return Workflow(f"fan of {count}", {"first": ()} | {f"job-{number}": ("first",) for number in range(1, count)})


def independent_jobs(count: int) -> Workflow:
    return Workflow(f"{count:,} independent jobs", {f"job-{number}": () for number in range(count)})
