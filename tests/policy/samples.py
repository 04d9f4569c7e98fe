"""Plain values for the rules: a small job and a team that was given just what it needs."""

from dataclasses import replace
from typing import Any

from jobs.policy.grants import QueueLimits, TeamGrants
from jobs.policy.requests import JobRequest, build_definition_request, build_job_request
from jobs.policy.rules import Violation, definition_violations, job_violations
from jobs.spec.documents import Document

ROLE = "arn:aws:iam::123456789012:role/BatchJobRole"
QUEUE = 7

GIVEN = TeamGrants(
    team="Research",
    may_register=True,
    queues={QUEUE: QueueLimits()},
    roles=(ROLE,),
    images=("123456789012.dkr.ecr.us-west-2.amazonaws.com/ml-training", "busybox"),
)


def grants_with(**what: Any) -> TeamGrants:
    """What the team was given, with something changed; the ceilings are of its one queue."""
    if ceilings := what.pop("ceilings", None):
        what["queues"] = {QUEUE: QueueLimits(**ceilings)}
    return replace(GIVEN, **what)


def definition(**container: Any) -> Document:
    """A definition of one container."""
    properties = {
        "image": "busybox",
        "command": ["true"],
        "resourceRequirements": [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "2048"}],
        **container,
    }
    return {"jobDefinitionName": "hello", "type": "container", "containerProperties": properties}


def job(submission: Document | None = None, on: Document | None = None, **ask: Any) -> JobRequest:
    defaults = {
        "definition_name": "hello:1",
        "definition_shared": False,
        "queue_id": QUEUE,
        "queue_name": "cpu",
        "queue_open": True,
    }
    document = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello", **(submission or {})}
    return build_job_request(document, on or definition(), **{**defaults, **ask})


def rules_and_pointers(objected: list[Violation]) -> list[tuple[str, str]]:
    return [(objection.rule, objection.pointer) for objection in objected]


def violations_of(ask: JobRequest, grants: TeamGrants = GIVEN) -> list[tuple[str, str]]:
    """Rule and place of everything that is said against a job."""
    return rules_and_pointers(job_violations(ask, grants))


def against_definition(document: Document, grants: TeamGrants = GIVEN) -> list[tuple[str, str]]:
    return rules_and_pointers(definition_violations(build_definition_request(document), grants))
