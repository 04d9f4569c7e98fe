"""The rules of a workflow, `{"jobs": [ … ]}`, and its plan."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from jobs.spec import graph, step_conditions, step_references
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.problems import Problem, join_pointer, quote
from jobs.spec.rules import problem_limit, step_problems
from jobs.spec.rules.dependencies import array_size
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.registry import WARNING, rule
from jobs.spec.schema import botocore_schema
from jobs.spec.step_conditions import Condition
from jobs.spec.step_references import StepReference, StepReferences
from jobs.spec.template_parameters import REFERENCE, iter_references

MAX_PARENTS = 20
"""SubmitJob, API reference."""

MAX_STEPS = 5_000
"""As many as are validated, stored and shown within seconds, also on SQLite."""


class StepDependency(NamedTuple):
    """An index, "" for a plain dependency or "N_TO_N", and the condition if the portal holds the step for it."""

    parent: int
    type: str
    condition: str = ""


@dataclass(frozen=True)
class WorkflowStep:
    """Batch job ids and an array's own SEQUENTIAL stay in `document["dependsOn"]`."""

    index: int
    name: str
    document: Document
    dependencies: tuple[StepDependency, ...]


@dataclass(frozen=True)
class WorkflowPlan:
    """Steps in document order, and an order in which they can be submitted."""

    steps: tuple[WorkflowStep, ...]
    order: tuple[int, ...]

    @cached_property
    def layers(self) -> tuple[tuple[int, ...], ...]:
        result: list[list[int]] = []
        for number in self.order:
            depth = self._depths[number]
            if depth == len(result):
                result.append([])
            result[depth].append(number)
        return tuple(tuple(sorted(layer)) for layer in result)

    @cached_property
    def longest_path(self) -> tuple[int, ...]:
        if not self.steps:
            return ()
        path = [max(self.order, key=lambda number: self._depths[number])]
        while parents := [edge.parent for edge in self.steps[path[-1]].dependencies]:
            path.append(max(parents, key=lambda number: self._depths[number]))
        return tuple(reversed(path))

    @cached_property
    def _depths(self) -> dict[int, int]:
        depths: dict[int, int] = {}
        for number in self.order:
            depths[number] = max((depths[edge.parent] + 1 for edge in self.steps[number].dependencies), default=0)
        return depths


def check_workflow(
    document: Document,
    definitions: Mapping[str, Document] | None = None,
    queues: Mapping[str, QueueFacts] | None = None,
) -> list[Problem]:
    if oversized := list(step_count_within_limit(document)):
        return oversized
    return list(problem_limit.limit_problems(_iter_problems(document, definitions or {}, queues or {})))


def _iter_problems(
    document: Document, definitions: Mapping[str, Document], queues: Mapping[str, QueueFacts]
) -> Iterator[Problem]:
    yield from botocore_schema.check_schema(document, DocumentKind.WORKFLOW)
    steps = _steps(document)
    yield from step_problems.check_steps(steps, definitions, queues)
    references = step_references.resolve_references(steps)
    yield from references.problems
    yield from step_conditions.check_conditions(document, references)
    yield from parameters_in_templates_only(document)
    references.edges += step_conditions.condition_references(document, references)
    for check in RULES:
        yield from check(references)


def plan_workflow(document: Document) -> WorkflowPlan:
    """Plan a document without errors. Raise ValueError for a cycle."""
    steps = _steps(document) if "jobs" in document else [document]
    references = step_references.resolve_references(steps)
    resolved_entries = {(reference.step, reference.entry) for reference in references.edges}
    references.edges += step_conditions.condition_references(document, references)
    edges: list[dict[StepDependency, None]] = [{} for _ in steps]
    over_limit = [is_held_for_parents(len(list_at(step, "dependsOn"))) for step in steps]
    for reference in references.edges:
        condition = reference.condition or (Condition.SUCCESS if over_limit[reference.step] else Condition.BATCH)
        edges[reference.step][StepDependency(reference.parent, reference.type, condition)] = None
    order = graph.topological_order([[edge.parent for edge in after] for after in edges])
    if len(order) < len(steps):
        raise ValueError("The steps have a circular dependency.")
    workflow_steps = (
        WorkflowStep(
            number,
            text_at(step, "jobName"),
            _without_references(number, step, resolved_entries),
            tuple(edges[number]),
        )
        for number, step in enumerate(steps)
    )
    return WorkflowPlan(tuple(workflow_steps), tuple(order))


