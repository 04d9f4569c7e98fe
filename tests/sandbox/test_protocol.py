"""The sandbox as an AWS endpoint: signatures, errors, other services, and who may reach it."""

import http.client
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from tests.sandbox.bench import Bench

SCOPE = "{day}/us-west-2/{service}/aws4_request"


def call(
    bench: Bench,
    path: str,
    body: Any = "{}",
    *,
    age: timedelta = timedelta(0),
    service: str = "batch",
    method: str = "POST",
    **headers: str,
) -> tuple[int, dict[str, str], bytes]:
    """A request signed (in form) some time ago."""
    signed = datetime.now(UTC) - age
    scope = SCOPE.format(day=f"{signed:%Y%m%d}", service=service)
    connection = http.client.HTTPConnection(urlsplit(bench.batch.meta.endpoint_url).netloc)
    given = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential=AKID/{scope}, SignedHeaders=host, Signature=0",
        "X-Amz-Date": f"{signed:%Y%m%dT%H%M%SZ}",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    try:
        connection.request(method, path, body, {name: value for name, value in given.items() if value})
        reply = connection.getresponse()
        return reply.status, dict(reply.headers), reply.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("minutes", "status"), [(0, 200), (4.9, 200), (5.2, 403), (24 * 60, 403), (-4.9, 200), (-5.2, 403)]
)
def test_signatures_live_for_five_minutes(idle_sandbox: Bench, minutes: float, status: int) -> None:
    answer, headers, body = call(idle_sandbox, "/v1/describejobqueues", age=timedelta(minutes=minutes))

    assert answer == status
    if status == 403:
        assert headers["x-amzn-ErrorType"] == "InvalidSignatureException"
        assert json.loads(body)["message"].startswith(("Signature expired", "Signature not yet current"))


def test_a_request_without_a_signature_is_refused(idle_sandbox: Bench) -> None:
    status, headers, _ = call(idle_sandbox, "/v1/describejobqueues", Authorization="")

    assert (status, headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "10.0.0.1", "127.0.0.1.evil.example", ""])
def test_requests_under_a_foreign_name_are_refused(idle_sandbox: Bench, host: str) -> None:
    status, headers, _ = call(idle_sandbox, "/v1/describejobqueues", Host=host or "[")

    assert (status, headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")


@pytest.mark.parametrize(
    ("path", "request_body", "service", "status"),
    [
        ("/v1/submitjob", "no json", "batch", 400),
        ("/v1/submitjob", "[]", "batch", 400),
        ("/v1/submitjob", '{"jobName": 1}', "batch", 400),
        ("/v1/nothing", "{}", "batch", 404),
        ("/", "{}", "logs", 404),
        ("/", "{}", "s3", 501),
        ("/v1/describeconsumableresource", '{"consumableResource": "licences"}', "batch", 501),
    ],
)
def test_whatever_is_asked_the_answer_is_json_with_a_code(
    idle_sandbox: Bench, path: str, request_body: str, service: str, status: int
) -> None:
    answer, headers, body = call(idle_sandbox, path, request_body, service=service)

    assert answer == status
    assert headers["Content-Type"] == "application/json"
    assert headers["x-amzn-ErrorType"] == json.loads(body)["__type"]


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"tags": None, "retryStrategy": None, "colour": [], "shape": None, "size": {}}, 200),
        ({"tags": {"a": None}}, 400),
        ({"colour": "red"}, 400),
    ],
)
def test_null_members_and_empty_unknown_ones_count_as_absent(
    idle_sandbox: Bench, members: dict[str, Any], status: int
) -> None:
    sizes = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}]
    container = {"image": "busybox", "command": ["true"], "user": None, "resourceRequirements": sizes}
    document = {"jobDefinitionName": "nulls", "type": "container", "containerProperties": container, **members}

    assert call(idle_sandbox, "/v1/registerjobdefinition", json.dumps(document))[0] == status


def test_methods_that_http_does_not_know_are_answered_in_json_too(idle_sandbox: Bench) -> None:
    status, headers, body = call(idle_sandbox, "/", method="BREW")

    assert (status, headers["Content-Type"]) == (501, "application/json")
    assert b"<" not in body


def test_an_assumed_role_has_keys_of_its_account_and_a_broken_one_is_refused(idle_sandbox: Bench) -> None:
    answer = idle_sandbox.sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/Portal", RoleSessionName="portal")
    assert answer["AssumedRoleUser"]["Arn"] == "arn:aws:sts::210987654321:assumed-role/Portal/portal"
    assert answer["Credentials"]["Expiration"] > datetime.now(UTC)

    with pytest.raises(ClientError):
        idle_sandbox.sts.assume_role(RoleArn="arn:aws:iam::nobody:role/Portal", RoleSessionName="portal")


def test_answers_have_the_shapes_of_the_service_model(idle_sandbox: Bench) -> None:
    idle_sandbox.define(
        "shaped", retryStrategy={"attempts": 2}, timeout={"attemptDurationSeconds": 60}, tags={"a": "b"}
    )
    job_id = idle_sandbox.submit("shaped", arrayProperties={"size": 2}, tags={"a": "b"})
    model = ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "DescribeJobs": ("/v1/describejobs", {"jobs": [job_id, f"{job_id}:0"]}),
        "ListJobs": ("/v1/listjobs", {"jobQueue": "cpu-job-queue", "jobStatus": "SUBMITTED"}),
        "DescribeJobDefinitions": ("/v1/describejobdefinitions", {"jobDefinitionName": "shaped"}),
        "DescribeJobQueues": ("/v1/describejobqueues", {}),
        "DescribeComputeEnvironments": ("/v1/describecomputeenvironments", {}),
        "GetJobQueueSnapshot": ("/v1/getjobqueuesnapshot", {"jobQueue": "cpu-job-queue"}),
    }
    for operation, (path, params) in asked.items():
        status, _, body = call(idle_sandbox, path, json.dumps(params))
        shape = model.operation_model(operation).output_shape
        assert shape is not None
        report = ParamValidator().validate(json.loads(body), shape)
        # The model calls startedAt required; AWS itself leaves it out before the start.
        problems = [line for line in report.generate_report().splitlines() if '"startedAt"' not in line]

        assert status == 200
        assert problems == [], operation


def test_a_new_sandbox_has_queues_of_three_kinds(idle_sandbox: Bench) -> None:
    queues = {queue["jobQueueName"]: queue for queue in idle_sandbox.batch.describe_job_queues()["jobQueues"]}
    environments = idle_sandbox.batch.describe_compute_environments()["computeEnvironments"]

    assert set(queues) == {
        "ml-training-queue", "gpu-job-queue", "cpu-job-queue", "ci-job-queue", "fargate-queue", "finance-team-queue",
    }  # fmt: skip
    assert queues["fargate-queue"]["jobQueueType"] == "ECS_FARGATE"
    assert queues["ml-training-queue"]["computeEnvironmentOrder"] == [
        {"order": 1, "computeEnvironment": "arn:aws:batch:us-west-2:123456789012:compute-environment/gpu-small"}
    ]
    assert {environment["status"] for environment in environments} == {"VALID"}
    assert all(environment["ecsClusterArn"] for environment in environments)
