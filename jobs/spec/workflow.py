"""The rules of a workflow, `{"jobs": [ … ]}`, and the plan by which its steps are sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from jobs.spec import dependencies, graph, references, schema, submission
from jobs.spec.dependencies import array_size
from jobs.spec.documents import Document, Kind, is_object, list_at, text_at
from jobs.spec.problems import Problem, Severity, join, quoted
from jobs.spec.references import References

MOST_PARENTS = 20
"""Dependencies of one job (SubmitJob, API reference)."""


@dataclass(frozen=True)
class Edge:
    """A step to wait for: its index, and "" for plain or "N_TO_N" for array to array."""

    parent: int
    type: str


@dataclass(frozen=True)
class Step:
    """One SubmitJob call. Raw job ids and an array's own SEQUENTIAL stay in `document["dependsOn"]`."""

    index: int
    name: str
    document: Document
    after: tuple[Edge, ...]


@dataclass(frozen=True)
class Plan:
    """The steps in the document's order, and the order in which they can be sent."""

    steps: tuple[Step, ...]
    order: tuple[int, ...]


def problems(document: Document) -> list[Problem]:
    """Everything that is wrong with a workflow: each step as a submission, and how the steps hang together."""
    found = list(schema.check(document, Kind.WORKFLOW))
    steps = _steps(document)
    for number, step in enumerate(steps):
        prefix = join("jobs", number)
        found.extend(problem.within(prefix) for problem in submission.own_rules(step))
        found.extend(problem.within(prefix) for problem in dependencies.types(step))
    resolved = references.resolve(steps)
    found.extend(resolved.problems)
    for rule in RULES:
        found.extend(rule(resolved))
    return found


def plan(document: Document) -> Plan:
    """The steps of a workflow, or the one step of a submission, that have no errors.

    Raises ValueError when steps wait for each other in a circle; other errors are not looked for.
    """
    steps = _steps(document) if "jobs" in document else [document]
    resolved = references.resolve(steps)
    edges: list[dict[Edge, None]] = [{} for _ in steps]
    for reference in resolved.found:
        edges[reference.step][Edge(reference.parent, reference.type)] = None
    order = graph.order([[edge.parent for edge in after] for after in edges])
    if len(order) < len(steps):
        raise ValueError("Steps wait for each other in a circle.")
    taken = {(reference.step, reference.entry) for reference in resolved.found}
    planned = (
        Step(number, text_at(step, "jobName"), _sendable(number, step, taken), tuple(edges[number]))
        for number, step in enumerate(steps)
    )
    return Plan(tuple(planned), tuple(order))


def _steps(document: Document) -> list[Document]:
    """The steps; what is no object (an error of the schema) stands as an empty one, to keep the numbers right."""
    return [step if is_object(step) else {} for step in list_at(document, "jobs")]


def _sendable(number: int, step: Document, taken: set[tuple[int, int]]) -> Document:
    """A step without its references; a SEQUENTIAL on a job id, which AWS does not define, becomes plain."""
    if "dependsOn" not in step:
        return step
    left: list[Any] = []
    for position, entry in enumerate(list_at(step, "dependsOn")):
        if (number, position) in taken:
            continue
        plain = is_object(entry) and "jobId" in entry and entry.get("type") == "SEQUENTIAL"
        left.append({"jobId": entry["jobId"]} if plain else entry)
    rest = {key: value for key, value in step.items() if key != "dependsOn"}
    return {**rest, "dependsOn": left} if left else rest


def names_are_unique(resolved: References) -> Iterator[Problem]:
    """${name} has to mean one step."""
    first: dict[str, int] = {}
    for number in range(len(resolved.steps)):
        name = resolved.name(number)
        if name and first.setdefault(name, number) != number:
            other = first[name]
            message = (
                f"Job {number + 1} has the same jobName as job {other + 1}, {quoted(name)}; "
                "in a workflow ${name} has to mean one job, so give it another."
            )
            yield Problem(join("jobs", number, "jobName"), message, rule="workflow.same-name")


def no_circles(resolved: References) -> Iterator[Problem]:
    """Steps that wait for each other never start."""
    parents = resolved.parents()
    entries = {(reference.step, reference.parent): reference for reference in reversed(resolved.found)}
    for group in graph.circles(parents):
        way = graph.circle_in(group, parents)
        names = [resolved.name(number) for number in way]
        if len(names) > 8:
            names = [*names[:4], f"… ({len(names) - 6} more) …", *names[-2:]]
        way_round = " → ".join([*names, names[0]])
        message = f"These steps wait for each other in a circle: {way_round}; take one dependency away."
        yield Problem(f"{entries[way[0], way[1 % len(way)]].pointer}/jobId", message, rule="workflow.cycle")


def few_parents(resolved: References) -> Iterator[Problem]:
    """Batch takes at most 20 dependencies of a job."""
    for number, step in enumerate(resolved.steps):
        count = len(list_at(step, "dependsOn"))
        if count > MOST_PARENTS:
            message = (
                f"{quoted(resolved.name(number))} waits for {count} jobs; AWS Batch takes {MOST_PARENTS} at most: "
                "let jobs in between wait for some of them."
            )
            yield Problem(join("jobs", number, "dependsOn"), message, rule="workflow.too-many-parents")


def said_once(resolved: References) -> Iterator[Problem]:
    """The same dependency twice says nothing new."""
    seen: set[tuple[int, int, str]] = set()
    for reference in resolved.found:
        edge = (reference.step, reference.parent, reference.type)
        if edge in seen:
            message = f"{quoted(resolved.name(reference.parent))} is named twice in dependsOn; once is enough."
            fix = ({"op": "remove", "path": reference.pointer},)
            yield Problem(reference.pointer, message, Severity.WARNING, "workflow.repeated-dependency", fix)
        seen.add(edge)


def arrays_match(resolved: References) -> Iterator[Problem]:
    """N_TO_N joins child to child, so both jobs are arrays of one size (AWS Batch User Guide, array jobs)."""
    for reference in resolved.found:
        if reference.type != "N_TO_N":
            continue
        own, other = (array_size(resolved.steps[number]) for number in (reference.step, reference.parent))
        names = [quoted(resolved.name(number)) for number in (reference.step, reference.parent)]
        here = f"{reference.pointer}/type"
        if own is not None and other is None:
            message = f"N_TO_N joins the children of two arrays, and {names[1]} has no arrayProperties."
            yield Problem(here, message, rule="workflow.n-to-n-without-array")
        elif own != other and own is not None:
            message = (
                f"N_TO_N joins arrays of equal size; {names[0]} has {own:,} children and {names[1]} has {other:,}."
            )
            yield Problem(here, message, rule="workflow.n-to-n-sizes")


RULES: tuple[Callable[[References], Iterator[Problem]], ...] = (
    names_are_unique,
    no_circles,
    few_parents,
    said_once,
    arrays_match,
)
