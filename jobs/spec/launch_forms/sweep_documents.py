"""Documents of a form with several values: a workflow of all its jobs, or one array job."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy

from jobs.spec import step_references
from jobs.spec.documents import Document, DocumentKind, Path, is_object, list_at, object_at, text_at
from jobs.spec.index_rerun import IndexRerunPlan
from jobs.spec.launch_forms.fields import LaunchField
from jobs.spec.problems import Problem, join_pointer
from jobs.spec.sweep import MAX_NAME_LENGTH, VALUES_VARIABLE, SweepTable, check_table, sweep_document
from jobs.spec.template_parameters import REFERENCE, iter_references

RULE = "form.sweep"
_ENVIRONMENT = ("containerOverrides", "environment")
_SEPARATORS = re.compile(r"([-_.])[-_.]+")


def suffix_of(index: int, count: int) -> str:
    return f"-{index:0{len(str(count - 1))}}"


def with_suffix(document: Document, suffix: str) -> Document:
    """Return a job with the suffix at its name, or a workflow with it at the names of its steps."""
    if "jobs" not in document:
        return {**document, "jobName": _suffixed(text_at(document, "jobName"), suffix)}
    result: Document = deepcopy(document)
    steps = list_at(result, "jobs")
    edges = step_references.resolve_references([step if is_object(step) else {} for step in steps]).edges
    names = {text_at(step, "jobName"): _suffixed(text_at(step, "jobName"), suffix) for step in steps}
    for edge in edges:
        parent = names[text_at(steps[edge.parent], "jobName")]
        steps[edge.step]["dependsOn"][edge.entry]["jobId"] = f"${{{parent}}}"
    for condition in filter(is_object, list_at(result, "conditions")):
        condition.update({key: names.get(text_at(condition, key), condition[key]) for key in _ends(condition)})
    for step in filter(is_object, steps):
        if "jobName" in step:
            step["jobName"] = names[text_at(step, "jobName")]
    return result


def _ends(condition: Document) -> list[str]:
    return [key for key in ("job", "after") if key in condition]


def _suffixed(name: str, suffix: str) -> str:
    return f"{name[: MAX_NAME_LENGTH - len(suffix)]}{suffix}" if name else name


def join_runs(runs: Sequence[Document], name: str) -> Document:
    """Return one workflow of jobs or workflows, which don't wait for each other."""
    steps = [step for run in runs for step in (list_at(run, "jobs") if "jobs" in run else [run])]
    conditions = [condition for run in runs for condition in list_at(run, "conditions")]
    workflow = {"name": name, "jobs": steps} if name else {"jobs": steps}
    return {**workflow, "conditions": conditions} if conditions else workflow


def common_name(source: Document, kind: DocumentKind, texts: Mapping[str, str], swept: Collection[str]) -> str:
    """Return the name of the job or workflow without the values that its jobs differ by. It may be empty."""
    name = text_at(source, "name" if kind is DocumentKind.WORKFLOW else "jobName")
    text = REFERENCE.sub(lambda match: "" if match[1] in swept else texts.get(match[1], match[0]), name)
    return _SEPARATORS.sub(r"\1", text).strip("-_.")[:MAX_NAME_LENGTH]


def check_array(
    source: Document, fields: Iterable[LaunchField], varying: Collection[str], secrets: Collection[str]
) -> Iterator[Problem]:
    """Yield a problem at each field that can't differ among the child jobs of an array: they share all but values."""
    titles = {field.name: field.title for field in fields}
    references = [(path, REFERENCE.findall(text)) for path, text in iter_references(source, ())]
    in_variables = {name for path, names in references if _variable(source, path) for name in names}
    for path, names in references:
        shared = set(varying) - in_variables if path == ("jobName",) else set(varying)
        if not _variable(source, path):
            place = f"sets {join_pointer(*path)}, which is the same in all child jobs of an array"
            yield from (_single_problem(name, titles, place) for name in names if name in shared)
        if set(varying).isdisjoint(names):
            continue
        yield from (_single_problem(name, titles, "is a secret") for name in names if name in secrets)


def varying_variables(source: Document, varying: Collection[str]) -> list[str]:
    """Return the names of the environment variables that differ, in document order."""
    variables = {
        _variable(source, path): None
        for path, text in iter_references(source, ())
        if _variable(source, path) and not set(varying).isdisjoint(REFERENCE.findall(text))
    }
    return list(variables)


def missing_problem(source: Document, variable: str, index: int, titles: Mapping[str, str]) -> Problem:
    """Return the problem of a variable that a job doesn't have, as its value is empty."""
    references = (
        name
        for path, text in iter_references(source, ())
        if _variable(source, path) == variable
        for name in REFERENCE.findall(text)
    )
    name = next(references, "")
    message = f"Job {index}: {titles.get(name, variable)} is empty. A child job of an array needs a value for it."
    return _problem(name, message)


def array_of_runs(
    first: Document, name: str, table: SweepTable, definition: Document, plan: IndexRerunPlan
) -> Document:
    """Return the array: the first job without what differs, and the table in one variable. Raise SweepError."""
    check_table(table)
    job = without_variables({**first, "jobName": name or text_at(first, "jobName")}, table.names)
    return sweep_document(job, definition, table, plan)


def without_variables(job: Document, names: Collection[str]) -> Document:
    overrides = dict(object_at(job, "containerOverrides"))
    overrides["environment"] = [entry for entry in list_at(job, *_ENVIRONMENT) if text_at(entry, "name") not in names]
    return {**job, "containerOverrides": overrides}


def array_source(source: Document, variables: Collection[str]) -> Document:
    """Return the document with references in the order of the array, so that its problems find their fields."""
    job = without_variables(source, variables)
    references = [
        text_at(entry, "value") for entry in list_at(source, *_ENVIRONMENT) if text_at(entry, "name") in variables
    ]
    job["containerOverrides"]["environment"].append({"name": VALUES_VARIABLE, "value": " ".join(references)})
    return job


def variables_of(job: Document) -> dict[str, str]:
    return {text_at(entry, "name"): text_at(entry, "value") for entry in list_at(job, *_ENVIRONMENT)}


def _variable(source: Document, path: Path) -> str:
    is_value = path[:2] == _ENVIRONMENT and len(path) == 4 and path[3] == "value"
    return text_at(source, *path[:3], "name") if is_value else ""


def _single_problem(name: str, titles: Mapping[str, str], reason: str) -> Problem:
    return _problem(name, f"{titles.get(name, name)} {reason}. Enter one value, or run single jobs.")


def _problem(name: str, message: str) -> Problem:
    return Problem(join_pointer("values", name) if name else "/values", message, rule=RULE)
