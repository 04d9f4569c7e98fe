"""The sandbox gives AWS's answer to documents as people have them, once the portal has read them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jobs.sandbox import Sandbox
from jobs.spec.documents import DocumentKind
from jobs.spec.parsing.parser import DocumentParseError, parse
from tests.aws_answers import base_document
from tests.cases import Case, cases
from tests.sandbox.bench import Bench

# 31 and 33 are no documents without a name; 34 is refused by botocore's types before anything is sent.
NOT_SENT = {"31", "33", "34"}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with Sandbox(tmp_path_factory.mktemp("field") / "state.sqlite3", delay=3600) as running:
        bench = Bench(running.url)
        policy = bench.batch.create_scheduling_policy(name="fair", fairsharePolicy={})["arn"]
        bench.batch.create_job_queue(
            jobQueueName="fair-queue",
            priority=1,
            schedulingPolicyArn=policy,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "ec2-general"}],
        )
        yield bench
        bench.close()


@pytest.mark.parametrize("case", cases())
def test_the_sandbox_gives_the_answer_of_aws(aws: Bench, case: Case) -> None:
    try:
        result = parse(case.text.encode())
    except DocumentParseError:
        assert case.number in NOT_SENT
        return
    if case.number in NOT_SENT:
        return
    if case.answer == "refused":
        with pytest.raises(ClientError):
            send(aws, case, result.kind, result.document)
    else:
        send(aws, case, result.kind, result.document)


def send(aws: Bench, case: Case, kind: DocumentKind, document: Any) -> None:
    if kind is DocumentKind.DEFINITION:
        aws.batch.register_job_definition(**document)
        return
    definition: Any = json.loads(case.definition.read_text()) if case.definition else base_document("ec2")
    if "ecsPropertiesOverride" in document:
        definition = base_document("ecs")
        definition["ecsProperties"]["taskProperties"][0]["containers"][0]["name"] = "a"
    name = aws.batch.register_job_definition(**{**definition, "jobDefinitionName": "d"})["jobDefinitionArn"]
    queue = "fair-queue" if document["jobQueue"] == "fair-queue" else "cpu-job-queue"
    aws.batch.submit_job(**{**document, "jobDefinition": name, "jobQueue": queue})
