"""Limits on what validation looks for: errors, warnings, and the size of a document."""

import itertools
from collections.abc import Iterator

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.problems import Problem, Severity
from jobs.spec.rules import validate
from jobs.spec.rules.problem_limit import MAX_ERRORS, MAX_PROBLEMS, limit_problems
from tests.spec.rule_documents import ecs
from tests.spec.samples import definition, submission


@pytest.mark.long
def test_a_document_much_too_large_is_still_judged_at_once() -> None:
    """By size, not by the clock: anything quadratic would need 10^7 steps here."""
    many = range(3_000)
    retries = {"attempts": 2, "evaluateOnExit": [{"onReason": f"r{number}", "action": "EXIT"} for number in many]}
    container = {
        "volumes": [{"name": f"volume-{number}"} for number in many],
        "mountPoints": [{"sourceVolume": f"volumes-{number}", "containerPath": "/x"} for number in many],
        "command": [f"Ref::p{number}" for number in many],
        "environment": [{"name": f"V{number}", "value": "x"} for number in many],
    }
    validate.validate_document(
        DocumentKind.DEFINITION, definition(container, retryStrategy=retries, parameters={f"q{n}": "" for n in many})
    )
    task = [{"name": f"container-{number}", "image": "x"} for number in many]
    names = [{"name": f"containers-{number}"} for number in many]
    over = submission(ecsPropertiesOverride={"taskProperties": [{"containers": names}]})
    validate.validate_document(DocumentKind.SUBMISSION, over, {"greet": ecs(*task)})


def many(severity: Severity, taken: list[int]) -> Iterator[Problem]:
    for number in itertools.count():
        taken.append(number)
        yield Problem(f"/{number}", "", severity)


@pytest.mark.parametrize(
    ("severity", "most", "said"),
    [
        (Severity.ERROR, MAX_ERRORS, "More than 500 errors were found"),
        (Severity.WARNING, MAX_PROBLEMS, "More than 25,000 errors and warnings were found"),
    ],
)
def test_after_so_many_problems_nothing_more_is_looked_for(severity: Severity, most: int, said: str) -> None:
    taken: list[int] = []
    *problems, last = limit_problems(many(severity, taken))

    assert (len(problems), len(taken)) == (most, most + 1)
    assert (last.rule, last.severity, last.pointer) == ("reading.more-problems", Severity.ERROR, "")
    assert last.message.startswith(said)


def test_as_many_problems_as_are_told_are_all_told() -> None:
    problems = [Problem("", "")] * MAX_ERRORS
    assert list(limit_problems(problems)) == problems


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (DocumentKind.SUBMISSION, submission(tags={f"tag {number}": number for number in range(MAX_ERRORS + 100)})),
        (DocumentKind.DEFINITION, definition(tags={f"tag {number}": number for number in range(MAX_ERRORS + 100)})),
        (DocumentKind.WORKFLOW, {"jobs": [{"jobName": f"a{number}"} for number in range(MAX_ERRORS)]}),
    ],
)
def test_a_document_of_each_kind_tells_no_more_than_that(kind: DocumentKind, document: Document) -> None:
    result = validate.validate_document(kind, document)

    assert len([problem for problem in result if problem.severity is Severity.ERROR]) == MAX_ERRORS + 1
    assert result[0].rule == "reading.more-problems"
