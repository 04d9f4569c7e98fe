"""A launch form as a JSON file: what it exports, imports, and the API takes."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from jobs.spec.documents import Document, is_object, list_at, object_at, text_at
from jobs.spec.launch_forms.fields import (
    MAX_FIELDS,
    MAX_SECTIONS,
    DefaultSource,
    FieldMode,
    FormSection,
    LaunchFieldType,
    fields_of,
    parse_sections,
)
from jobs.spec.problems import Problem
from jobs.spec.schema import validator
from jobs.spec.template_format import MAX_NAME_LENGTH, MAX_TEXT_LENGTH
from jobs.spec.template_parameters import MAX_HELP_LENGTH, MAX_LABEL_LENGTH

MAX_LABELS = 10
MAX_FORM_LABEL_LENGTH = 40


@dataclass(frozen=True)
class LaunchContent:
    """What a person saves. The text is a job or a workflow as JSON."""

    name: str
    text: str
    sections: tuple[FormSection, ...] = ()
    description: str = ""
    labels: tuple[str, ...] = ()
    note: str = ""


def form_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    texts = {"type": "array", "items": {"type": "string"}}
    field = {
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
            "type": {"type": "string", "enum": [kind.value for kind in LaunchFieldType]},
            "mode": {
                "type": "string",
                "enum": [mode.value for mode in FieldMode],
                "description": "locked: shown with its value, which can't be changed.",
            },
            "required": {"type": "boolean", "description": "True if missing."},
            "default": {"description": "A string, a number, true or false; a list for the type several."},
            "default_from": {
                "type": "string",
                "enum": [source.value for source in DefaultSource],
                "description": "Who starts the form, their team, today, or their last run.",
            },
            "min": {"type": "number"},
            "max": {"type": "number"},
            "step": {"type": "number", "description": "Counted from min, or from 0."},
            "pattern": {"type": "string", "description": "With * for anything and ? for one character."},
            "sample": {"type": "string", "description": "A value that matches the pattern."},
            "choices": {**texts, "description": "The values of a choice."},
            "choices_by": {
                "type": "object",
                "additionalProperties": False,
                "required": ["field", "choices"],
                "properties": {
                    "field": {"type": "string", "description": "A field further up."},
                    "choices": {
                        "type": "object",
                        "additionalProperties": texts,
                        "description": "The choices for each of its values.",
                    },
                },
            },
            "shown_when": {
                "type": "object",
                "additionalProperties": False,
                "required": ["field", "values"],
                "properties": {
                    "field": {"type": "string", "description": "A field further up."},
                    "values": {**texts, "description": "Any of these."},
                },
            },
        },
    }
    section = {
        "type": "object",
        "additionalProperties": False,
        "required": ["fields"],
        "properties": {
            "title": {"type": "string", "maxLength": MAX_LABEL_LENGTH},
            "fields": {"type": "array", "items": field, "maxItems": MAX_FIELDS},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Launch form",
        "description": "A job or a workflow with fields, as the portal exports and imports it.",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "sections", "document"],
        "properties": {
            "$schema": {"type": "string", "description": "The address of this schema."},
            "name": {"type": "string", "maxLength": MAX_NAME_LENGTH},
            "description": {"type": "string", "maxLength": MAX_TEXT_LENGTH},
            "labels": {
                "type": "array",
                "maxItems": MAX_LABELS,
                "items": {"type": "string", "maxLength": MAX_FORM_LABEL_LENGTH},
            },
            "note": {"type": "string", "maxLength": MAX_TEXT_LENGTH, "description": "Why this version was made."},
            "version": {"type": "integer", "description": "The number it had where it was exported; not imported."},
            "sections": {"type": "array", "items": section, "maxItems": MAX_SECTIONS},
            "document": {
                "type": "object",
                "description": "A job or a workflow, see their schemas, with ${param.name} in its strings.",
            },
        },
    }


def check_form_file(value: object) -> list[Problem]:
    """Return what is wrong with the shape of a file, at its places."""
    return [
        Problem(
            problem.pointer,
            problem.message.replace("a key that AWS Batch knows here", "a field of a launch form"),
            problem.severity,
            "form.file",
        )
        for problem in validator.check_conformity(value, _compiled(), pattern_descriptions={})
    ]


@cache
def _compiled() -> validator.CompiledSchema:
    return validator.compile_schema(form_schema())


def is_form_file(value: object) -> bool:
    return is_object(value) and "sections" in value and is_object(value.get("document"))


def to_file(content: LaunchContent, document: Document, version: int | None = None) -> dict[str, Any]:
    """Return the file of a form; the document goes last, as it is the longest."""
    return {
        "name": content.name,
        "description": content.description,
        **({"labels": list(content.labels)} if content.labels else {}),
        **({"version": version} if version is not None else {}),
        "note": content.note,
        "sections": [section.as_json() for section in content.sections],
        "document": document,
    }


def from_file(value: Document) -> tuple[LaunchContent, Document]:
    """Read a file without problems. The text of the content is left to the caller, who knows how to write it."""
    content = LaunchContent(
        name=text_at(value, "name"),
        text="",
        sections=parse_sections(value.get("sections")),
        description=text_at(value, "description"),
        labels=tuple(dict.fromkeys(label.strip() for label in list_at(value, "labels") if str(label).strip())),
        note=text_at(value, "note"),
    )
    return content, object_at(value, "document")


def field_count(content: LaunchContent) -> int:
    return len(fields_of(content.sections))
