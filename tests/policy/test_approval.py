"""What has to be agreed to by somebody else, and which edits of it raise what was asked for."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.policy.approval import Request, Thresholds, raised, reasons_to_wait
from jobs.policy.asks import JobAsk
from tests.policy.asked import ROLE, definition, job


def request(*asks: JobAsk, usd: str | None = "1.00", hours: str = "2") -> Request:
    named = {f"job-{number}": ask for number, ask in enumerate(asks or (job(),), start=1)}
    return Request("Research", named, None if usd is None else Decimal(usd), Decimal(hours))


def waits(asked: Request, **thresholds: Any) -> list[str]:
    return [reason.rule for reason in reasons_to_wait(asked, Thresholds(**thresholds))]


def edited(before: JobAsk, after: JobAsk, **after_is: Any) -> list[str]:
    return [reason.rule for reason in raised(request(before), request(after, **after_is))]


def sized(**of: int) -> JobAsk:
    names = {"vcpus": "VCPU", "memory": "MEMORY", "gpus": "GPU"}
    needs = [{"type": names[name], "value": str(value)} for name, value in of.items()]
    return job({"containerOverrides": {"resourceRequirements": needs}})


ARRAY = {"arrayProperties": {"size": 10}}
NODES = {
    "jobDefinitionName": "hello",
    "type": "multinode",
    "nodeProperties": {
        "numNodes": 2,
        "mainNode": 0,
        "nodeRangeProperties": [{"targetNodes": "0:", "container": {"image": "busybox"}}],
    },
}


# -- Waiting


def test_where_nothing_is_asked_about_nothing_waits():
    assert waits(request(job(ARRAY), usd=None, hours="9999")) == []


def test_a_price_above_the_threshold_waits_and_one_at_it_does_not():
    assert waits(request(usd="5.01"), usd=Decimal(5)) == ["approval.price"]
    assert waits(request(usd="5.00"), usd=Decimal(5)) == []


def test_a_price_that_nobody_knows_may_be_any():
    assert waits(request(usd=None), usd=Decimal(5)) == ["approval.price-unknown"]


def test_hours_above_the_threshold_wait_and_hours_at_it_do_not():
    assert waits(request(hours="10.5"), vcpu_hours=10) == ["approval.vcpu-hours"]
    assert waits(request(hours="10"), vcpu_hours=10) == []


def test_the_gpus_of_all_jobs_and_of_all_children_count_together():
    two = sized(gpus=2)

    assert waits(request(two, two), gpus=3) == ["approval.gpus"]
    assert waits(request(two, two), gpus=4) == []
    in_array = job({**ARRAY, "containerOverrides": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}})
    assert waits(request(in_array), gpus=9) == ["approval.gpus"]
    assert waits(request(in_array), gpus=10) == []


def test_the_largest_array_counts():
    assert waits(request(job(), job(ARRAY)), array_size=9) == ["approval.array-size"]
    assert waits(request(job(), job(ARRAY)), array_size=10) == []


def test_a_job_of_unknown_size_waits_where_sizes_are_asked_about():
    unsized = request(job(on=NODES))

    assert waits(unsized, vcpu_hours=1000) == ["approval.size-unknown"]
    assert waits(unsized, gpus=1000) == ["approval.size-unknown"]
    assert waits(unsized, usd=Decimal(1000)) == ["approval.price-unknown"]
    assert waits(unsized, array_size=1000) == []


# -- Edits


def test_an_edit_that_changes_nothing_raises_nothing():
    assert edited(job(), job()) == []


def test_a_price_that_goes_up_or_can_no_longer_be_told_is_raised():
    assert edited(job(), job(), usd="1.01") == ["edit.price"]
    assert edited(job(), job(), usd="0.50") == []
    assert edited(job(), job(), usd=None) == ["edit.price"]


def test_more_time_and_more_attempts_are_raised_and_less_is_not():
    limited, longer = (job({"timeout": {"attemptDurationSeconds": seconds}}) for seconds in (60, 61))
    tried = job({"retryStrategy": {"attempts": 2}})

    assert edited(limited, longer) == ["edit.time-limit"]
    assert edited(limited, job()) == ["edit.time-limit"]  # without a limit
    assert edited(longer, limited) == []
    assert edited(job(), tried) == ["edit.attempts"]
    assert edited(tried, job()) == []


@pytest.mark.parametrize("more", [{"vcpus": 3}, {"memory": 4096}, {"gpus": 1}])
def test_a_size_that_goes_up_is_raised(more: dict[str, int]):
    assert edited(job(), sized(**more)) == ["edit.size"]
    assert edited(sized(**more), job()) == []


def test_more_jobs_and_larger_arrays_are_raised():
    assert [reason.rule for reason in raised(request(job()), request(job(), job()))] == ["edit.count"]
    assert [reason.rule for reason in raised(request(job(), job()), request(job()))] == []
    assert edited(job(), job(ARRAY)) == ["edit.count"]


def test_another_queue_image_or_role_is_raised():
    assert edited(job(), job(queue_id=8, queue_name="gpu")) == ["edit.queue"]
    assert edited(job(), job(on=definition(image="alpine"))) == ["edit.image"]
    assert edited(job(), job(on=definition(jobRoleArn=ROLE))) == ["edit.role"]


def test_what_is_dangerous_and_was_not_asked_for_at_first_is_raised():
    privileged, strange = job(on=definition(privileged=True)), job({"teleport": True})

    assert edited(job(), privileged) == ["edit.power"]
    assert edited(privileged, privileged) == []
    assert edited(privileged, job()) == []
    assert edited(job(), strange) == ["edit.power"]
