"""Rules of containers that wait for each other."""

from collections.abc import Iterator
from typing import NamedTuple

from jobs.spec import graph
from jobs.spec.containers import TaskEntry, positions_by_name, tasks
from jobs.spec.documents import Document, is_object, list_at, text_at
from jobs.spec.problems import Fix, Problem, join_pointer, join_words, quote
from jobs.spec.rules.registry import WARNING, rule
from jobs.spec.suggestions import SuggestionBudget

DEPENDENCY_CONDITIONS = ("START", "COMPLETE", "SUCCESS")
"""TaskContainerDependency, AWS Batch API reference."""

_CONDITIONS_OF_AN_END = ("COMPLETE", "SUCCESS")


class _Dependency(NamedTuple):
    container: int  # position in the task
    pointer: str
    value: Document


@rule("ecs.dependency-container")
def dependencies_name_containers(document: Document) -> Iterator[Problem]:
    """A container waits for another container of its task, by name.

    Source: TaskContainerDependency, AWS Batch API reference.
    """
    suggestions = SuggestionBudget()
    for task in _ecs_tasks(document):
        positions = _positions(task)
        for dependency in _dependencies(task):
            name = text_at(dependency.value, "containerName")
            if name in positions:
                continue
            here = (
                f"{dependency.pointer}/containerName" if "containerName" in dependency.value else dependency.pointer
            )
            if not name:
                yield Problem(here, "This dependency names no container; set containerName.")
                continue
            suggestion = suggestions.nearest(name, positions)
            hint = (
                f"did you mean {quote(suggestion)}?"
                if suggestion
                else f"it has {join_words(positions)}."
                if positions
                else "its containers have no names."
            )
            fix = ({"op": "replace", "path": here, "value": suggestion},) if suggestion else ()
            yield Problem(here, f"The task has no container {quote(name)}; {hint}", fix=fix)


@rule("ecs.dependency-condition")
def dependency_conditions_are_known(document: Document) -> Iterator[Problem]:
    """A container waits for the START, COMPLETE or SUCCESS of another.

    Source: TaskContainerDependency, AWS Batch API reference.
    """
    for task in _ecs_tasks(document):
        for dependency in _dependencies(task):
            condition = dependency.value.get("condition")
            if not isinstance(condition, str) or condition in DEPENDENCY_CONDITIONS:
                continue
            here = f"{dependency.pointer}/condition"
            names = join_words(DEPENDENCY_CONDITIONS, conjunction="or")
            suggestion = condition.upper() if condition.upper() in DEPENDENCY_CONDITIONS else ""
            fix = ({"op": "replace", "path": here, "value": suggestion},) if suggestion else ()
            yield Problem(here, f"condition must be {names}; found {quote(condition)}.", fix=fix)


@rule("ecs.dependency-no-condition", WARNING)
def dependencies_have_conditions(document: Document) -> Iterator[Problem]:
    """A container that waits for another says for what: its START, COMPLETE or SUCCESS.

    Source: ContainerDependency, Amazon ECS API reference: condition is required.
    """
    for task in _ecs_tasks(document):
        for dependency in _dependencies(task):
            if "condition" not in dependency.value:
                names = join_words(DEPENDENCY_CONDITIONS, conjunction="or")
                yield Problem(dependency.pointer, f"This dependency has no condition; add {names}.")


@rule("ecs.dependency-essential")
def ends_are_of_nonessential_containers(document: Document) -> Iterator[Problem]:
    """A container can't wait for the end (COMPLETE or SUCCESS) of an essential container, with which the job ends.

    Source: TaskContainerDependency, AWS Batch API reference: “This condition can't be set on an essential container.”
    """
    for task in _ecs_tasks(document):
        positions = _positions(task)
        for dependency in _dependencies(task):
            name, condition = text_at(dependency.value, "containerName"), text_at(dependency.value, "condition")
            position = positions.get(name)
            if condition.upper() not in _CONDITIONS_OF_AN_END or position is None:
                continue
            if _is_essential(task.containers[position].value):
                message = (
                    f"{quote(name)} is essential, so nothing can wait for its {condition}; "
                    f'set "essential": false in {quote(name)}, or wait for its START.'
                )
                yield Problem(f"{dependency.pointer}/condition", message, fix=_nonessential_fix(task, position))


@rule("ecs.dependency-cycle")
def containers_wait_in_no_circle(document: Document) -> Iterator[Problem]:
    """Containers that wait for each other in a circle never start.

    Source: TaskContainerDependency, AWS Batch API reference.
    """
    for task in _ecs_tasks(document):
        positions = _positions(task)
        parents: list[list[int]] = [[] for _ in task.containers]
        pointers: dict[tuple[int, int], str] = {}
        for dependency in _dependencies(task):
            parent = positions.get(text_at(dependency.value, "containerName"))
            if parent is not None:
                parents[dependency.container].append(parent)
                pointers.setdefault((dependency.container, parent), dependency.pointer)
        for group in graph.find_cycles(parents):
            cycle = graph.cycle_in_group(group, parents)
            names = [text_at(task.containers[number].value, "name") for number in cycle]
            message = (
                f"These containers wait for each other in a circle: {' → '.join(map(quote, [*names, names[0]]))}."
            )
            here = pointers[cycle[0], cycle[1 % len(cycle)]]
            yield Problem(f"{here}/containerName", f"{message} Remove one dependency.")


RULES = (
    dependencies_name_containers,
    dependency_conditions_are_known,
    dependencies_have_conditions,
    ends_are_of_nonessential_containers,
    containers_wait_in_no_circle,
)


def _ecs_tasks(document: Document) -> Iterator[TaskEntry]:
    return (task for task in tasks(document) if task.type == "ecs")


def _positions(task: TaskEntry) -> dict[str, int]:
    return positions_by_name([container.value for container in task.containers])


def _dependencies(task: TaskEntry) -> Iterator[_Dependency]:
    for position, container in enumerate(task.containers):
        for number, entry in enumerate(list_at(container.value, "dependsOn")):
            if is_object(entry):
                yield _Dependency(position, join_pointer(*container.path, "dependsOn", number), entry)


def _is_essential(container: Document) -> bool:
    return container.get("essential", True) is True


def _nonessential_fix(task: TaskEntry, position: int) -> Fix:
    others = [other for number, other in enumerate(task.containers) if number != position]
    if not any(_is_essential(other.value) for other in others):
        return ()
    here = join_pointer(*task.containers[position].path, "essential")
    return ({"op": "add", "path": here, "value": False},)
