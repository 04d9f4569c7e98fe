"""The steps of a workflow for its form: each as a job, with what a validation of the whole says of it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jobs.actions import ValidationResult
from jobs.spec.documents import Document, DocumentKind, is_object, list_at, text_at
from jobs.spec.parsing.parser import ParseResult
from jobs.spec.problems import DocumentChange, Problem, Severity, join_pointer
from jobs.templatetags.money import usd_text, usd_text_up

_STEP_POINTER = re.compile(r"/jobs/([0-9]{1,6})(?:/.*)?", re.DOTALL)
_CONDITION_POINTER = re.compile(r"/conditions/([0-9]{1,6})(?:/.*)?", re.DOTALL)
MAX_MESSAGE_LENGTH = 300


def step_of(document: Document, pointer: str) -> int | None:
    """Return the step that a pointer is in; of a condition, the step that waits."""
    if match := _STEP_POINTER.fullmatch(pointer):
        return int(match[1])
    if match := _CONDITION_POINTER.fullmatch(pointer):
        conditions = list_at(document, "conditions")
        name = text_at(conditions, int(match[1]), "job") if int(match[1]) < len(conditions) else ""
        names = [text_at(step, "jobName") for step in list_at(document, "jobs")]
        return names.index(name) if name in names else None
    return None


def step_document(document: Document, step: int) -> Document | None:
    steps = list_at(document, "jobs")
    job = steps[step] if 0 <= step < len(steps) else None
    return job if is_object(job) else None


def step_result(result: ValidationResult, step: int, document: Document) -> ValidationResult:
    """Return the part of a workflow's validation that is about a step, as if `document` were all of it."""
    prefix = join_pointer("jobs", step)
    reading = result.parse_result
    changes = tuple(
        DocumentChange(change.pointer.removeprefix(prefix), change.message, change.rule_owner)
        for change in reading.changes
        if _is_within(change.pointer, prefix)
    )
    return replace(
        result,
        parse_result=ParseResult(reading.text, DocumentKind.SUBMISSION, document, changes),
        problems=tuple(
            problem.without_prefix(prefix) for problem in result.problems if _is_within(problem.pointer, prefix)
        ),
        resolved_jobs=tuple(
            replace(target, pointer="") for target in result.resolved_jobs if target.pointer == prefix
        ),
        estimate=None,
    )


def _is_within(pointer: str, prefix: str) -> bool:
    return pointer == prefix or pointer.startswith(f"{prefix}/")


def steps_as_json(result: ValidationResult | None) -> list[dict[str, Any]]:
    """Return what the list and the picture show of each step: its problems and its price."""
    if result is None or result.parse_result.kind is not DocumentKind.WORKFLOW:
        return []
    document = result.parse_result.document
    errors: Counter[int] = Counter()
    warnings: Counter[int] = Counter()
    messages: dict[int, Problem] = {}
    for problem in result.problems:
        step = step_of(document, problem.pointer)
        if step is None or problem.severity is Severity.INFO:
            continue
        (errors if problem.severity is Severity.ERROR else warnings)[step] += 1
        former = messages.get(step)
        if former is None or (former.severity is not Severity.ERROR and problem.severity is Severity.ERROR):
            messages[step] = problem
    prices = _step_prices(result)
    return [
        {
            "errors": errors[step],
            "warnings": warnings[step],
            "message": messages[step].message[:MAX_MESSAGE_LENGTH] if step in messages else "",
            "cost": prices[step] if step < len(prices) else "",
        }
        for step in range(len(list_at(document, "jobs")))
    ]


def _step_prices(result: ValidationResult) -> Sequence[str]:
    """Return “$0.40–3.30” for each step; empty where it is unknown."""
    if result.estimate is None:
        return ()
    prices = []
    for job in result.estimate.cost.jobs:
        expected, at_most = job.expected.usd, job.at_most.usd
        low = "" if expected is None else usd_text(expected)
        high = "" if at_most is None else usd_text_up(at_most)
        if low and high and low != high:
            prices.append(f"{low}–{high.removeprefix('$')}")
        else:
            prices.append(high or low)
    return prices
