"""Benchmarks of validating parsed documents, against the bare library and against other sizes."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

from jsonschema import Draft202012Validator

from bench.documents import SEEDS, chain
from bench.measure import Comparison, compare
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.rules import validate
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
    small, large = (json.loads(chain(length)) for length in (1_000, 10_000))
    yield compare(
        "validate a workflow of 10,000 jobs (ratio at most 15)",
        partial(validate.validate_document, DocumentKind.WORKFLOW, large),
        "1,000 jobs",
        partial(validate.validate_document, DocumentKind.WORKFLOW, small),
    )
    yield compare("import jobs.spec", _python("import jobs.spec.rules.validate"), "python alone", _python("pass"))


def _python(code: str) -> Callable[[], object]:
    return partial(subprocess.run, [sys.executable, "-c", code], check=True)
