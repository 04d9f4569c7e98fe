"""The rules answer as AWS does, for every row of tests/aws_answers."""

import json

import pytest

from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import parse
from jobs.spec.problems import Problem, Severity, has_errors
from jobs.spec.rules.queue import QueueFacts
from jobs.spec.rules.validate import sort_by_position, validate_document
from tests.aws_answers import Row, rows

FACTS = {
    "fifo": QueueFacts(fair_share=False, platform="ECS"),
    "fair-share": QueueFacts(fair_share=True, platform="ECS"),
    "fargate": QueueFacts(fair_share=False, platform="ECS_FARGATE"),
    "eks": QueueFacts(fair_share=False, platform="EKS"),
}


def problems_of(row: Row) -> list[Problem]:
    """Problems of the request as a person would paste it; those of the definition too if that is submitted."""
    own = row.definition if row.submission is None else row.submission
    kind = DocumentKind.DEFINITION if row.submission is None else DocumentKind.SUBMISSION
    result = parse(json.dumps(own).encode(), kind)
    definitions = queues = None
    if row.submission is not None:
        definitions = {row.submission["jobDefinition"]: row.definition}
        queues = {row.submission["jobQueue"]: FACTS[row.queue]}
    problems = validate_document(kind, result.document, definitions, queues)
    return sort_by_position(result.document, [*result.problems, *problems])


@pytest.mark.parametrize("row", rows("rules"))
def test_the_rules_answer_as_aws_does(row: Row) -> None:
    problems = problems_of(row)
    if row.answer != "refused":
        assert not has_errors(problems), problems
    if row.answer != "accepted":
        severity = Severity.ERROR if row.answer == "refused" else Severity.WARNING
        assert (row.rule, row.pointer, severity) in [
            (problem.rule, problem.pointer, problem.severity) for problem in problems
        ], problems
