"""What has to be agreed to by somebody else, and which edits of it raise what was asked for."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from jobs.policy.approval import ApprovalThresholds, DailyUsage, SubmissionSummary, approval_reasons, escalations
from jobs.policy.requests import JobRequest
from tests.policy.samples import ROLE, definition, job


def request(*asks: JobRequest, usd: str | None = "1.00", hours: str | None = "2") -> SubmissionSummary:
    """A submission with what it costs and takes at most."""
    named = {f"job-{number}": ask for number, ask in enumerate(asks or (job(),), start=1)}
    cost, vcpu_hours = (None if each is None else Decimal(each) for each in (usd, hours))
    return SubmissionSummary("Research", named, cost, vcpu_hours, person="Ana")


def approval_rules(asked: SubmissionSummary, **thresholds: Any) -> list[str]:
    return [reason.rule for reason in approval_reasons(asked, ApprovalThresholds(**thresholds))]


def escalation_rules(before: JobRequest, after: JobRequest, **after_is: Any) -> list[str]:
    return [reason.rule for reason in escalations(request(before), request(after, **after_is))]


def job_of_size(**of: int) -> JobRequest:
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
    assert approval_rules(request(job(ARRAY), usd=None, hours="9999")) == []


def messages(asked: SubmissionSummary, **thresholds: Any) -> list[str]:
    return [reason.message for reason in approval_reasons(asked, ApprovalThresholds(**thresholds))]


def test_a_highest_cost_above_the_threshold_waits_and_one_at_it_does_not():
    assert approval_rules(request(usd="5.0001"), usd=Decimal(5)) == ["approval.price"]
    assert approval_rules(request(usd="5.00"), usd=Decimal(5)) == []
    assert messages(request(usd="5.0001"), usd=Decimal(5)) == [
        "The maximum cost is $5.01. Research requires approval above $5.00."
    ]


def test_an_unknown_highest_cost_waits_and_says_which_job_has_no_time_limit():
    limited = job({"timeout": {"attemptDurationSeconds": 60}})

    assert approval_rules(request(usd=None), usd=Decimal(5)) == ["approval.price-unknown"]
    assert "“job-2” has no time limit." in messages(request(limited, job(), usd=None), usd=Decimal(5))[0]
    assert "there is no rate for a job." in messages(request(limited, usd=None), usd=Decimal(5))[0]


def test_vcpu_hours_above_the_threshold_or_unknown_wait_and_those_at_it_do_not():
    assert approval_rules(request(hours="10.5"), vcpu_hours=10) == ["approval.vcpu-hours"]
    assert approval_rules(request(hours="10"), vcpu_hours=10) == []
    assert approval_rules(request(hours=None), vcpu_hours=10) == ["approval.vcpu-hours-unknown"]


# -- A person's day


def today(asked: SubmissionSummary, **used: Any) -> SubmissionSummary:
    return replace(asked, today=DailyUsage(**used))


def test_a_cost_that_passes_alone_waits_when_it_is_too_much_with_the_rest_of_the_day():
    assert approval_rules(today(request(usd="1"), usd=Decimal("4.0001")), usd=Decimal(5)) == ["approval.price-of-day"]
    assert approval_rules(today(request(usd="1"), usd=Decimal(4)), usd=Decimal(5)) == []
    assert approval_rules(today(request(usd="6"), usd=Decimal(4)), usd=Decimal(5)) == ["approval.price"], "said once"
    [message] = messages(today(request(usd="1"), usd=Decimal("4.20")), usd=Decimal(5))
    assert message == (
        "With Ana's other jobs today ($4.20), the maximum cost is $5.20. "
        "Research requires approval above $5.00 per person and day."
    )


def test_vcpu_hours_count_for_the_day_too():
    assert approval_rules(today(request(hours="2"), vcpu_hours=Decimal("8.5")), vcpu_hours=10) == [
        "approval.vcpu-hours-of-day"
    ]
    assert approval_rules(today(request(hours="2"), vcpu_hours=Decimal(8)), vcpu_hours=10) == []
    assert approval_rules(today(request(hours="12"), vcpu_hours=Decimal(8)), vcpu_hours=10) == ["approval.vcpu-hours"]


def test_other_jobs_whose_ceiling_is_unknown_may_take_anything():
    assert approval_rules(today(request(), unknown_usd=1), usd=Decimal(5)) == ["approval.price-of-day"]
    assert approval_rules(today(request(), unknown_vcpu_hours=2), vcpu_hours=10) == ["approval.vcpu-hours-of-day"]
    assert approval_rules(today(request(), unknown_usd=1), vcpu_hours=10) == []
    assert approval_rules(today(request(), unknown_vcpu_hours=1), usd=Decimal(5)) == []


def test_gpus_count_with_those_of_jobs_that_have_not_ended():
    assert approval_rules(today(request(job_of_size(gpus=2)), gpus=3), gpus=4) == ["approval.gpus-of-day"]
    assert approval_rules(today(request(job_of_size(gpus=2)), gpus=2), gpus=4) == []
    assert approval_rules(today(request(), gpus=9), gpus=4) == [], "it takes none"
    assert approval_rules(today(request(job_of_size(gpus=5)), gpus=3), gpus=4) == ["approval.gpus"]


def test_array_jobs_count_with_those_of_the_day():
    assert approval_rules(today(request(job(ARRAY)), array_jobs=1), array_size=10) == ["approval.array-size-of-day"]
    assert approval_rules(today(request(job(ARRAY)), array_jobs=1), array_size=11) == []
    assert approval_rules(today(request(), array_jobs=99), array_size=10) == [], "it has none"
    assert approval_rules(today(request(job(ARRAY)), array_jobs=1), array_size=9) == ["approval.array-size"]


# -- GPUs, arrays, sizes


def test_the_gpus_of_all_jobs_and_of_all_children_count_together():
    two = job_of_size(gpus=2)

    assert approval_rules(request(two, two), gpus=3) == ["approval.gpus"]
    assert approval_rules(request(two, two), gpus=4) == []
    in_array = job({**ARRAY, "containerOverrides": {"resourceRequirements": [{"type": "GPU", "value": "1"}]}})
    assert approval_rules(request(in_array), gpus=9) == ["approval.gpus"]
    assert approval_rules(request(in_array), gpus=10) == []


def test_the_jobs_of_all_arrays_count_together():
    assert approval_rules(request(job(), job(ARRAY)), array_size=9) == ["approval.array-size"]
    assert approval_rules(request(job(), job(ARRAY)), array_size=10) == []
    assert approval_rules(request(job(ARRAY), job(ARRAY)), array_size=19) == ["approval.array-size"]


def test_a_job_of_unknown_size_waits_where_sizes_are_asked_about():
    unsized = request(job(on=NODES))

    assert approval_rules(unsized, vcpu_hours=1000) == ["approval.size-unknown"]
    assert approval_rules(unsized, gpus=1000) == ["approval.size-unknown"]
    assert approval_rules(unsized, usd=Decimal(1000)) == ["approval.price-unknown"]
    assert approval_rules(unsized, array_size=1000) == []


# -- Edits


def test_an_edit_that_changes_nothing_raises_nothing():
    assert escalation_rules(job(), job()) == []


def test_a_price_that_goes_up_or_can_no_longer_be_told_is_raised():
    assert escalation_rules(job(), job(), usd="1.01") == ["edit.price"]
    assert escalation_rules(job(), job(), usd="0.50") == []
    assert escalation_rules(job(), job(), usd=None) == ["edit.price"]


def test_more_time_and_more_attempts_are_raised_and_less_is_not():
    limited, longer = (job({"timeout": {"attemptDurationSeconds": seconds}}) for seconds in (60, 61))
    tried = job({"retryStrategy": {"attempts": 2}})

    [longer_limit] = escalations(request(limited), request(longer))
    assert (longer_limit.rule, longer_limit.message) == (
        "edit.time-limit",
        "The time limit of “job-1” changed from 1 min to 1 min 1 s.",
    )
    assert escalation_rules(limited, job()) == ["edit.time-limit"]  # without a limit
    assert escalation_rules(longer, limited) == []
    assert escalation_rules(job(), tried) == ["edit.attempts"]
    assert escalation_rules(tried, job()) == []


@pytest.mark.parametrize("more", [{"vcpus": 3}, {"memory": 4096}, {"gpus": 1}])
def test_a_size_that_goes_up_is_raised(more: dict[str, int]):
    assert escalation_rules(job(), job_of_size(**more)) == ["edit.size"]
    assert escalation_rules(job_of_size(**more), job()) == []


def test_more_jobs_and_larger_arrays_are_raised():
    assert [reason.rule for reason in escalations(request(job()), request(job(), job()))] == ["edit.count"]
    assert [reason.rule for reason in escalations(request(job(), job()), request(job()))] == []
    assert escalation_rules(job(), job(ARRAY)) == ["edit.count"]


def test_another_queue_image_or_role_is_raised():
    assert escalation_rules(job(), job(queue_id=8, queue_name="gpu")) == ["edit.queue"]
    assert escalation_rules(job(), job(on=definition(image="alpine"))) == ["edit.image"]
    assert escalation_rules(job(), job(on=definition(jobRoleArn=ROLE))) == ["edit.role"]


def test_what_is_dangerous_and_was_not_asked_for_at_first_is_raised():
    privileged, strange = job(on=definition(privileged=True)), job({"teleport": True})

    assert escalation_rules(job(), privileged) == ["edit.power"]
    assert escalation_rules(privileged, privileged) == []
    assert escalation_rules(privileged, job()) == []
    assert escalation_rules(job(), strange) == ["edit.power"]
