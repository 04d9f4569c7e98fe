"""Conditions between steps of a workflow: `conditions` beside its jobs.

AWS Batch starts a job only after the success of others. The portal holds a step with a condition itself, and submits
it when the other step has ended as the condition says. `dependsOn` stays as AWS Batch and other scripts know it.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from jobs.spec.documents import Document, list_at, object_at, text_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules.registry import rule
from jobs.spec.step_references import StepReference, StepReferences
from jobs.spec.suggestions import MAX_CHOICES, nearest_name


class Condition(StrEnum):
    """How a step must have ended for another to start. `BATCH` leaves it to AWS Batch: after success."""

    BATCH = ""
    SUCCESS = "success"
    FAILURE = "failure"
    ALWAYS = "always"

    @property
    def label(self) -> str:
        return _LABELS.get(self, "")


_LABELS = {
    Condition.SUCCESS: "if it succeeds",
    Condition.FAILURE: "if it fails",
    Condition.ALWAYS: "when it ends",
}


def conditions_schema() -> dict[str, Any]:
    when = {
        "type": "string",
        "enum": [condition for condition in Condition if condition],
        "description": "success, failure, or always: however it ends.",
    }
    step = {"type": "string", "minLength": 1}
    return {
        "type": "array",
        "description": "Steps that the portal submits when another has ended. AWS Batch doesn't get them.",
        "items": {
            "type": "object",
            "properties": {
                "job": {**step, "description": "The jobName of the step that waits."},
                "after": {**step, "description": "The jobName of the step that it waits for."},
                "when": when,
            },
            "required": ["job", "after", "when"],
            "additionalProperties": False,
        },
    }


def condition_references(document: Document, references: StepReferences) -> list[StepReference]:
    """Return each pair of existing steps once."""
    if "conditions" not in document:
        return []
    numbers = _numbers_by_name(references)
    pairs = {(edge.step, edge.parent) for edge in references.edges}
    edges: list[StepReference] = []
    for entry, condition in enumerate(list_at(document, "conditions")):
        step, parent = (numbers.get(text_at(object_at(condition), key)) for key in ("job", "after"))
        when = text_at(object_at(condition), "when")
        if step is None or parent is None or step == parent or (step, parent) in pairs or when not in _LABELS:
            continue
        pairs.add((step, parent))
        edges.append(StepReference(step, entry, parent, "", Condition(when)))
    return edges


def check_conditions(document: Document, references: StepReferences) -> Iterator[Problem]:
    """Check conditions against the steps and their dependencies in `dependsOn`."""
    if "conditions" in document:
        yield from condition_steps_exist(document, references)
        yield from conditions_are_unique(document, references)


@rule("workflow.condition-step")
def condition_steps_exist(document: Document, references: StepReferences) -> Iterator[Problem]:
    """A condition names two different steps by their jobName; the nearest name is suggested.

    Source: the portal.
    """
    numbers = _numbers_by_name(references)
    choices = tuple(numbers) if len(numbers) <= MAX_CHOICES else ()
    for entry, condition in enumerate(list_at(document, "conditions")):
        names = {key: text_at(object_at(condition), key) for key in ("job", "after")}
        for key, name in names.items():
            if name and name not in numbers:
                here = join_pointer("conditions", entry, key)
                nearest = nearest_name(name, choices)
                advice = f"Did you mean {quote(nearest)}?" if nearest else "Use the jobName of a step."
                fix = ({"op": "replace", "path": here, "value": nearest},) if nearest else ()
                yield Problem(here, f"No step is named {quote(name)}. {advice}", fix=fix)
        if names["job"] and names["job"] == names["after"]:
            here = join_pointer("conditions", entry, "after")
            yield Problem(here, f"{quote(names['job'])} can't wait for itself. Name another step.")


@rule("workflow.condition-twice")
def conditions_are_unique(document: Document, references: StepReferences) -> Iterator[Problem]:
    """A step waits for another in one way: by dependsOn or by one condition.

    Source: the portal.
    """
    numbers = _numbers_by_name(references)
    pairs = {(edge.step, edge.parent): "dependsOn" for edge in references.edges if not edge.condition}
    for entry, condition in enumerate(list_at(document, "conditions")):
        names = [text_at(object_at(condition), key) for key in ("job", "after")]
        step, parent = (numbers.get(name) for name in names)
        if step is None or parent is None:
            continue
        if (step, parent) in pairs:
            here = join_pointer("conditions", entry)
            place = "in dependsOn" if pairs[step, parent] == "dependsOn" else "by another condition"
            message = f"{quote(names[0])} already waits for {quote(names[1])} {place}. Keep one of the two."
            yield Problem(here, message)
        pairs.setdefault((step, parent), "conditions")


def _numbers_by_name(references: StepReferences) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for number in range(len(references.steps)):
        if name := references.name(number):
            numbers.setdefault(name, number)
    return numbers
