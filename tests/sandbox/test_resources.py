"""Queues, compute environments and scheduling policies: changed and deleted as on AWS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from jobs.sandbox import Sandbox
from tests.sandbox.bench import Bench


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[Bench]:
    """A sandbox for one test, in which no job starts."""
    with Sandbox(tmp_path / "state.sqlite3", delay=3600) as running:
        bench = Bench(running.url)
        yield bench
        bench.close()


def create_fair_queue(bench: Bench, name: str = "fair-queue", environment: str = "ec2-general") -> str:
    """Create a queue with a policy of its own; the policy's ARN."""
    arn = bench.batch.create_scheduling_policy(
        name=f"{name}-policy",
        fairsharePolicy={"shareDistribution": [{"shareIdentifier": "teamA", "weightFactor": 1}]},
    )["arn"]
    order: Any = [{"order": 1, "computeEnvironment": environment}]
    bench.batch.create_job_queue(
        jobQueueName=name, priority=1, computeEnvironmentOrder=order, schedulingPolicyArn=arn
    )
    return arn


def test_policies_are_listed_in_pages_changed_and_deleted_unless_a_queue_uses_them(own_bench: Bench) -> None:
    batch = own_bench.batch
    arns = [create_fair_queue(own_bench), *(batch.create_scheduling_policy(name=f"p{n}")["arn"] for n in range(2))]
    batch.update_scheduling_policy(arn=arns[1], fairsharePolicy={"computeReservation": 10})
    batch.delete_scheduling_policy(arn=arns[2])

    pages = batch.get_paginator("list_scheduling_policies").paginate(PaginationConfig={"PageSize": 1})
    assert [policy["arn"] for page in pages for policy in page["schedulingPolicies"]] == arns[:2]
    (changed,) = batch.describe_scheduling_policies(arns=[arns[1]])["schedulingPolicies"]
    assert changed["fairsharePolicy"] == {"computeReservation": 10}
    with pytest.raises(ClientError, match="JobQueue relationship"):
        batch.delete_scheduling_policy(arn=arns[0])
    with pytest.raises(ClientError, match="does not exist"):
        batch.update_scheduling_policy(arn=arns[2])


def test_a_policy_can_be_replaced_but_not_added_and_has_to_exist(own_bench: Bench) -> None:
    batch, first = own_bench.batch, create_fair_queue(own_bench)
    second = batch.create_scheduling_policy(name="second")["arn"]
    batch.update_job_queue(jobQueue="fair-queue", schedulingPolicyArn=second)

    (queue,) = batch.describe_job_queues(jobQueues=["fair-queue"])["jobQueues"]
    assert queue["schedulingPolicyArn"] == second
    for name, arn in (("cpu-job-queue", first), ("fair-queue", f"{second}-gone")):
        with pytest.raises(ClientError, match=r"schedulingPolicyArn|does not exist"):
            batch.update_job_queue(jobQueue=name, schedulingPolicyArn=arn)


def test_a_queue_is_deleted_when_it_is_disabled_and_its_jobs_are_terminated(own_bench: Bench) -> None:
    batch = own_bench.batch
    own_bench.define()
    job_id = own_bench.submit()
    array = own_bench.submit(arrayProperties={"size": 2})
    with pytest.raises(ClientError, match="DISABLED"):
        batch.delete_job_queue(jobQueue="cpu-job-queue")
    batch.update_job_queue(jobQueue="cpu-job-queue", state="DISABLED")
    batch.delete_job_queue(jobQueue="cpu-job-queue")

    assert batch.describe_job_queues(jobQueues=["cpu-job-queue"])["jobQueues"] == []
    assert [own_bench.describe(one)["status"] for one in (job_id, array, f"{array}:1")] == ["FAILED"] * 3
    with pytest.raises(ClientError, match="JobQueue cpu-job-queue does not exist"):
        own_bench.submit()


