"""The rules of a workflow, `{"jobs": [ … ]}`, and the plan by which its steps are submitted."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from jobs.spec import graph, step_references
from jobs.spec.documents import Document, Kind, is_object, list_at, text_at
from jobs.spec.problems import Problem, join, quoted
from jobs.spec.rules import dependencies, job, problem_limit
from jobs.spec.rules.dependencies import array_size
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.registry import WARNING, rule
from jobs.spec.schema import botocore_schema
from jobs.spec.step_references import Reference, References

MOST_PARENTS = 20
"""Dependencies of one job (SubmitJob, API reference)."""

MAX_STEPS = 5_000
"""Steps of one workflow: this many are validated, stored and shown within seconds, also on SQLite."""


@dataclass(frozen=True)
class Edge:
    """A step to wait for: its index, and "" for a plain dependency or "N_TO_N" for array to array."""

    parent: int
    type: str


@dataclass(frozen=True)
class Step:
    """One SubmitJob call. Batch job ids and an array's own SEQUENTIAL stay in `document["dependsOn"]`."""

    index: int
    name: str
    document: Document
    after: tuple[Edge, ...]


@dataclass(frozen=True)
class Plan:
    """The steps in document order, and an order in which they can be submitted."""

    steps: tuple[Step, ...]
    order: tuple[int, ...]

    @cached_property
    def layers(self) -> tuple[tuple[int, ...], ...]:
        """Steps grouped by depth: those without dependencies first, then those that wait for them, and so on."""
        result: list[list[int]] = []
        for number in self.order:
            depth = self._depths[number]
            if depth == len(result):
                result.append([])
            result[depth].append(number)
        return tuple(tuple(sorted(layer)) for layer in result)

    @cached_property
    def longest_path(self) -> tuple[int, ...]:
        """One longest chain of dependent steps, first to last."""
        if not self.steps:
            return ()
        path = [max(self.order, key=lambda number: self._depths[number])]
        while parents := [edge.parent for edge in self.steps[path[-1]].after]:
            path.append(max(parents, key=lambda number: self._depths[number]))
        return tuple(reversed(path))

    @cached_property
    def _depths(self) -> dict[int, int]:
        depths: dict[int, int] = {}
        for number in self.order:
            depths[number] = max((depths[edge.parent] + 1 for edge in self.steps[number].after), default=0)
        return depths


def problems(
    document: Document,
    definitions: Mapping[str, Document] | None = None,
    queues: Mapping[str, QueueFacts] | None = None,
) -> list[Problem]:
    """Return every problem of a workflow: of each step as a submission, and of the dependencies.

    `definitions` and `queues` are keyed by what the steps say in jobDefinition and jobQueue; a step whose definition
    is missing is checked by itself. A workflow over the step limit gets only that problem.
    """
    if oversized := list(few_steps(document)):
        return oversized
    return list(problem_limit.first(_iter_problems(document, definitions or {}, queues or {})))


def _iter_problems(
    document: Document, definitions: Mapping[str, Document], queues: Mapping[str, QueueFacts]
) -> Iterator[Problem]:
    yield from botocore_schema.check(document, Kind.WORKFLOW)
    steps = _steps(document)
    for number, step in enumerate(steps):
        definition = definitions.get(text_at(step, "jobDefinition"))
        queue = queues.get(text_at(step, "jobQueue"))
        prefix = join("jobs", number)
        for problem in chain(
            job.own_rules(step), dependencies.types(step), job.in_its_place(step, definition, queue)
        ):
            yield problem.within(prefix)
    references = step_references.resolve(steps)
    yield from references.problems
    for check in RULES:
        yield from check(references)


def plan(document: Document) -> Plan:
    """Plan the steps of a workflow, or the single step of a submission, that has no errors.

    Raise ValueError if the dependencies have a cycle; other errors are not checked.
    """
    steps = _steps(document) if "jobs" in document else [document]
    references = step_references.resolve(steps)
    edges: list[dict[Edge, None]] = [{} for _ in steps]
    for reference in references.found:
        edges[reference.step][Edge(reference.parent, reference.type)] = None
    order = graph.order([[edge.parent for edge in after] for after in edges])
    if len(order) < len(steps):
        raise ValueError("Steps wait for each other in a circle.")
    resolved_entries = {(reference.step, reference.entry) for reference in references.found}
    workflow_steps = (
        Step(
            number,
            text_at(step, "jobName"),
            _without_references(number, step, resolved_entries),
            tuple(edges[number]),
        )
        for number, step in enumerate(steps)
    )
    return Plan(tuple(workflow_steps), tuple(order))


def _steps(document: Document) -> list[Document]:
    """Return the steps, with {} in place of what is no object (a schema error), so that indexes stay right."""
    return [step if is_object(step) else {} for step in list_at(document, "jobs")]


def _without_references(number: int, step: Document, resolved_entries: set[tuple[int, int]]) -> Document:
    """Return a step without its references.

    SEQUENTIAL beside a job id, which AWS does not define, becomes a plain dependency.
    """
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
def few_steps(document: Document) -> Iterator[Problem]:
    """A workflow has 5,000 jobs at most.

    Source: the portal.
    """
    count = len(list_at(document, "jobs"))
    if count > MAX_STEPS:
        message = (
            f"The workflow has {count:,} jobs; {MAX_STEPS:,} is the limit. Split it into several workflows, "
            "or make jobs that differ only in a number one array job."
        )
        yield Problem("/jobs", message)


