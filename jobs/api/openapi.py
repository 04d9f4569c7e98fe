"""Bodies and headers of the OpenAPI document."""

from copy import deepcopy
from typing import Any

from jobs.spec.launch_forms.file_format import form_schema
from jobs.spec.template_format import template_schema

DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The document as JSON; comments and trailing commas are accepted. 1 MiB at most.",
        "content": {"application/json": {"schema": {"type": "object"}}, "text/plain": {"schema": {"type": "string"}}},
    }
}

OPTIONAL_DOCUMENT: dict[str, Any] = {
    "requestBody": {
        **DOCUMENT["requestBody"],
        "required": False,
        "description": "The steps as a workflow, if they are edited. 1 MiB at most.",
    }
}

_TEMPLATE_SCHEMA = {key: value for key, value in template_schema().items() if key != "$schema"}

TEMPLATE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The template as the portal exports it. 1 MiB at most.",
        "content": {"application/json": {"schema": _TEMPLATE_SCHEMA}},
    }
}

_FORM_SCHEMA = {key: value for key, value in form_schema().items() if key != "$schema"}

LAUNCH_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The form as the portal exports it. 1 MiB at most.",
        "content": {"application/json": {"schema": _FORM_SCHEMA}},
    }
}

START: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "description": "Values by the name of a parameter or field.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "values": {
                            "type": "object",
                            "additionalProperties": {"type": ["string", "number", "boolean", "array"]},
                        },
                        "version": {"type": "integer", "description": "The newest by default."},
                        "on_refusal": {
                            "type": "string",
                            "enum": ["stop", "keep"],
                            "description": "What happens to the other steps if AWS Batch refuses one.",
                        },
                    },
                }
            }
        },
    }
}

FORM_START = deepcopy(START)
FORM_START["requestBody"]["content"]["application/json"]["schema"]["properties"] |= {
    "combine": {
        "type": "string",
        "enum": ["grid", "zip"],
        "description": "How lists of values make jobs: every combination, or side by side.",
    },
    "run_as": {
        "type": "string",
        "enum": ["single", "array"],
        "description": "Whether lists of values make single jobs, the default, or the child jobs of an array job.",
    },
    "index_by": {
        "type": "string",
        "enum": ["wrapper", "variable"],
        "description": "How child jobs get their values: a shell sets the variables, the default, or the program "
        "reads line AWS_BATCH_JOB_ARRAY_INDEX of SWEEP_VALUES.",
    },
}

KEY: dict[str, Any] = {
    "parameters": [
        {
            "in": "header",
            "name": "Idempotency-Key",
            "required": False,
            "description": "Repeating a request with its key returns the same result; a different request gets 422. "
            "After the portal was restored from a backup, a key that it can't check yet gets 503 with Retry-After.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 80},
        }
    ]
}
