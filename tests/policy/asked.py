"""Plain values for the rules: a small job and a team that was given just what it needs."""

from dataclasses import replace
from typing import Any

from jobs.policy.grants import Ceilings, Grants
from jobs.policy.requests import JobAsk, definition_ask, job_ask
from jobs.policy.rules import Objection, objections, objections_to_definition
from jobs.spec.documents import Document

ROLE = "arn:aws:iam::123456789012:role/BatchJobRole"
QUEUE = 7

GIVEN = Grants(
    team="Research",
    may_register=True,
    queues={QUEUE: Ceilings()},
    roles=(ROLE,),
    images=("123456789012.dkr.ecr.us-west-2.amazonaws.com/ml-training", "busybox"),
)


def given(**what: Any) -> Grants:
    """What the team was given, with something changed; the ceilings are of its one queue."""
    if ceilings := what.pop("ceilings", None):
        what["queues"] = {QUEUE: Ceilings(**ceilings)}
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


def job(submission: Document | None = None, on: Document | None = None, **ask: Any) -> JobAsk:
    defaults = {
        "definition_name": "hello:1",
        "definition_shared": False,
        "queue_id": QUEUE,
        "queue_name": "cpu",
        "queue_open": True,
    }
    document = {"jobName": "one", "jobQueue": "cpu", "jobDefinition": "hello", **(submission or {})}
    return job_ask(document, on or definition(), **{**defaults, **ask})


def told(objected: list[Objection]) -> list[tuple[str, str]]:
    return [(objection.rule, objection.pointer) for objection in objected]


def against(ask: JobAsk, grants: Grants = GIVEN) -> list[tuple[str, str]]:
    """Rule and place of everything that is said against a job."""
    return told(objections(ask, grants))


def against_definition(document: Document, grants: Grants = GIVEN) -> list[tuple[str, str]]:
    return told(objections_to_definition(definition_ask(document), grants))