@rule("workflow.same-name")
def names_are_unique(references: References) -> Iterator[Problem]:
    """Every step of a workflow has a jobName of its own, so that ${jobName} means one step.

    Source: the portal.
    """
    first: dict[str, int] = {}
    for number in range(len(references.steps)):
        name = references.name(number)
        if name and first.setdefault(name, number) != number:
            other = first[name]
            message = (
                f"Job {number + 1} has the same jobName as job {other + 1}, {quoted(name)}; "
                "in a workflow ${name} has to mean one job, so give it another."
            )
            yield Problem(join("jobs", number, "jobName"), message)


@rule("workflow.cycle")
def no_circles(references: References) -> Iterator[Problem]:
    """Steps that wait for each other in a circle never start.

    Source: “Job dependencies”, AWS Batch User Guide: a job starts when all that it waits for have succeeded.
    """
    parents = references.parents()
    entries = {(reference.step, reference.parent): reference for reference in reversed(references.found)}
    for group in graph.circles(parents):
        cycle = graph.circle_in(group, parents)
        names = [references.name(number) for number in cycle]
        if len(names) > 8:
            names = [*names[:4], f"… ({len(names) - 6} more) …", *names[-2:]]
        cycle_text = " → ".join([*names, names[0]])
        message = f"These steps wait for each other in a circle: {cycle_text}; take one dependency away."
        yield Problem(f"{entries[cycle[0], cycle[1 % len(cycle)]].pointer}/jobId", message)


@rule("workflow.too-many-parents")
def few_parents(references: References) -> Iterator[Problem]:
    """A job waits for 20 others at most; for more, jobs in between wait for 20 of them each.

    Source: SubmitJob, AWS Batch API reference: dependsOn.
    """
    for number, step in enumerate(references.steps):
        count = len(list_at(step, "dependsOn"))
        if count > MOST_PARENTS:
            between = jobs_between(count)
            message = (
                f"{quoted(references.name(number))} waits for {count} jobs; AWS Batch takes {MOST_PARENTS} at most: "
                f"let {between} job{'s' * (between > 1)} in between wait for up to {MOST_PARENTS} of them each, "
                "and this one for the jobs in between."
            )
            yield Problem(join("jobs", number, "dependsOn"), message)


def joins(count: int) -> list[range]:
    """Group dependencies beyond Batch's limit of 20 under intermediate jobs.

    Groups are consecutive; a group of one needs no intermediate job. More than 20 groups are grouped again.
    """
    groups = -(-count // MOST_PARENTS)
    return [range(start, min(start + MOST_PARENTS, count)) for start in range(0, groups * MOST_PARENTS, MOST_PARENTS)]


def jobs_between(count: int) -> int:
    """Return how many intermediate jobs this many dependencies need."""
    total = 0
    while count > MOST_PARENTS:
        groups = joins(count)
        total += sum(len(group) > 1 for group in groups)
        count = len(groups)
    return total


@rule("workflow.repeated-dependency", WARNING)
def said_once(references: References) -> Iterator[Problem]:
    """The same dependency twice says nothing new.

    Source: the portal.
    """
    edges: set[tuple[int, int, str]] = set()
    for reference in references.found:
        edge = (reference.step, reference.parent, reference.type)
        if edge in edges:
            message = f"{quoted(references.name(reference.parent))} is named twice in dependsOn; once is enough."
            fix = ({"op": "remove", "path": reference.pointer},)
            yield Problem(reference.pointer, message, fix=fix)
        edges.add(edge)


@rule("workflow.n-to-n-without-array")
def arrays_meet_arrays(references: References) -> Iterator[Problem]:
    """N_TO_N joins child to child, so the other job is an array too.

    Source: “Array jobs”, AWS Batch User Guide.
    """
    for reference, own, other in _n_to_n_dependencies(references):
        if own is not None and other is None:
            name = quoted(references.name(reference.parent))
            message = f"N_TO_N joins the children of two arrays, and {name} has no arrayProperties."
            here = f"{reference.pointer}/type"
            yield Problem(here, message, fix=({"op": "remove", "path": here},))


@rule("workflow.n-to-n-sizes")
def arrays_match(references: References) -> Iterator[Problem]:
    """N_TO_N joins arrays of equal size.

    Source: “Array jobs”, AWS Batch User Guide.
    """
    for reference, own, other in _n_to_n_dependencies(references):
        if own is not None and other is not None and own != other:
            names = [quoted(references.name(number)) for number in (reference.step, reference.parent)]
            message = (
                f"N_TO_N joins arrays of equal size; {names[0]} has {own:,} children and {names[1]} has {other:,}."
            )
            yield Problem(f"{reference.pointer}/type", message)


def _n_to_n_dependencies(references: References) -> Iterator[tuple[Reference, int | None, int | None]]:
    """Yield N_TO_N dependencies with the array sizes of the waiting job and of the other."""
    for reference in references.found:
        if reference.type == "N_TO_N":
            sizes = [array_size(references.steps[number]) for number in (reference.step, reference.parent)]
            yield reference, sizes[0], sizes[1]


RULES: tuple[Callable[[References], Iterator[Problem]], ...] = (
    names_are_unique,
    no_circles,
    few_parents,
    said_once,
    arrays_meet_arrays,
    arrays_match,
)
