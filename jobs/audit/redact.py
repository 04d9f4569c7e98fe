"""Redaction of audit values, before long texts are truncated."""

from typing import Any

from jobs.spec.redaction import redact

MAX_TEXT_LENGTH = 1_000
MAX_ENTRIES = 100


def redact_for_audit(value: Any) -> Any:
    return truncate(redact(value, environments=True))


def truncate(value: Any) -> Any:
    if isinstance(value, dict):
        rows = list(value.items())
        entries = {key[:MAX_TEXT_LENGTH]: truncate(entry) for key, entry in rows[:MAX_ENTRIES]}
        return entries if len(rows) <= MAX_ENTRIES else {**entries, "…": f"and {len(rows) - MAX_ENTRIES} more"}
    if isinstance(value, list):
        items = [truncate(item) for item in value[:MAX_ENTRIES]]
        return items if len(value) <= MAX_ENTRIES else [*items, f"… and {len(value) - MAX_ENTRIES} more"]
    if isinstance(value, str) and len(value) > MAX_TEXT_LENGTH:
        return f"{value[:MAX_TEXT_LENGTH]}… ({len(value)} characters)"
    return value
