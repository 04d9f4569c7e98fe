"""What AWS answers about a definition or a job, pasted into the portal, is accepted: it ran, so it can run again."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.sandbox.batch import Batch
from jobs.sandbox.context import ApiCall
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.faults import FaultPlan
from jobs.sandbox.scheduler import Scheduler
from jobs.sandbox.seed import SEED_ACCOUNT, create_seed_queues
from jobs.sandbox.store import Store
from jobs.sandbox.visibility_lag import VisibilityLag
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.normalize import fingerprint
from jobs.spec.parsing.parser import parse
from jobs.spec.problems import has_errors
from jobs.spec.rules import validate
from tests.examples import examples
from tests.fuzz.documents import sensible_definitions, sensible_submissions

EMPTIES: Document = {"tags": {}, "parameters": {}, "timeout": {}, "retryStrategy": None, "dependsOn": []}


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    store = Store(Path(tmp_path_factory.mktemp("fuzz")) / "sandbox.sqlite3")
    nothing_runs = SimpleNamespace(admit=lambda *_: None, queues_changed=lambda *_: None)
    batch = Batch(
        store,
        cast("Scheduler", nothing_runs),
        min_timeout_seconds=60,
        visibility_lag=VisibilityLag(store, FaultPlan),
        record_acceptance=lambda _call, _name: None,
    )
    create_seed_queues(store, batch.queues, 64)
    yield batch
    store.close()


def call(batch: Batch, operation: str, **params: Any) -> Document:
    request = ApiCall(SEED_ACCOUNT, operation, params, len(json.dumps(params)), "fuzz")
    answer: Document = batch.operations()[operation](request)
    return json.loads(json.dumps(answer)) if answer else {}


@st.composite
def definitions(draw: st.DrawFn) -> Document:
    """Definitions of a container, of a task of two, of a pod and of nodes."""
    document = draw(sensible_definitions())
    container = document["containerProperties"]
    block = draw(st.sampled_from(["containerProperties", "ecsProperties", "nodeProperties", "eksProperties"]))
    if block == "containerProperties" or "FARGATE" in document.get("platformCapabilities", ()):
        return document
    del document["containerProperties"]
    if block == "ecsProperties":
        members = {key: container[key] for key in container if key not in {"jobRoleArn", "executionRoleArn"}}
        others = {**members, "name": "b", "essential": False}
        return document | {block: {"taskProperties": [{"containers": [{**members, "name": "a"}, others]}]}}
    if block == "nodeProperties":
        nodes = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:", "container": container}]}
        document.pop("platformCapabilities", None)
        return document | {"type": "multinode", block: nodes}
    limits = {"cpu": "1", "memory": "512Mi"}
    pod = {"containers": [{"image": "busybox", "command": ["date"], "resources": {"limits": limits}}]}
    document.pop("platformCapabilities", None)
    document.pop("propagateTags", None)
    return document | {block: {"podProperties": pod}}


def accepted(document: Document, of_jobs: dict[str, Document]) -> bool:
    reading = parse(json.dumps(document))
    return not has_errors(validate.validate_document(reading.kind, reading.document, of_jobs))


@examples(15, 3_000)
@given(document=definitions())
def test_a_described_definition_is_accepted_as_the_same_definition(batch: Batch, document: Document) -> None:
    assume(accepted(document, {}))
    try:
        arn = call(batch, "RegisterJobDefinition", **document)["jobDefinitionArn"]
    except BatchClientError:
        assume(False)
    answer = call(batch, "DescribeJobDefinitions", jobDefinitions=[arn])

    for pasted in (answer, answer["jobDefinitions"][0], {**EMPTIES, **answer["jobDefinitions"][0]}):
        reading = parse(json.dumps(pasted))
        assert reading.kind is DocumentKind.DEFINITION
        assert fingerprint(reading.document) == fingerprint(document)
        assert [problem for problem in validate.validate_parsed(reading) if has_errors([problem])] == []


@examples(15, 3_000)
@given(document=definitions(), submission=sensible_submissions())
def test_a_described_job_is_accepted_as_a_submission(batch: Batch, document: Document, submission: Document) -> None:
    fargate = "FARGATE" in document.get("platformCapabilities", ())
    submission |= {
        "jobQueue": "fargate-queue" if fargate else "cpu-job-queue",
        "jobDefinition": document["jobDefinitionName"],
    }
    if "containerProperties" not in document:
        submission.pop("containerOverrides", None)
    assume(accepted(document, {}))
    assume(accepted(submission, {document["jobDefinitionName"]: document}))
    try:
        call(batch, "RegisterJobDefinition", **document)
        job_id = call(batch, "SubmitJob", **submission)["jobId"]
    except BatchClientError:
        assume(False)
    answer = call(batch, "DescribeJobs", jobs=[job_id])

    for pasted in (answer, answer["jobs"][0]):
        reading = parse(json.dumps(pasted))
        assert reading.kind is DocumentKind.SUBMISSION
        result = validate.validate_document(
            reading.kind, reading.document, {reading.document["jobDefinition"]: document}
        )
        assert [problem for problem in result if has_errors([problem])] == []
