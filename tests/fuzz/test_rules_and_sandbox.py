"""The rules and the sandbox, written apart, refuse and accept the same requests."""

import itertools
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given

from jobs.sandbox import Sandbox
from jobs.spec.documents import Document, DocumentKind
from jobs.spec.problems import Problem, Severity
from jobs.spec.rules.validate import validate_document
from tests.aws_answers import QUEUES
from tests.examples import examples
from tests.fuzz.aws_requests import AwsRequest, aws_definitions, aws_requests
from tests.spec.test_aws_answers import FACTS

_numbers = itertools.count()

# What only the rules refuse, with the reason and its source.
RULES_ONLY = {
    "names.too-many-tags": "The portal adds six tags to each job, and AWS allows 50 in all.",
    "volumes.unknown": "Amazon ECS refuses the task (“Unknown volume”, ansible/ansible issue 35751); when AWS Batch "
    "says so is not known.",
    "volumes.same-name": "As an unknown volume: Amazon ECS refuses the task.",
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a sandbox in which no job starts."""
    with Sandbox(tmp_path_factory.mktemp("requests") / "state.sqlite3", delay=3600) as running:
        client = boto3.client(
            "batch",
            endpoint_url=running.url,
            region_name="us-west-2",
            aws_access_key_id="AKIDSANDBOX",
            aws_secret_access_key="anything",
            config=Config(retries={"total_max_attempts": 1}),
        )
        policy = client.create_scheduling_policy(name="fair", fairsharePolicy={})["arn"]
        client.create_job_queue(
            jobQueueName=QUEUES["fair-share"],
            priority=1,
            schedulingPolicyArn=policy,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "ec2-general"}],
        )
        yield client
        client.close()


def refusal(operation: Any, request: Document) -> str:
    """The message with which it is refused; empty if it is accepted."""
    try:
        operation(**request)
    except (ClientError, ParamValidationError) as error:
        return str(error)
    return ""


def disagreement(problems: list[Problem], refused: str) -> str:
    """What the rules say, and the sandbox, if one refuses and the other accepts; else empty."""
    errors = [problem for problem in problems if problem.severity == Severity.ERROR]
    is_agreed = bool(errors) if refused else all(problem.rule in RULES_ONLY for problem in errors)
    return "" if is_agreed else f"rules: {errors}\nsandbox: {refused}"


@pytest.mark.long
@examples(30, 12_000)
@given(definition=aws_definitions())
def test_both_refuse_and_accept_the_same_definitions(aws: Any, definition: Document) -> None:
    problems = validate_document(DocumentKind.DEFINITION, definition)
    assert not disagreement(problems, refusal(aws.register_job_definition, definition))


@pytest.mark.long
@examples(25, 8_000)
@given(request=aws_requests())
def test_both_refuse_and_accept_the_same_submissions(aws: Any, request: AwsRequest) -> None:
    name = f"definition-{next(_numbers)}"
    assert not refusal(aws.register_job_definition, {**request.definition, "jobDefinitionName": name})
    document = {**request.submission, "jobDefinition": name}
    facts = {document["jobQueue"]: FACTS[request.queue]}
    problems = validate_document(DocumentKind.SUBMISSION, document, {name: request.definition}, facts)
    assert not disagreement(problems, refusal(aws.submit_job, document))
