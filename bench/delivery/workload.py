"""The workflows that are run both ways."""

import json
from dataclasses import dataclass

QUEUE = "cpu-job-queue"
DEFINITION = "nothing"
FAN_WIDTH = 10  # jobs side by side between two joins


def definition() -> str:
    """Return a definition whose jobs run nothing: the sandbox ends them at once."""
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}]
    container = {"image": "scratch", "command": ["nothing"], "resourceRequirements": sizes}
    return json.dumps({"jobDefinitionName": DEFINITION, "type": "container", "containerProperties": container})


@dataclass(frozen=True)
class Workflow:
    """Jobs by name, each with the names of its dependencies, parents first."""

    title: str
    jobs: dict[str, tuple[str, ...]]

    @property
    def layers(self) -> list[list[str]]:
        """The jobs that can be sent at the same time, step by step."""
        depths: dict[str, int] = {}
        for name, parents in self.jobs.items():
            depths[name] = 1 + max((depths[parent] for parent in parents), default=-1)
        layers: list[list[str]] = [[] for _ in range(1 + max(depths.values()))]
        for name, depth in depths.items():
            layers[depth].append(name)
        return layers

    def document(self) -> str:
        """Return the portal's document."""
        return json.dumps({"jobs": [self._job(name, parents) for name, parents in self.jobs.items()]})

    @staticmethod
    def _job(name: str, parents: tuple[str, ...]) -> dict[str, object]:
        job: dict[str, object] = {"jobName": name, "jobQueue": QUEUE, "jobDefinition": DEFINITION}
        if parents:
            job["dependsOn"] = [{"jobId": f"${{{parent}}}"} for parent in parents]
        return job


def independent_jobs(count: int) -> Workflow:
    return Workflow(f"{count:,} independent jobs", {f"job-{number}": () for number in range(count)})


def fan_out_fan_in(count: int) -> Workflow:
    """Fan out to ten and in to one, again and again, for `count` steps."""
    jobs: dict[str, tuple[str, ...]] = {"step-0": ()}
    join = "step-0"
    while len(jobs) < count:
        width = min(FAN_WIDTH, count - len(jobs))
        siblings = [f"step-{len(jobs) + place}" for place in range(width)]
        jobs |= dict.fromkeys(siblings, (join,))
        if len(jobs) < count:
            join = f"step-{len(jobs)}"
            jobs[join] = tuple(siblings)
    return Workflow(f"{count} steps, fan-out and fan-in", jobs)
