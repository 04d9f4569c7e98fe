"""The rules answer as AWS does, for every row of tests/aws_answers."""

import json

import pytest

from jobs.spec.documents import Document, DocumentKind
from jobs.spec.parsing.parser import parse
from jobs.spec.patch import apply_patch
from jobs.spec.problems import Problem, Severity, has_errors
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.validate import sort_by_position, validate_document
from tests.aws_answers import Row, all_rows, rows
from tests.spec.samples import step, workflow

FACTS = {
    "fifo": QueueFacts(fair_share=False, platform="ECS"),
    "fair-share": QueueFacts(fair_share=True, platform="ECS"),
    "fargate": QueueFacts(fair_share=False, platform="ECS_FARGATE"),
    "eks": QueueFacts(fair_share=False, platform="EKS"),
}


def problems_of(row: Row, document: Document | None = None) -> list[Problem]:
    """Problems of the request as a person would paste it, or of another one in its place; those of the definition
    too if that is submitted."""
    own = row.definition if row.submission is None else row.submission
    kind = DocumentKind.DEFINITION if row.submission is None else DocumentKind.SUBMISSION
    result = parse(json.dumps(own if document is None else document).encode(), kind)
    problems = validate_document(kind, result.document, *facts_of(row))
    return sort_by_position(result.document, [*result.problems, *problems])


def facts_of(row: Row) -> tuple[dict[str, Document] | None, dict[str, QueueFacts] | None]:
    """The definition and the queue that the request names."""
    if row.submission is None:
        return None, None
    return {row.submission["jobDefinition"]: row.definition}, {row.submission["jobQueue"]: FACTS[row.queue]}


@pytest.mark.parametrize("row", rows("rules"))
def test_the_rules_answer_as_aws_does(row: Row) -> None:
    problems = problems_of(row)
    if row.answer != "refused":
        assert not has_errors(problems), problems
    if row.answer != "accepted":
        severity = Severity.ERROR if row.answer == "refused" else Severity.WARNING
        of_rule = [problem for problem in problems if problem.rule == row.rule]
        assert (row.pointer, severity) in [(problem.pointer, problem.severity) for problem in of_rule], problems
        assert all(problem.message.endswith((".", "?")) and len(problem.message) < 330 for problem in of_rule)
        for problem in of_rule:
            check_fix(row, problem)


def check_fix(row: Row, problem: Problem) -> None:
    """A fix is the end of its problem."""
    if problem.fix:
        fixed = apply_patch(row.definition if row.submission is None else row.submission, problem.fix)
        assert (problem.rule, problem.pointer) not in [(left.rule, left.pointer) for left in problems_of(row, fixed)]


ONLY_ALONE = {"submission.too-large": "A workflow may be larger than a job; each of its jobs is measured by itself."}
"""Rules of jobs whose problem has another place in a workflow, with the reason."""

REFUSED_JOBS = [
    row for row in all_rows() if row.submission is not None and row.answer == "refused" and row.rule not in ONLY_ALONE
]


@pytest.mark.parametrize("row", REFUSED_JOBS, ids=lambda row: row.title)
def test_a_job_that_aws_refuses_is_refused_as_a_step_too(row: Row) -> None:
    assert row.submission
    first = step("first", jobQueue=row.submission["jobQueue"], jobDefinition=row.submission["jobDefinition"])
    result = parse(json.dumps(workflow(first, row.submission)).encode(), DocumentKind.WORKFLOW)
    problems = validate_document(DocumentKind.WORKFLOW, result.document, *facts_of(row))

    assert (f"/jobs/1{row.pointer}", Severity.ERROR) in [
        (problem.pointer, problem.severity) for problem in [*result.problems, *problems]
    ]
