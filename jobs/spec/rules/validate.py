"""Validation of a document of any kind, with the problems in document order."""

from collections.abc import Iterable, Mapping
from typing import Any

from jobs.spec.documents import Document, Kind, text_at
from jobs.spec.parsing.parser import Reading
from jobs.spec.problems import Problem, split
from jobs.spec.rules import job, workflow
from jobs.spec.rules import job_definition as definition_rules
from jobs.spec.rules.queue import QueueFacts


def judge(parse_result: Reading) -> list[Problem]:
    """Return the parser's problems and those of the rules."""
    return in_order(
        parse_result.document, [*parse_result.problems, *problems(parse_result.kind, parse_result.document)]
    )


def problems(
    kind: Kind,
    document: Document,
    definitions: Mapping[str, Document] | None = None,
    queues: Mapping[str, QueueFacts] | None = None,
) -> list[Problem]:
    """Return every problem of a document.

    `definitions` and `queues` are keyed by the values of jobDefinition and jobQueue; with them, jobs are checked as
    they will run.
    """
    if kind is Kind.WORKFLOW:
        result = workflow.problems(document, definitions, queues)
    elif kind is Kind.SUBMISSION:
        definition = (definitions or {}).get(text_at(document, "jobDefinition"))
        queue = (queues or {}).get(text_at(document, "jobQueue"))
        result = job.problems(document, definition, queue)
    else:
        result = definition_rules.problems(document)
    return in_order(document, result)


def in_order(document: Document, problems: Iterable[Problem]) -> list[Problem]:
    """Sort problems by their position in the document. The sort is stable."""
    ranks: dict[int, dict[str, int]] = {}  # positions of an object's keys, by the object's id()

    def rank(problem: Problem) -> tuple[int, ...]:
        value: Any = document
        positions: list[int] = []
        for key in split(problem.pointer):
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
