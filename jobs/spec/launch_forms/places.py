"""Places of a job or a workflow that a form can ask for, and the form that a choice of them makes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from jobs.spec.documents import Document, DocumentKind, Path, is_object, list_at, object_at, text_at, value_at
from jobs.spec.launch_forms.fields import FieldMode, FormSection, LaunchField, LaunchFieldType
from jobs.spec.problems import join_pointer
from jobs.spec.redaction import redact
from jobs.spec.template_parameters import NUMBER, iter_references, plain_text

MAX_PLACES = 200
MAX_SUGGESTED_CHOICES = 8
"""More different values are no choice."""
_OPTION = re.compile(r"(--?([A-Za-z0-9_.-]+)=)(.*)", re.DOTALL)
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]+")
_RESOURCES = {"VCPU": ("vCPU", "vcpu"), "MEMORY": ("Memory in MiB", "memory"), "GPU": ("GPU", "gpu")}
_PLAIN_PLACES: tuple[tuple[Path, str, str], ...] = (
    (("jobName",), "Job name", "name"),
    (("jobQueue",), "Queue", "queue"),
    (("jobDefinition",), "Definition", "definition"),
    (("arrayProperties", "size"), "Array size", "array-size"),
    (("timeout", "attemptDurationSeconds"), "Time limit in seconds", "time-limit"),
    (("retryStrategy", "attempts"), "Attempts", "attempts"),
)


@dataclass(frozen=True)
class FormPlace:
    """A value of the document that a field can stand for."""

    path: Path
    title: str
    name: str
    """Of the field, unless the person chooses another."""
    value: str
    is_number: bool = False
    label: str = ""
    """Of the field, unless the person chooses another."""
    is_fixed: bool = False
    """Whether a form rarely asks for it: name, queue and definition."""
    prefix: str = ""
    """What stands before the value: of the argument `--epochs=3`, the option."""

    @property
    def pointer(self) -> str:
        return join_pointer(*self.path)


@dataclass(frozen=True)
class PlaceChoice:
    """What a person wants at a place."""

    place: FormPlace
    field: LaunchField


def list_places(document: Document, kind: DocumentKind) -> list[FormPlace]:
    """Return the places in document order, without secrets and values that have a parameter."""
    places: list[FormPlace] = []
    if kind is DocumentKind.WORKFLOW:
        for number, step in enumerate(list_at(document, "jobs")):
            if is_object(step):
                step_name = text_at(step, "jobName")
                places += [
                    replace(
                        place,
                        path=("jobs", number, *place.path),
                        title=f"{step_name}: {place.title}",
                        name=f"{step_name}-{place.name}",
                        label=f"{step_name}: {place.label}",
                    )
                    for place in _job_places(step)
                ]
    else:
        places = list(_job_places(document))
    return _with_unique_names(places[:MAX_PLACES])


def _job_places(job: Document) -> Iterator[FormPlace]:
    redacted = redact(job)
    for path, plain_title, plain_name in _all_places(job):
        title, name, prefix = plain_title, plain_name, ""
        value = value_at(job, *path)
        text = plain_text(value)
        if text is None or value_at(redacted, *path) != value or any(iter_references(value, path)):
            continue
        if path[1:2] == ("command",):
            if text.startswith("Ref::"):
                continue
            if option := _OPTION.fullmatch(text):
                prefix, name, text = option.groups()
                title = f"Option {prefix.rstrip('=')}"
        is_size = len(path) > 1 and path[1] == "resourceRequirements"
        is_number = (is_size or isinstance(value, int)) and NUMBER.fullmatch(text) is not None
        is_fixed = path[0] in ("jobName", "jobQueue", "jobDefinition")
        label = _label(path, title, name)
        yield FormPlace(path, title, name, text, is_number, label, is_fixed, prefix)


def _label(path: Path, title: str, name: str) -> str:
    """Return the words of a variable's or parameter's own name; the title of other places."""
    is_option = title.startswith("Option ")
    if (path[0] not in ("parameters", "tags") and path[-1] != "value" and not is_option) or path[1:2] == (
        "resourceRequirements",
    ):
        return title
    label = " ".join(_NOT_IN_NAME.sub(" ", name.removeprefix("tag-")).replace("_", " ").split())
    return label[:1].upper() + label[1:] or title


def _all_places(job: Document) -> Iterator[tuple[Path, str, str]]:
    yield from _PLAIN_PLACES
    for name in object_at(job, "parameters"):
        yield ("parameters", name), f"Parameter {name}", name
    overrides = ("containerOverrides",)
    for number in range(1, len(list_at(job, *overrides, "command"))):
        yield (*overrides, "command", number), f"Command argument {number}", f"argument-{number}"
    for number, variable in enumerate(list_at(job, *overrides, "environment")):
        name = text_at(variable, "name")
        yield (*overrides, "environment", number, "value"), f"Environment variable {name}", name.lower()
    for number, requirement in enumerate(list_at(job, *overrides, "resourceRequirements")):
        title, name = _RESOURCES.get(text_at(requirement, "type"), ("", ""))
        if title:
            yield (*overrides, "resourceRequirements", number, "value"), title, name
    for key in object_at(job, "tags"):
        yield ("tags", key), f"Tag {key}", f"tag-{key}"


def place_titles(job: Document) -> dict[str, Path]:
    """Return where a job sets parameters, environment variables and resources, by their titles."""
    groups = ("parameters", "environment", "resourceRequirements")
    return {
        title: path
        for path, title, _ in _all_places(job)
        if (path[1] if path[0] == "containerOverrides" else path[0]) in groups
    }


def _with_unique_names(places: Iterable[FormPlace]) -> list[FormPlace]:
    result: list[FormPlace] = []
    names: set[str] = set()
    for place in places:
        name = _NOT_IN_NAME.sub("-", place.name).strip("-_")[:60]
        name = name if name[:1].isalpha() and name.isascii() else f"value-{name}".rstrip("-")
        unique, number = name, 2
        while unique in names:
            unique, number = f"{name}-{number}", number + 1
        names.add(unique)
        result.append(replace(place, name=unique))
    return result


def different_values(places: Sequence[FormPlace], jobs: Iterable[Document]) -> dict[str, list[str]]:
    """Return by pointer the values of earlier jobs, of those places whose values were not always the same.

    A place is the same one by its title: variables and resources can have another position.
    """
    values: dict[str, dict[str, None]] = {place.title: {place.value: None} for place in places}
    for job in jobs:
        for place in _job_places(job):
            if place.title in values:
                values[place.title][place.value] = None
    return {place.pointer: list(values[place.title]) for place in places if len(values[place.title]) > 1}


def suggested_field(place: FormPlace, values: Sequence[str]) -> LaunchField:
    """Return the field for a place. `values`: those of earlier jobs, if they differ."""
    field = LaunchField(place.name, place.label, default=place.value)
    if place.is_number:
        return replace(field, type=LaunchFieldType.NUMBER)
    is_choice = 1 < len(values) <= MAX_SUGGESTED_CHOICES and all(values)
    return replace(field, type=LaunchFieldType.CHOICE, choices=tuple(sorted(values))) if is_choice else field


def design_form(document: Document, choices: Sequence[PlaceChoice]) -> tuple[Document, tuple[FormSection, ...]]:
    """Return the document with fields at the chosen places, and their sections: first what is asked for."""
    result: Document = deepcopy(document)
    for choice in choices:
        owner: Any = value_at(result, *choice.place.path[:-1])
        owner[choice.place.path[-1]] = f"{choice.place.prefix}${{param.{choice.field.name}}}"
    fields = tuple(choice.field for choice in choices if not choice.field.is_locked)
    locked = tuple(choice.field for choice in choices if choice.field.is_locked)
    titles = (("", fields), ("Set for you", locked))
    return result, tuple(FormSection(title, fields) for title, fields in titles if fields)


def locked_field(field: LaunchField) -> LaunchField:
    return replace(field, mode=FieldMode.LOCKED)
