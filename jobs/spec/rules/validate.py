"""Validation of a document of any kind."""

from collections.abc import Iterable, Mapping
from typing import Any

from jobs.spec.documents import Document, DocumentKind, text_at
from jobs.spec.parsing.parser import ParseResult
from jobs.spec.parsing.unresolved_values import UNRESOLVED_VALUE
from jobs.spec.problems import Problem, split_pointer
from jobs.spec.rules import job, workflow
from jobs.spec.rules import job_definition as definition_rules
from jobs.spec.rules.queue import QueueFacts


def validate_parsed(parse_result: ParseResult) -> list[Problem]:
    return sort_by_position(
        parse_result.document, [*parse_result.problems, *validate_document(parse_result.kind, parse_result.document)]
    )


def validate_document(
    kind: DocumentKind,
    document: Document,
    definitions: Mapping[str, Document] | None = None,
    queues: Mapping[str, QueueFacts] | None = None,
) -> list[Problem]:
    """Key `definitions` and `queues` by jobDefinition and jobQueue: jobs are checked as they will run."""
    if kind is DocumentKind.WORKFLOW:
        result = workflow.check_workflow(document, definitions, queues)
    elif kind is DocumentKind.SUBMISSION:
        definition = (definitions or {}).get(text_at(document, "jobDefinition"))
        queue = (queues or {}).get(text_at(document, "jobQueue"))
        result = job.check_submission(document, definition, queue)
    else:
        result = definition_rules.check_definition(document)
    return sort_by_position(document, result)


def sort_by_position(document: Document, problems: Iterable[Problem]) -> list[Problem]:
    """Sort stably. Of a value that has to be entered first, nothing else is said."""
    problems = list(problems)
    unresolved = {problem.pointer for problem in problems if problem.rule == UNRESOLVED_VALUE}
    if unresolved:
        problems = [
            problem for problem in problems if problem.rule == UNRESOLVED_VALUE or problem.pointer not in unresolved
        ]
    ranks: dict[int, dict[str, int]] = {}  # positions of an object's keys, by the object's id()

    def rank(problem: Problem) -> tuple[int, ...]:
        value: Any = document
        positions: list[int] = []
        for key in split_pointer(problem.pointer):
            if isinstance(value, dict):
                if id(value) not in ranks:
                    ranks[id(value)] = {name: number for number, name in enumerate(value)}
                positions.append(ranks[id(value)].get(key, len(value)))
                value = value.get(key)
            elif isinstance(value, list) and key.isdecimal():
                positions.append(int(key))
                value = value[int(key)] if int(key) < len(value) else None
            else:
                break
        return tuple(positions)

    return sorted(problems, key=rank)
