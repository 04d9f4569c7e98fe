"""Benchmarks of validating parsed documents, against the bare library and against other sizes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

from jsonschema import Draft202012Validator

from bench.documents import SEEDS, chain, large_workflow
from bench.measure import Comparison, compare
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.rules import step_problems, validate
from jobs.spec.schema.botocore_schema import json_schema


def comparisons() -> Iterator[Comparison]:
    definition: Document = json.loads((SEEDS / "my-job-definition.json").read_text())
    bare = Draft202012Validator(json_schema(DocumentKind.DEFINITION))
    yield compare(
        "validate the guide's definition (ratio at most 2)",
        partial(validate.validate_document, DocumentKind.DEFINITION, definition),
        "jsonschema alone",
        lambda: list(bare.iter_errors(definition)),
    )
    small, large = (
        partial(_forgetting, partial(validate.validate_document, DocumentKind.WORKFLOW, json.loads(chain(length))))
        for length in (500, 5_000)
    )
    yield compare("validate a workflow of 5,000 jobs (ratio at most 15)", large, "500 jobs", small)
    workflow = json.loads(large_workflow())
    judge = partial(validate.validate_document, DocumentKind.WORKFLOW, workflow)
    yield compare(
        "validate 1,000 jobs, 5,000 dependencies (at most 150 ms)",
        judge,
        "the first time",
        partial(_forgetting, judge),
    )
    yield compare("import jobs.spec", _python("import jobs.spec.rules.validate"), "python alone", _python("pass"))


def _forgetting(judge: Callable[[], object]) -> object:
    step_problems.forget()
    return judge()


def _python(code: str) -> Callable[[], object]:
    return partial(subprocess.run, [sys.executable, "-c", code], check=True)