@pytest.mark.process
def test_a_queue_with_running_and_waiting_jobs_can_be_deleted(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "state.sqlite3", delay=0.02, vcpus=1) as small:
        bench = Bench(small.url)
        bench.define("job", "sleep", "60")
        ids = [bench.submit() for _ in range(3)]
        bench.wait_for(ids[0], "RUNNING")
        bench.batch.update_job_queue(jobQueue="cpu-job-queue", state="DISABLED")
        bench.batch.delete_job_queue(jobQueue="cpu-job-queue")

        assert [bench.wait(job_id)["statusReason"] for job_id in ids] == ["Job queue deleted"] * 3
        assert bench.wait(bench.submit(jobQueue="ci-job-queue"), lambda job: job["status"] == "RUNNING")
        bench.close()


def test_an_environment_is_changed_and_deleted_when_no_queue_uses_it(own_bench: Bench) -> None:
    batch = own_bench.batch
    batch.update_compute_environment(
        computeEnvironment="gpu-small", state="DISABLED", computeResources={"maxvCpus": 3}
    )
    (environment,) = batch.describe_compute_environments(computeEnvironments=["gpu-small"])["computeEnvironments"]
    assert (environment["state"], environment["computeResources"]["maxvCpus"]) == ("DISABLED", 3)
    assert environment["computeResources"]["instanceTypes"] == ["g4dn.xlarge", "g4dn.12xlarge"]

    with pytest.raises(ClientError, match="Cannot delete, found existing JobQueue relationship"):
        batch.delete_compute_environment(computeEnvironment="gpu-small")
    for name in ("ml-training-queue", "gpu-job-queue"):
        order: Any = [{"order": 1, "computeEnvironment": "ec2-general"}]
        batch.update_job_queue(jobQueue=name, computeEnvironmentOrder=order)
    batch.delete_compute_environment(computeEnvironment="gpu-small")
    assert batch.describe_compute_environments(computeEnvironments=["gpu-small"])["computeEnvironments"] == []
    with pytest.raises(ClientError, match="DISABLED"):
        batch.delete_compute_environment(computeEnvironment="ec2-general")


def test_a_fair_share_queue_needs_a_share_and_a_priority_and_a_fifo_queue_takes_neither(own_bench: Bench) -> None:
    create_fair_queue(own_bench)
    own_bench.define()
    own_bench.define("prior", schedulingPriority=3)
    with pytest.raises(ClientError, match=r"shareIdentifier must be specified\."):
        own_bench.submit(jobQueue="fair-queue", schedulingPriorityOverride=1)
    with pytest.raises(
        ClientError, match="Either schedulingPriority in job definition or schedulingPriorityOverride"
    ):
        own_bench.submit(jobQueue="fair-queue", shareIdentifier="teamA")
    for wrong in ("a-b", "a*b", "x" * 256):
        with pytest.raises(ClientError, match="alphanumeric"):
            own_bench.submit(jobQueue="fair-queue", shareIdentifier=wrong, schedulingPriorityOverride=1)
    for change in ({"shareIdentifier": "teamA"}, {"schedulingPriorityOverride": 7}):
        with pytest.raises(ClientError, match="can only be submitted to job queue with fair share scheduling policy"):
            own_bench.submit(**change)

    job = own_bench.describe(own_bench.submit("prior", jobQueue="fair-queue", shareIdentifier="teamA*"))
    assert (job["shareIdentifier"], job["schedulingPriority"]) == ("teamA*", 3)
    assert own_bench.submit(jobQueue="fair-queue", shareIdentifier="teamA", schedulingPriorityOverride=0)


def test_stopping_an_unknown_job_succeeds_as_on_aws(own_bench: Bench) -> None:
    for stop in (own_bench.batch.cancel_job, own_bench.batch.terminate_job):
        assert stop(jobId="unknown", reason="x")["ResponseMetadata"]["HTTPStatusCode"] == 200
