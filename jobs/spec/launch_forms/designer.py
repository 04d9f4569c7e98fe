"""Changes to the file of a form: what is asked for, what stays fixed, and in which order."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from jobs.spec.documents import Document, DocumentKind, Path, is_object, list_at, object_at, text_at, value_at
from jobs.spec.launch_forms.fields import LaunchField, LaunchFieldType, fields_of, parse_sections
from jobs.spec.launch_forms.filling import without_places
from jobs.spec.launch_forms.named_places import NamedPlaceError, named_place
from jobs.spec.launch_forms.places import FormPlace, list_places, suggested_field
from jobs.spec.problems import join_pointer
from jobs.spec.substitution import fill
from jobs.spec.template_parameters import NAME, Parameter, ParameterValue

_REF = re.compile(r"Ref::([A-Za-z0-9_-]+)")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_KEYS = {"environment": "name", "resourceRequirements": "type"}
"""What names an entry of a list."""
_DEFAULT_ARRAY_SIZE = 2
_DEFAULT_TIME_LIMIT = 3600


class DesignError(Exception):
    """The place can't be asked for."""


def kind_of(document: Document) -> DocumentKind:
    return DocumentKind.WORKFLOW if "jobs" in document else DocumentKind.SUBMISSION


def document_of_definition(definition: Document, name: str, queue: str) -> Document:
    """Return a job of the definition that changes nothing of it."""
    return {"jobName": text_at(definition, "jobDefinitionName") or name, "jobQueue": queue, "jobDefinition": name}


def possible_places(document: Document, definitions: Mapping[str, Document]) -> list[FormPlace]:
    """Return places of the document, and of the definitions by their names in it, that no field stands for yet."""
    return list_places(_with_definitions(document, definitions), kind_of(document))


def ask_for(file: Document, pointer: str, definitions: Mapping[str, Document]) -> tuple[Document, str]:
    """Return the file with a field for a place, and the field's name. Raise DesignError.

    `pointer`: of a listed place, or of any other value that AWS Batch takes, which the document may not have yet.
    """
    document = object_at(file, "document")
    full = _with_definitions(document, definitions)
    place, place_field = _place_at(full, pointer)
    names = {text_at(field, "name") for section in list_at(file, "sections") for field in list_at(section, "fields")}
    name = next(name for name in _names(place.name) if name not in names)
    result: Document = deepcopy(file)
    _set(result["document"], full, place.path, f"{place.prefix}${{param.{name}}}")
    entry = {**place_field.as_json(), "name": name}
    sections = result.setdefault("sections", [])
    if not sections:
        sections.append({"title": "", "fields": []})
    sections[-1].setdefault("fields", []).append(entry)
    return result, name


def ask_for_variable(file: Document, variable: str, definitions: Mapping[str, Document]) -> tuple[Document, str]:
    """Return the file with a field for an environment variable, also for one that the job doesn't have yet.

    Raise DesignError.
    """
    if not _VARIABLE.fullmatch(variable):
        raise DesignError("A name of an environment variable has letters, digits and underscores, such as QUARTER.")
    document = object_at(file, "document")
    if kind_of(document) is DocumentKind.WORKFLOW:
        raise DesignError("Choose a variable of a step in the list, or add it to the step in the JSON.")
    path = ("containerOverrides", "environment")
    if variable not in _names_at(_with_definitions(document, definitions), path):
        document = deepcopy(document)
        overrides = document.setdefault(path[0], {})
        variables = overrides.setdefault(path[1], []) if is_object(overrides) else None
        if not isinstance(variables, list):
            raise DesignError("The job's containerOverrides have no list of environment variables. Correct the JSON.")
        variables.append({"name": variable, "value": ""})
    full = _with_definitions(document, definitions)
    pointer = join_pointer(*path, _names_at(full, path).index(variable), "value")
    if all(place.pointer != pointer for place in list_places(full, DocumentKind.SUBMISSION)):
        raise DesignError(f"The form can't ask for {variable}: it is a secret, or a field stands for it already.")
    return ask_for({**file, "document": document}, pointer, definitions)


def _names_at(document: Document, path: Path) -> list[str]:
    return [text_at(entry, "name") for entry in list_at(document, *path)]


def keep_fixed(file: Document, name: str) -> Document:
    """Return the file without a field. Its default stands at its places; without one, they are left out."""
    fields = {field.name: field for field in fields_of(parse_sections(file.get("sections")))}
    result: Document = deepcopy(file)
    for section in list_at(result, "sections"):
        section["fields"] = [entry for entry in list_at(section, "fields") if text_at(entry, "name") != name]
    field = fields.get(name)
    if field is None:
        return result
    document = object_at(result, "document")
    if not field.default:
        result["document"] = without_places(document, {name})
        return result
    others = {other: ParameterValue(f"${{param.{other}}}") for other in fields if other != name}
    values = {**others, name: ParameterValue(field.default, field.is_number)}
    result["document"], _ = fill(document, values, kind_of(document))
    return result


def move_field(file: Document, name: str, step: int) -> Document:
    """Return the file with a field one place further up (-1) or down (1), also into the next section."""
    result: Document = deepcopy(file)
    sections = list_at(result, "sections")
    for number, section in enumerate(sections):
        entries = list_at(section, "fields")
        place = next((index for index, entry in enumerate(entries) if text_at(entry, "name") == name), None)
        if place is None:
            continue
        if 0 <= place + step < len(entries):
            entries.insert(place + step, entries.pop(place))
        elif 0 <= number + step < len(sections):
            target = sections[number + step].setdefault("fields", [])
            target.insert(len(target) if step < 0 else 0, entries.pop(place))
        break
    return result