def _steps(document: Document) -> list[Document]:
    """Put {} for what is no object (a schema error), so that indexes stay right."""
    return [step if is_object(step) else {} for step in list_at(document, "jobs")]


def _without_references(number: int, step: Document, resolved_entries: set[tuple[int, int]]) -> Document:
    """Make SEQUENTIAL beside a job id, which AWS does not define, a plain dependency."""
    if "dependsOn" not in step:
        return step
    entries: list[Any] = []
    for position, entry in enumerate(list_at(step, "dependsOn")):
        if (number, position) in resolved_entries:
            continue
        plain = is_object(entry) and "jobId" in entry and entry.get("type") == "SEQUENTIAL"
        entries.append({"jobId": entry["jobId"]} if plain else entry)
    rest = {key: value for key, value in step.items() if key != "dependsOn"}
    return {**rest, "dependsOn": entries} if entries else rest


@rule("workflow.too-many-steps")
def step_count_within_limit(document: Document) -> Iterator[Problem]:
    """A workflow can have at most 5,000 jobs.

    Source: the portal.
    """
    count = len(list_at(document, "jobs"))
    if count > MAX_STEPS:
        message = (
            f"The workflow has {count:,} jobs; the limit is {MAX_STEPS:,}. Split it into several "
            "workflows, or use one array job for jobs that differ only in a number."
        )
        yield Problem("/jobs", message)


@rule("workflow.parameter", WARNING)
def parameters_in_templates_only(document: Document) -> Iterator[Problem]:
    """A parameter of a workflow template, ${param.name}, stays as it is written in a workflow that no template made.

    Source: the portal.
    """
    for path, text in iter_references(document, ()):
        reference = next(REFERENCE.finditer(text))
        message = f"{quote(reference[0])} is replaced only in a workflow template. "
        yield Problem(join_pointer(*path), message + "Save this workflow as a template, then start the template.")


@rule("workflow.same-name")
def job_names_are_unique(references: StepReferences) -> Iterator[Problem]:
    """Every step of a workflow needs its own jobName, so that ${jobName} refers to one step.

    Source: the portal.
    """
    first: dict[str, int] = {}
    for number in range(len(references.steps)):
        name = references.name(number)
        if name and first.setdefault(name, number) != number:
            other = first[name]
            message = (
                f"Job {number + 1} has the same jobName as job {other + 1}, {quote(name)}; "
                "rename one, because ${name} must refer to one job."
            )
            yield Problem(join_pointer("jobs", number, "jobName"), message)


@rule("workflow.cycle")
def no_dependency_cycles(references: StepReferences) -> Iterator[Problem]:
    """Steps with a circular dependency never start.

    Source: “Job dependencies”, AWS Batch User Guide: a job starts when all that it waits for have succeeded.
    """
    parents = references.parents()
    entries = {(reference.step, reference.parent): reference for reference in reversed(references.edges)}
    for group in graph.find_cycles(parents):
        cycle = graph.cycle_in_group(group, parents)
        names = [references.name(number) for number in cycle]
        if len(names) > 8:
            names = [*names[:4], f"… ({len(names) - 6} more) …", *names[-2:]]
        cycle_text = " → ".join([*names, names[0]])
        message = f"Circular dependency: {cycle_text}. Remove one of them."
        yield Problem(entries[cycle[0], cycle[1 % len(cycle)]].parent_pointer, message)


