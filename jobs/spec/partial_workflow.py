"""Parts of a workflow's document: some of its steps, and what depends on them."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from jobs.spec import graph, step_references
from jobs.spec.documents import Document, is_object, list_at, object_at, text_at
from jobs.spec.graph import Parents
from jobs.spec.patch import copy_json
from jobs.spec.rules.workflow import WorkflowPlan


def with_dependents(roots: Iterable[int], parents: Parents) -> set[int]:
    """Return the steps and all that wait for them, directly or through others, whatever the condition."""
    children = graph.reverse_edges(parents)
    steps = set(roots)
    stack = list(steps)
    while stack:
        new = [child for child in children[stack.pop()] if child not in steps]
        steps.update(new)
        stack += new
    return steps


def select_steps(document: Document, numbers: Sequence[int]) -> Document:
    """Return a workflow of these steps, without their dependencies on others."""
    steps = [step if is_object(step) else {} for step in list_at(document, "jobs")]
    references = step_references.resolve_references(steps)
    parents = {(reference.step, reference.entry): reference.parent for reference in references.edges}
    selected = set(numbers)
    jobs: list[Document] = []
    for number in numbers:
        step = copy_json(steps[number])
        entries = []
        for position, entry in enumerate(list_at(step, "dependsOn")):
            parent = parents.get((number, position))
            if parent is None:
                entries.append(entry)
            elif parent in selected:
                entries.append({**entry, "jobId": f"${{{references.name(parent)}}}"})
        if entries:
            step["dependsOn"] = entries
        else:
            step.pop("dependsOn", None)
        jobs.append(step)
    names = {references.name(number) for number in numbers}
    conditions = [
        copy_json(condition)
        for condition in list_at(document, "conditions")
        if names >= {text_at(object_at(condition), "job"), text_at(object_at(condition), "after")}
    ]
    return {"jobs": jobs, **({"conditions": conditions} if conditions else {})}


def edges_by_name(workflow: WorkflowPlan) -> Counter[tuple[str, str, str, str]]:
    """Count the edges as step, parent, type and condition, so that two documents can be compared."""
    names = [step.name for step in workflow.steps]
    return Counter(
        (step.name, names[edge.parent], edge.type, edge.condition)
        for step in workflow.steps
        for edge in step.dependencies
    )


def with_references(step: Document, original: Document, resolved_entries: Collection[int]) -> Document:
    """Return a step as it ran last, with the references to other steps of the original."""
    references = [entry for place, entry in enumerate(list_at(original, "dependsOn")) if place in resolved_entries]
    entries = [*references, *list_at(step, "dependsOn")]
    rest = {key: value for key, value in step.items() if key != "dependsOn"}
    return {**rest, "dependsOn": entries} if entries else rest
