"""Benchmarks of parsing and validating, which happen at every keystroke in the editor, against json.loads."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bench.measure import Comparison, compare
from jobs.spec.normalize import fingerprint
from jobs.spec.parsing.parser import parse
from jobs.spec.rules.validate import validate_parsed

SEEDS = Path(__file__).resolve().parent.parent / "tests" / "seeds"
PLAIN = ("my-job-definition", "my-job-submission", "workflow-jobs")


def comparisons() -> Iterator[Comparison]:
    for name in PLAIN:
        text = (SEEDS / f"{name}.json").read_text()
        yield compare(f"parse and validate {name}", partial(_validate, text), "json.loads", partial(json.loads, text))
    document = json.loads((SEEDS / "my-job-definition.json").read_text())
    yield compare(
        "fingerprint a definition", partial(fingerprint, document), "json.dumps", partial(json.dumps, document)
    )
    yield compare(
        "validate a workflow of 300 jobs",
        partial(_validate, chain(300)),
        "30 jobs",
        partial(_validate, chain(30)),
    )


def _validate(text: str) -> object:
    return validate_parsed(parse(text))


def chain(length: int) -> str:
    """Return a workflow in which each job depends on the one before."""
    jobs = [
        {
            "jobName": f"step-{number}",
            "jobQueue": "cpu-job-queue",
            "jobDefinition": "data-preprocessing",
            "dependsOn": [{"jobId": f"${{step-{number - 1}}}"}] if number else [],
        }
        for number in range(length)
    ]
    return json.dumps({"jobs": jobs})


LARGE_STEPS, LARGE_PARENTS = 1000, 5
LARGE_WIDTH = 50
"""Steps of a layer."""


def _large_edges() -> list[tuple[int, int]]:
    """Return parents and their children: each step waits for steps of the layer before, the last ones for more."""
    count = LARGE_STEPS - LARGE_WIDTH
    pairs = {
        (step // LARGE_WIDTH * LARGE_WIDTH - LARGE_WIDTH + (step * 7 + number * 11) % LARGE_WIDTH, step)
        for step in range(LARGE_WIDTH, LARGE_STEPS)
        for number in range(LARGE_PARENTS + (step >= count) * LARGE_PARENTS)
    }
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


LARGE_EDGES = _large_edges()


def large_workflow() -> str:
    """Return a workflow of 1,000 jobs and 5,000 dependencies."""
    jobs = [
        {
            "jobName": f"step-{number}",
            "jobQueue": "cpu-job-queue",
            "jobDefinition": "data-preprocessing",
            "containerOverrides": {"environment": [{"name": "INPUT", "value": f"s3://raw/{number}"}]},
            "dependsOn": [{"jobId": f"${{step-{parent}}}"} for parent, child in LARGE_EDGES if child == number],
        }
        for number in range(LARGE_STEPS)
    ]
    return json.dumps({"jobs": [{key: value for key, value in job.items() if value} for job in jobs]}, indent=2)