@rule("workflow.too-many-parents")
def parent_count_within_limit(references: StepReferences) -> Iterator[Problem]:
    """A job can depend on at most 20 jobs outside its workflow.

    Source: SubmitJob, AWS Batch API reference: dependsOn.
    """
    step_entries = {(reference.step, reference.entry) for reference in references.edges if not reference.condition}
    for number, step in enumerate(references.steps):
        entries = range(len(list_at(step, "dependsOn")))
        count = sum((number, entry) not in step_entries for entry in entries)
        if count > MAX_PARENTS:
            message = (
                f"{quote(references.name(number))} depends on {count} jobs outside this workflow. AWS Batch allows "
                f"{MAX_PARENTS}. Add intermediate jobs that each depend on up to {MAX_PARENTS} of them."
            )
            yield Problem(join_pointer("jobs", number, "dependsOn"), message)


@rule("workflow.many-parents", WARNING)
def many_parents_hold_a_step(references: StepReferences) -> Iterator[Problem]:
    """The portal holds a step with more than 20 dependencies until all have succeeded.

    Source: SubmitJob, AWS Batch API reference: dependsOn.
    """
    own_parents: list[set[int]] = [set() for _ in references.steps]
    for reference in references.edges:
        if not reference.condition:
            own_parents[reference.step].add(reference.parent)
    for number, step in enumerate(references.steps):
        count = len(list_at(step, "dependsOn"))
        if own_parents[number] and is_held_for_parents(count):
            message = (
                f"Depends on {count} jobs, and AWS Batch allows {MAX_PARENTS}. The portal submits it when all have "
                "succeeded."
            )
            yield Problem(join_pointer("jobs", number, "dependsOn"), message)


def is_held_for_parents(count: int) -> bool:
    """Return whether a step has too many entries in dependsOn for AWS Batch."""
    return count > MAX_PARENTS


@rule("workflow.repeated-dependency", WARNING)
def dependencies_are_unique(references: StepReferences) -> Iterator[Problem]:
    """The same dependency twice has no effect.

    Source: the portal.
    """
    edges: set[tuple[int, int, str]] = set()
    for reference in references.edges:
        edge = (reference.step, reference.parent, reference.type)
        if edge in edges:
            message = f"{quote(references.name(reference.parent))} is in dependsOn twice; remove one."
            fix = ({"op": "remove", "path": reference.pointer},)
            yield Problem(reference.pointer, message, fix=fix)
        edges.add(edge)


@rule("workflow.n-to-n-without-array")
def n_to_n_parent_is_array(references: StepReferences) -> Iterator[Problem]:
    """N_TO_N pairs child with child, so the other job must be an array too.

    Source: “Array jobs”, AWS Batch User Guide.
    """
    for reference, own, other in _n_to_n_dependencies(references):
        if own is not None and other is None:
            name = quote(references.name(reference.parent))
            message = f"N_TO_N pairs the child jobs of two arrays, but {name} has no arrayProperties."
            here = f"{reference.pointer}/type"
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("workflow.n-to-n-sizes")
def n_to_n_sizes_are_equal(references: StepReferences) -> Iterator[Problem]:
    """N_TO_N needs arrays of equal size.

    Source: “Array jobs”, AWS Batch User Guide.
    """
    for reference, own, other in _n_to_n_dependencies(references):
        if own is not None and other is not None and own != other:
            names = [quote(references.name(number)) for number in (reference.step, reference.parent)]
            message = (
                f"N_TO_N needs arrays of equal size; {names[0]} has {own:,} child jobs and {names[1]} has {other:,}."
            )
            yield Problem(f"{reference.pointer}/type", message)


def _n_to_n_dependencies(references: StepReferences) -> Iterator[tuple[StepReference, int | None, int | None]]:
    for reference in references.edges:
        if reference.type == "N_TO_N":
            sizes = [array_size(references.steps[number]) for number in (reference.step, reference.parent)]
            yield reference, sizes[0], sizes[1]


RULES: tuple[Callable[[StepReferences], Iterator[Problem]], ...] = (
    job_names_are_unique,
    no_dependency_cycles,
    parent_count_within_limit,
    many_parents_hold_a_step,
    dependencies_are_unique,
    n_to_n_parent_is_array,
    n_to_n_sizes_are_equal,
)
