"""A workflow template as a JSON file: what it exports, imports, and the API takes."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from jobs.spec.documents import Document, is_object, object_at, text_at
from jobs.spec.problems import Problem
from jobs.spec.schema import validator
from jobs.spec.template_parameters import (
    MAX_HELP_LENGTH,
    MAX_LABEL_LENGTH,
    Parameter,
    ParameterType,
    parse_parameters,
)

MAX_NAME_LENGTH = 128
MAX_TEXT_LENGTH = 300
"""Of a description, and of the reason for a version."""


@dataclass(frozen=True)
class TemplateContent:
    """What a person saves. The text is a workflow in any format that the portal reads."""

    name: str
    text: str
    parameters: tuple[Parameter, ...] = ()
    description: str = ""
    note: str = ""


def template_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    parameter = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {
                "type": "string",
                "description": "The document refers to it as ${param.name}. Letters, digits, - and _.",
            },
            "label": {"type": "string", "maxLength": MAX_LABEL_LENGTH, "description": "Shown instead of the name."},
            "help": {"type": "string", "maxLength": MAX_HELP_LENGTH, "description": "Shown below the field."},
            "type": {"type": "string", "enum": [kind.value for kind in ParameterType]},
            "default": {"description": "A string, a number, true or false. Null: no default."},
            "required": {"type": "boolean", "description": "False: a text can be empty. True if missing."},
            "choices": {"type": "array", "items": {"type": "string"}, "description": "The values of a choice."},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Workflow template",
        "description": "A workflow with parameters, as the portal exports and imports it.",
        "type": "object",
        "additionalProperties": False,
        "required": ["document"],
        "properties": {
            "$schema": {"type": "string", "description": "The address of this schema."},
            "name": {"type": "string", "maxLength": MAX_NAME_LENGTH},
            "description": {"type": "string", "maxLength": MAX_TEXT_LENGTH},
            "note": {"type": "string", "maxLength": MAX_TEXT_LENGTH, "description": "Why this version was made."},
            "version": {"type": "integer", "description": "The number it had where it was exported; not imported."},
            "parameters": {"type": "array", "items": parameter},
            "document": {
                "type": "object",
                "description": "The workflow: a document with jobs, see the schema of workflows, with ${param.name} "
                "in its strings.",
            },
        },
    }


def check_template_file(value: object) -> list[Problem]:
    """Return what is wrong with the shape of a file, at its places."""
    return [
        replace(problem, message=problem.message.replace("a key that AWS Batch knows here", "a field of a template"))
        for problem in validator.check_conformity(value, _compiled(), pattern_descriptions={})
    ]


@cache
def _compiled() -> validator.CompiledSchema:
    return validator.compile_schema(template_schema())


def is_template_file(value: object) -> bool:
    return is_object(value) and "document" in value and is_object(value["document"]) and "jobs" not in value


def to_file(content: TemplateContent, document: Document, version: int) -> dict[str, Any]:
    """Return the file of a template; the document goes last, as it is the longest."""
    return {
        "name": content.name,
        "description": content.description,
        "version": version,
        "note": content.note,
        "parameters": [parameter.as_json() for parameter in content.parameters],
        "document": document,
    }


def from_file(value: Document) -> tuple[TemplateContent, Document]:
    """Read a file without problems. The text of the content is left to the caller, who knows how to write it."""
    content = TemplateContent(
        name=text_at(value, "name"),
        text="",
        parameters=parse_parameters(value.get("parameters")),
        description=text_at(value, "description"),
        note=text_at(value, "note"),
    )
    return content, object_at(value, "document")
