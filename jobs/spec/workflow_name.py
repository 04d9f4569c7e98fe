"""The name of a workflow."""

import re
from collections.abc import Sequence
from itertools import takewhile

from jobs.spec.documents import Document, text_at

MAX_NAME_LENGTH = 128
_WORD = re.compile(r"[^-_]+")


def workflow_name(document: Document, step_names: Sequence[str]) -> str:
    """Return a name for at least one step.

    Without its own, a workflow is named by the words that all steps begin with (nightly-load and nightly-train are
    nightly) or end with (load-42 and train-42 are workflow-42).
    """
    first = step_names[0]
    if len(step_names) == 1:
        return first
    if name := text_at(document, "name"):
        return name
    return _common_name(step_names) or f"{first[:100]} and {len(step_names) - 1} more"


def _common_name(names: Sequence[str]) -> str:
    name_parts = [_WORD.findall(name) for name in names]
    start = _common_start(name_parts)
    end = _common_start([list(reversed(parts)) for parts in name_parts])[::-1]
    if any(word.isalpha() for word in start):
        return "-".join(start)
    if end:
        suffix = "-".join(end)
        return suffix if any(word.isalpha() for word in end) else f"workflow-{suffix}"
    return ""


def _common_start(name_parts: Sequence[Sequence[str]]) -> list[str]:
    """Leave each name at least one word of its own."""
    length = max(0, min(map(len, name_parts)) - 1)
    columns = zip(*(parts[:length] for parts in name_parts), strict=True)
    return [column[0] for column in takewhile(lambda column: len(set(column)) == 1, columns)]
