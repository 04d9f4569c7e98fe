"""What AWS Batch answers, as data: see README.md."""

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from jobs.spec.documents import Document

FOLDER = Path(__file__).parent
KEYS = {"title", "base", "definition", "submission", "queue", "answer", "code", "message", "sandbox", "rule",
        "pointer", "open", "source"}  # fmt: skip
ANSWERS = {"accepted", "refused", "fails"}
QUEUES = {"fifo": "cpu-job-queue", "fair-share": "fair-share-queue", "fargate": "fargate-queue", "eks": "eks-queue"}


@dataclass(frozen=True)
class Row:
    """A request and what AWS does with it."""

    title: str
    definition: Document
    submission: Document | None
    queue: str
    answer: str
    code: str
    message: str
    sandbox: str
    rule: str
    pointer: str
    open: frozenset[str]


def rows(program: str) -> list[Any]:
    """All rows as parameters of a test of `rules` or `sandbox`. What is open must fail."""
    return [
        pytest.param(
            row, id=row.title, marks=[pytest.mark.xfail(strict=True, reason="open")] if program in row.open else []
        )
        for row in all_rows()
    ]


@cache
def all_rows() -> tuple[Row, ...]:
    """Every row of every file."""
    files = sorted(file for file in FOLDER.glob("*.json") if file.name != "bases.json")
    return tuple(_row(entry) for file in files for entry in json.loads(file.read_text()))


def base_document(name: str) -> Document:
    """A sound definition of that kind, a copy."""
    return copy.deepcopy(_bases()[name])


@cache
def _bases() -> dict[str, Document]:
    bases: dict[str, Document] = json.loads((FOLDER / "bases.json").read_text())
    return bases


def _row(entry: Document) -> Row:
    title = entry["title"]
    assert not set(entry) - KEYS, f"{title}: unknown keys"
    assert entry["answer"] in ANSWERS, title
    assert entry["source"], title
    assert (entry["answer"] == "accepted") == ("rule" not in entry), f"{title}: a rule for what is not accepted"
    base = entry.get("base", "ec2")
    definition = entry.get("definition", {})
    submission = None
    if "submission" in entry:
        queue = QUEUES[entry.get("queue", "fifo")]
        whole = {"jobName": "a-job", "jobQueue": queue, "jobDefinition": "a-definition"}
        submission = merge(whole, entry["submission"])
    return Row(
        title=title,
        definition=definition if base is None else merge(_bases()[base], definition),
        submission=submission,
        queue=entry.get("queue", "fifo"),
        answer=entry["answer"],
        code=entry.get("code", "ClientException"),
        message=entry.get("message", ""),
        sandbox=entry.get("sandbox", ""),
        rule=entry.get("rule", ""),
        pointer=entry.get("pointer", ""),
        open=frozenset(entry.get("open", ())),
    )


def merge(document: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