def move_section(file: Document, number: int, step: int) -> Document:
    """Return the file with a section one place further up (-1) or down (1)."""
    sections = [*list_at(file, "sections")]
    if number >= len(sections) or not 0 <= number + step < len(sections):
        return file
    sections.insert(number + step, sections.pop(number))
    return {**file, "sections": sections}


def remove_empty_section(file: Document, number: int) -> Document:
    """Return the file without a section; one with fields stays."""
    sections = list_at(file, "sections")
    others = [section for index, section in enumerate(sections) if index != number or list_at(section, "fields")]
    return {**file, "sections": others}


def sections_of_parameters(parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    """Return the sections of a form that asks what a workflow template asks."""
    fields = [
        LaunchField(
            parameter.name,
            parameter.label,
            parameter.help,
            LaunchFieldType(parameter.type.value),
            required=parameter.required,
            default=parameter.default,
            choices=parameter.choices,
        ).as_json()
        for parameter in parameters
    ]
    return [{"title": "", "fields": fields}] if fields else []


def _names(name: str) -> Iterator[str]:
    base = name if NAME.fullmatch(name) else "value"
    yield base
    number = 2
    while True:
        yield f"{base[:60]}-{number}"
        number += 1


def _place_at(document: Document, pointer: str) -> tuple[FormPlace, LaunchField]:
    kind = kind_of(document)
    place = next((place for place in list_places(document, kind) if place.pointer == pointer), None)
    if place is None:
        try:
            return named_place(document, kind, pointer)
        except NamedPlaceError as error:
            raise DesignError(str(error)) from None
    if place.path[-1] == "size" and "arrayProperties" in place.path:
        return place, LaunchField(place.name, place.label, type=LaunchFieldType.NUMBER, default=place.value)
    return place, suggested_field(place, ())


def _with_definitions(document: Document, definitions: Mapping[str, Document]) -> Document:
    if kind_of(document) is DocumentKind.SUBMISSION:
        return job_with_definition(document, definitions.get(text_at(document, "jobDefinition"), {}))
    steps = [
        job_with_definition(step, definitions.get(text_at(step, "jobDefinition"), {})) if is_object(step) else step
        for step in list_at(document, "jobs")
    ]
    return {**document, "jobs": steps}


def job_with_definition(job: Document, definition: Document) -> Document:
    """Return a job that says what it takes from its definition."""
    container = object_at(definition, "containerProperties")
    overrides = object_at(job, "containerOverrides")
    command = list_at(overrides, "command") or list_at(container, "command")
    references = {name: "" for argument in command for name in _REF.findall(str(argument))}
    result: Document = {
        **job,
        "arrayProperties": {"size": _DEFAULT_ARRAY_SIZE, **object_at(job, "arrayProperties")},
        "parameters": {**references, **object_at(definition, "parameters"), **object_at(job, "parameters")},
        "timeout": {
            "attemptDurationSeconds": _DEFAULT_TIME_LIMIT,
            **object_at(definition, "timeout"),
            **object_at(job, "timeout"),
        },
        "retryStrategy": {"attempts": 1, **object_at(definition, "retryStrategy"), **object_at(job, "retryStrategy")},
        "tags": {**object_at(definition, "tags"), **object_at(job, "tags")},
        "containerOverrides": {
            **overrides,
            "command": command,
            **{key: _merged(overrides, container, key) for key in _KEYS},
        },
    }
    return result


def _merged(overrides: Document, container: Document, key: str) -> list[Any]:
    """Return the entries of the job, then those of the definition that it doesn't override."""
    own = list_at(overrides, key)
    names = {text_at(entry, _KEYS[key]) for entry in own}
    return [*own, *(entry for entry in list_at(container, key) if text_at(entry, _KEYS[key]) not in names)]


def _set(document: Any, full: Document, path: Path, text: str) -> None:
    """Set a value at a path of `full`, with what leads to it. Raise DesignError if it has another shape."""
    owner: Any = document
    for depth, key in enumerate(path[:-1]):
        following = path[depth + 1]
        source = value_at(full, *path[: depth + 1])
        if isinstance(key, int) and depth and path[depth - 1] in _KEYS and isinstance(owner, list):
            owner = _entry(owner, source, _KEYS[str(path[depth - 1])])
            continue
        _require_place(owner, key, path)
        if isinstance(key, int):
            owner = owner[key]
        elif isinstance(following, int) and key not in _KEYS:
            owner = owner.setdefault(key, deepcopy(source))
        else:
            owner = owner.setdefault(key, [] if isinstance(following, int) else {})
    _require_place(owner, path[-1], path)
    owner[path[-1]] = text


def _require_place(owner: object, key: str | int, path: Path) -> None:
    fits = isinstance(owner, list) and key < len(owner) if isinstance(key, int) else is_object(owner)
    if not fits:
        raise DesignError(f"The document has another shape than a job at {join_pointer(*path)}. Correct the JSON.")


def _entry(entries: list[Any], source: Any, name: str) -> Any:
    """Return the entry of a list that is the same as the one of the full document, by its name."""
    entry = next((entry for entry in entries if text_at(entry, name) == text_at(source, name)), None)
    if entry is None:
        entry = deepcopy(source)
        entries.append(entry)
    return entry
