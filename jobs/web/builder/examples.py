"""Example documents that can be submitted as they are."""

import json

from jobs.models import Team
from jobs.reports import options
from jobs.spec.documents import Document, DocumentKind

TITLES = {
    DocumentKind.DEFINITION: "A job definition",
    DocumentKind.SUBMISSION: "A job",
    DocumentKind.WORKFLOW: "A workflow of 3 jobs",
}


def example_text(kind: DocumentKind, team: Team) -> str:
    if kind is DocumentKind.DEFINITION:
        return _to_json(_definition(team))
    if kind is DocumentKind.SUBMISSION:
        return _to_json(example_job(team))
    queue, definition = _queue(team), _definition_name(team)
    first = _job("prepare", queue, definition)
    second = _job("train", queue, definition, after="prepare")
    third = _job("evaluate", queue, definition, after="train")
    return _to_json({"jobs": [first, second, third]})


def example_job(team: Team) -> Document:
    job = _job("say-hello", _queue(team), _definition_name(team))
    return job | {"containerOverrides": {"command": ["echo", "Hello from AWS Batch"]}}


def _definition(team: Team) -> Document:
    return {
        "jobDefinitionName": f"hello-{team.slug}",
        "type": "container",
        "containerProperties": {
            "image": "public.ecr.aws/docker/library/busybox:latest",
            "command": ["echo", "Hello from AWS Batch"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "512"}],
        },
        "timeout": {"attemptDurationSeconds": 600},
    }


def _job(name: str, queue: str, definition: str, after: str = "") -> Document:
    job: Document = {"jobName": name, "jobQueue": queue, "jobDefinition": definition}
    if after:
        job["dependsOn"] = [{"jobId": f"${{{after}}}"}]
    return job


def _queue(team: Team) -> str:
    return options.example_queue_name(team) or "name-of-a-queue"


def _definition_name(team: Team) -> str:
    return options.example_definition_name(team) or f"hello-{team.slug}"


def _to_json(document: Document) -> str:
    return json.dumps(document, indent=2) + "\n"
