"""The sandbox answers as AWS does, for every row of tests/aws_answers."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from jobs.sandbox import Sandbox
from tests.aws_answers import QUEUES, Row, rows
from tests.sandbox.bench import Bench

_numbers = itertools.count()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A sandbox that runs jobs at speed, with a fair-share queue and one of a cluster. Shared by a module."""
    with Sandbox(tmp_path_factory.mktemp("answers") / "state.sqlite3", delay=0.02) as running:
        bench = Bench(running.url)
        policy = bench.batch.create_scheduling_policy(name="fair", fairsharePolicy={})["arn"]
        bench.batch.create_job_queue(
            jobQueueName=QUEUES["fair-share"],
            priority=1,
            schedulingPolicyArn=policy,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "ec2-general"}],
        )
        bench.create_eks_queue(QUEUES["eks"])
        yield bench
        bench.close()


def send(aws: Bench, row: Row) -> str:
    """Send the row's request, and a plain job if that is to fail. Return the job's id, or an empty string."""
    if row.submission is None and row.answer != "fails":
        aws.batch.register_job_definition(**row.definition)
        return ""
    own_name = f"definition-{next(_numbers)}"
    aws.batch.register_job_definition(**{**row.definition, "jobDefinitionName": own_name})
    plain: Any = {"jobName": "a-job", "jobQueue": QUEUES[row.queue]}
    request: Any = {**(row.submission or plain), "jobDefinition": own_name}
    return aws.batch.submit_job(**request)["jobId"]


@pytest.mark.parametrize("row", rows("sandbox"))
def test_the_sandbox_answers_as_aws_does(aws: Bench, row: Row) -> None:
    if row.answer == "refused":
        refusal: type[Exception] = ParamValidationError if row.code == "ParamValidation" else ClientError
        with pytest.raises(refusal) as raised:
            send(aws, row)
        if isinstance(raised.value, ClientError):
            assert raised.value.response["Error"]["Code"] == row.code
            assert row.message in raised.value.response["Error"]["Message"]
            assert row.sandbox in raised.value.response["Error"]["Message"]
        return
    job_id = send(aws, row)
    if row.answer == "fails":
        job = aws.wait(job_id)
        assert job["status"] == "FAILED"
        assert row.message in f"{job['statusReason']} {job.get('container', {}).get('reason', '')}"
