"""The smallest sound document of each kind, with whatever a test wants to say of it."""

from typing import Any

from jobs.spec.documents import Document
from jobs.spec.problems import Problem

JOB_ID = "12345678-90ab-cdef-1234-567890abcdef"


def definition(container: Document | None = None, **more: Any) -> Document:
    properties = {
        "image": "busybox",
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
    }
    return {
        "jobDefinitionName": "greet",
        "type": "container",
        "containerProperties": {**properties, **(container or {})},
        **more,
    }


def submission(**more: Any) -> Document:
    return {"jobName": "hello", "jobQueue": "small", "jobDefinition": "greet", **more}


def step(name: str, *after: str | Document, **more: Any) -> Document:
    """A step that waits for others; a text is a jobId as it stands in the document."""
    waits = [{"jobId": entry} if isinstance(entry, str) else entry for entry in after]
    return submission(jobName=name, **({"dependsOn": waits} if waits else {}), **more)


def workflow(*steps: Document) -> Document:
    return {"jobs": list(steps)}


def pointers_and_rules(problems: list[Problem]) -> list[tuple[str, str]]:
    """Where, and by which rule."""
    return [(problem.pointer, problem.rule) for problem in problems]
