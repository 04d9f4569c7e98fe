"""Redaction of audit values: secrets and values of environments are masked, then long texts are truncated."""

from typing import Any

from jobs.spec.redaction import redact

LONGEST_TEXT = 1_000
MOST_ENTRIES = 100


def kept(value: Any) -> Any:
    """Return the value as it is stored: redacted and truncated."""
    return shortened(redact(value, environments=True))


def shortened(value: Any) -> Any:
    """Truncate long texts and lists, with a note on how much is missing."""
    if isinstance(value, dict):
        rows = list(value.items())
        entries = {key[:LONGEST_TEXT]: shortened(entry) for key, entry in rows[:MOST_ENTRIES]}
        return entries if len(rows) <= MOST_ENTRIES else {**entries, "…": f"and {len(rows) - MOST_ENTRIES} more"}
    if isinstance(value, list):
        items = [shortened(item) for item in value[:MOST_ENTRIES]]
        return items if len(value) <= MOST_ENTRIES else [*items, f"… and {len(value) - MOST_ENTRIES} more"]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}… ({len(value)} characters)"
    return value
