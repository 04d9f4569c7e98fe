"""Keys that tell the commands of jobs of one definition apart."""

import json

from jobs.spec.documents import Document, value_at


def command_key(document: Document) -> str:
    """Return the job's own command and parameters as text."""
    return normalize_key([value_at(document, "containerOverrides", "command"), document.get("parameters")])


def normalize_key(parts: list[object]) -> str:
    return json.dumps(parts, sort_keys=True)
