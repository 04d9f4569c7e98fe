"""The revisions of definitions that a form names, and what another revision takes away from it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.spec.documents import Document, Path, is_object, list_at, object_at, text_at
from jobs.spec.launch_forms.designer import job_with_definition
from jobs.spec.launch_forms.places import place_titles
from jobs.spec.problems import Problem, Severity, join_pointer
from jobs.spec.template_parameters import iter_references

RULE = "form.revision"


def named_definitions(document: Document) -> list[str]:
    """Return what the jobs of a form name as their definition, each once, without names that the form asks for."""
    names = dict.fromkeys(text_at(job, "jobDefinition") for _, job in _jobs(document))
    return [name for name in names if name and not any(iter_references(name, ()))]


def with_number(name: str, number: int) -> str:
    """Return a definition's name or ARN with this revision, instead of the one that it has."""
    prefix, colon, former = name.rpartition(":")
    return f"{prefix if colon and former.isdecimal() else name}:{number}"


def with_definitions(document: Document, names: Mapping[str, str]) -> Document:
    """Return the document with other definitions, by what it names now."""
    if "jobs" in document:
        return {**document, "jobs": [_renamed(job, names) for job in list_at(document, "jobs")]}
    renamed: Document = _renamed(document, names)
    return renamed


def lost_places(document: Document, before: Mapping[str, Document], after: Mapping[str, Document]) -> list[Problem]:
    """Return a warning for each thing that the form sets and only the earlier definition has.

    `before` and `after`: definitions by the names in the document.
    """
    problems = []
    for path, job in _jobs(document):
        name = text_at(job, "jobDefinition")
        if name in before and name in after:
            problems += [
                Problem(join_pointer(*path, *place), message, Severity.WARNING, RULE)
                for place, message in _lost_places_of_job(job, before[name], after[name])
            ]
    return problems


def new_problems(
    before: Sequence[Problem], after: Sequence[Problem], places: Sequence[Problem]
) -> tuple[Problem, ...]:
    """Return errors, and the warnings that weren't there before; of `places`, those that no problem is about."""
    earlier = {(problem.rule, problem.pointer, problem.message) for problem in before}
    problems = [
        problem
        for problem in after
        if problem.severity is Severity.ERROR or (problem.rule, problem.pointer, problem.message) not in earlier
    ]
    pointers = {problem.pointer for problem in problems}
    return (*problems, *(problem for problem in places if problem.pointer not in pointers))


def _jobs(document: Document) -> Iterator[tuple[Path, Document]]:
    if "jobs" not in document:
        yield (), document
    for number, job in enumerate(list_at(document, "jobs")):
        if is_object(job):
            yield ("jobs", number), job


def _renamed(job: Any, names: Mapping[str, str]) -> Any:
    name = text_at(job, "jobDefinition") if is_object(job) else ""
    return {**job, "jobDefinition": names[name]} if name in names else job


def _lost_places_of_job(job: Document, before: Document, after: Document) -> Iterator[tuple[Path, str]]:
    command = list_at(job, "containerOverrides", "command")
    # With the job's own command, whose Ref:: parameters don't depend on the definition.
    own: Document = {"containerOverrides": {"command": command}}
    earlier, later = (place_titles(job_with_definition(own, definition)) for definition in (before, after))
    for title, path in place_titles(job).items():
        if title in earlier and title not in later:
            yield path, f"{title} is no longer in the definition, but the form sets it."
    commands = [list_at(object_at(definition, "containerProperties"), "command") for definition in (before, after)]
    if command and commands[0] != commands[1]:
        path = ("containerOverrides", "command")
        yield path, "The command of the definition has changed, but the form sends its own. Compare both."
