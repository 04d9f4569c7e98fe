"""The instances on which jobs run, from the first poll to the receipt."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from jobs.aws.batch import Observation
from jobs.models import ContainerInstance, InstancePrice, InstanceType, Job
from jobs.pricing import metering
from jobs.pricing.job_size import known_instances, priced_size, with_instances
from jobs.pricing.rates import read_rates
from jobs.pricing.receipt import BilledAttempt, build_receipt
from jobs.states import State
from jobs.sync import apply
from jobs.sync.container_instances import GONE, read_due_instances
from tests import http_wire, make

pytestmark = pytest.mark.django_db

ARN = "arn:aws:ecs:us-west-2:123456789012:container-instance/general_Batch_6f1c/0a1b"
SPOT = {
    "computeEnvironmentName": "general",
    "state": "ENABLED",
    "status": "VALID",
    "computeResources": {"type": "SPOT", "instanceTypes": ["m5", "c5"]},
}
FOUND = {
    "containerInstances": [
        {
            "containerInstanceArn": ARN,
            "ec2InstanceId": "i-0123",
            "attributes": [{"name": "ecs.instance-type", "value": "m5.xlarge"}],
        }
    ]
}


def running_job(url: str) -> Job:
    """A job that is observed to run on the instance."""
    submission = make.submission(where=make.account(endpoint_url=url))
    size = {"platform": "EC2", "vcpus": Decimal(1), "memory_mib": 8192}
    job = make.job(submission, state=State.STARTING, batch_id="b-1", **size)
    job.queue.environments = [SPOT]
    job.queue.save()
    apply.apply(job, Observation("b-1", "RUNNING", raw={"container": {"containerInstanceArn": ARN}}), source="poll")
    return job


def test_an_instance_is_looked_up_while_the_job_runs_and_prices_it():
    with http_wire.wire(http_wire.reply(200, FOUND)) as aws:
        job = running_job(aws.url)
        read_due_instances(job.account)
        read_due_instances(job.account)
        assert len(aws.requests) == 1

    row = ContainerInstance.objects.get()
    assert (row.instance_type, row.purchase_option, row.error) == ("m5.xlarge", "SPOT", "")

    InstancePrice.objects.all().delete()
    m5, _ = InstanceType.objects.get_or_create(name="m5.xlarge", defaults={"vcpus": 4, "memory_mib": 16384})
    InstancePrice.objects.create(
        instance_type=m5, region="us-west-2", purchase_option="SPOT", usd_per_hour="0.07", valid_from="2020-01-01"
    )
    start = datetime(2026, 11, 3, 9, tzinfo=UTC)
    stop = start + timedelta(hours=1)
    job.attempts = [{"started_at": start.isoformat(), "stopped_at": stop.isoformat(), "container_instance": ARN}]
    job.state, job.ended_at = State.SUCCEEDED, now()
    job.save()
    metering.charge(job)

    line = job.cost_lines.get()
    assert (line.usd, line.instance_type) == (Decimal("0.035"), "m5.xlarge")  # 8 of 16 GiB
    assert line.receipt["basis"] == "instance"
    assert line.receipt["shares"][0]["purchase_option"] == "SPOT"


def test_without_permission_the_reason_is_kept_and_it_is_tried_again_later():
    denied = http_wire.reply(400, {"message": "not allowed"}, "AccessDeniedException")
    with http_wire.wire(denied) as aws:
        job = running_job(aws.url)
        read_due_instances(job.account)
        read_due_instances(job.account)
        assert len(aws.requests) == 1

    row = ContainerInstance.objects.get()
    assert "not allowed" in row.error
    run = BilledAttempt(now() - timedelta(hours=1), now(), succeeded=True, container_instance=ARN)
    (attempt,) = with_instances([run], known_instances(job.account_id, [run]))
    (line,) = build_receipt(priced_size(job), [attempt], read_rates()).lines
    assert "not allowed" in line.notes[0]
    assert not ContainerInstance.objects.due(now()).exists()
    assert ContainerInstance.objects.due(now() + timedelta(hours=1)).get() == row


def test_an_instance_that_is_gone_is_not_looked_up_again():
    with http_wire.wire(http_wire.reply(200, {"containerInstances": [], "failures": []})) as aws:
        job = running_job(aws.url)
        read_due_instances(job.account)

    row = ContainerInstance.objects.get()
    assert (row.error, row.instance_type) == (GONE, "")
    assert row.read_at is not None
