"""Why a job waits: one cause of all that apply, with its words."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from jobs.causes import (
    CAUSES,
    WAITING_CAUSES,
    Action,
    Cause,
    QueuePlace,
    QueueState,
    TeamUsage,
    WaitingFacts,
    waiting_cause,
)
from jobs.causes.sizes import NextSize
from jobs.causes.waiting import CONFIRMATION
from jobs.spec.placement import EnvironmentFacts
from jobs.states import Delivery, State

SMALL = EnvironmentFacts("cpu-ce", "EC2", "ENABLED", "VALID", max_vcpus=16, instance_types=("m5.4xlarge",))
SPOT = EnvironmentFacts("spot-ce", "SPOT", "ENABLED", "VALID", max_vcpus=16, instance_types=("m5.4xlarge",))
DISABLED = EnvironmentFacts("off-ce", "EC2", "DISABLED", "VALID", max_vcpus=256, instance_types=("m5.16xlarge",))
INVALID = EnvironmentFacts("bad-ce", "EC2", "ENABLED", "INVALID", status_reason="CLIENT_ERROR - Access denied")
MISCONFIGURATION = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - No connected instance meets the requirements."
CAPACITY = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - Service cannot fulfill the capacity requested."
FULL = (TeamUsage("Research", Decimal(10)), TeamUsage("", Decimal(4)))


def size(vcpus: int, memory_mib: int = 2048) -> NextSize:
    return NextSize("EC2", Decimal(vcpus), memory_mib)


def queue(*environments: EnvironmentFacts, **fields: Any) -> QueueState:
    return QueueState("cpu-queue", environments=environments or (SMALL,), **fields)


CASES: list[tuple[dict[str, Any], Cause, str, str]] = [
    ({"delivery": Delivery.AWAITING}, Cause.APPROVAL, "warn",
     "Waiting for approval by a team lead or an administrator."),
    ({"delivery": Delivery.HELD}, Cause.HELD, "warn", "Held until a team lead releases or withdraws it."),
    ({"delivery": Delivery.ACCEPTED}, Cause.NOT_SENT, "wait", "Accepted by the portal, not sent to AWS Batch yet."),
    ({"delivery": Delivery.ACCEPTED, "account_problem": "Connection refused."}, Cause.AWS_UNREACHABLE, "warn",
     "Not sent yet: the portal can't reach AWS. Connection refused."),
    ({"delivery": Delivery.ACCEPTED, "parents": ("a", "b")}, Cause.DEPENDENCIES, "wait",
     "Waiting for a and b to be sent first."),
    ({"delivery": Delivery.ACCEPTED, "held_for": ("a",)}, Cause.DEPENDENCIES, "wait", "Waiting for a to end."),
    ({"state": State.PENDING, "parents": ("a",)}, Cause.DEPENDENCIES, "wait", "Waiting for a to succeed."),
    ({"queue": queue(state="DISABLED")}, Cause.QUEUE_DISABLED, "warn",
     "cpu-queue is disabled: it accepts no new jobs. AWS Batch may still start the jobs in it."),
    ({"queue": queue(state="DISABLED"), "place": QueuePlace(2)}, Cause.QUEUE_POSITION, "wait",
     "Place 2 in cpu-queue, behind 1 job."),
    ({"queue": queue(status="INVALID", status_reason="x")}, Cause.QUEUE_INVALID, "bad",
     "No job starts in cpu-queue: it is invalid."),
    ({"queue": queue(is_removed=True)}, Cause.QUEUE_INVALID, "bad",
     "No job starts in cpu-queue: it no longer exists in AWS."),
    ({"queue": queue(INVALID), "size": size(2)}, Cause.ENVIRONMENT_INVALID, "bad",
     "No job starts in cpu-queue: its compute environment bad-ce is invalid."),
    ({"queue": queue(DISABLED)}, Cause.ENVIRONMENT_DISABLED, "bad",
     "No job starts in cpu-queue: its compute environment off-ce is disabled."),
    ({"queue": queue(DISABLED, SMALL), "size": size(32)}, Cause.ENVIRONMENT_DISABLED, "bad",
     "No job starts in cpu-queue: its compute environment off-ce is disabled, and no other one fits the job."),
    ({"size": size(32)}, Cause.FITS_NOTHING, "bad",
     "The job can never start. The job asks for 32 vCPU, but cpu-ce has only 16."),
    ({"reason": MISCONFIGURATION, "reason_age": CONFIRMATION}, Cause.MISCONFIGURATION, "bad",
     "The job can't start: no instance type of cpu-queue meets the job's requirements."),
    ({"reason": MISCONFIGURATION, "reason_age": CONFIRMATION - timedelta(seconds=1)}, Cause.MISCONFIGURATION, "warn",
     "AWS Batch reports that the job can't start: no instance type of cpu-queue meets the job's requirements."),
    ({"reason": "MISCONFIGURATION:SOMETHING_NEW - x", "reason_age": CONFIRMATION}, Cause.MISCONFIGURATION, "bad",
     "The job can't start: AWS Batch reports a misconfiguration of cpu-queue."),
    ({"reason": CAPACITY}, Cause.INSUFFICIENT_CAPACITY, "wait", "AWS has no instance for cpu-queue at the moment."),
    ({"reason": CAPACITY, "reason_age": CONFIRMATION}, Cause.INSUFFICIENT_CAPACITY, "warn",
     "AWS has no instance for cpu-queue at the moment."),
    ({"reason": CAPACITY, "queue": queue(SPOT)}, Cause.SPOT_CAPACITY, "wait",
     "AWS has no Spot capacity for cpu-queue at the moment."),
    ({"reason": "UNDETERMINED - x"}, Cause.BLOCKED, "wait", "AWS Batch reports that cpu-queue is blocked."),
    ({"size": size(4), "usage": FULL, "place": QueuePlace(3)}, Cause.MAX_VCPUS, "wait",
     "cpu-queue is full: 14 of 16 vCPU are in use (Research 10, other teams 4)."),
    ({"size": size(2), "usage": FULL, "place": QueuePlace(3)}, Cause.QUEUE_POSITION, "wait",
     "Place 3 in cpu-queue, behind 2 jobs."),
    ({"place": QueuePlace(2)}, Cause.QUEUE_POSITION, "wait", "Place 2 in cpu-queue, behind 1 job."),
    ({"place": QueuePlace(None)}, Cause.QUEUE_POSITION, "wait", "Behind the first 100 jobs in cpu-queue."),
    ({"place": QueuePlace(2), "queue": queue(is_fair_share=True), "share": "blue"}, Cause.FAIR_SHARE, "wait",
     ("Place 2 in cpu-queue, behind 1 job. Its fair-share policy orders the jobs of share blue by priority and "
     "recent use.")),
    ({"place": QueuePlace(1), "resources": ("licence",)}, Cause.CONSUMABLE_RESOURCE, "wait",
     "The job may be waiting for licence."),
    ({"place": QueuePlace(1)}, Cause.SCHEDULING, "wait", "AWS Batch is looking for capacity in cpu-queue."),
    ({"waited": timedelta(minutes=5)}, Cause.CAPACITY, "wait", "Waiting for capacity in cpu-queue."),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "cause", "tone", "sentence"), CASES)
def test_what_is_known_leads_to_one_cause_with_its_words(
    fields: dict[str, Any], cause: Cause, tone: str, sentence: str
) -> None:
    explanation = waiting_cause(WaitingFacts(**{"queue": queue(), **fields}))

    assert (explanation.cause, explanation.tone, explanation.sentence) == (cause, tone, sentence)
    assert explanation.action is CAUSES[cause].action


def test_each_cause_of_a_wait_is_among_the_examples() -> None:
    assert {cause for _, cause, _, _ in CASES} == WAITING_CAUSES


def test_what_can_never_end_comes_before_what_passes() -> None:
    facts = WaitingFacts(queue=queue(), size=size(32), usage=FULL, place=QueuePlace(9), reason=CAPACITY)

    assert waiting_cause(facts).cause is Cause.FITS_NOTHING


def test_the_reason_of_an_invalid_environment_is_shown_as_awss() -> None:
    explanation = waiting_cause(WaitingFacts(queue=queue(INVALID), size=size(2)))

    assert explanation.aws_messages == ("bad-ce: CLIENT_ERROR - Access denied",)
    assert explanation.action is Action.OTHER_QUEUE


def test_teams_that_the_reader_may_not_see_are_counted_without_their_names() -> None:
    usage = [TeamUsage(name, Decimal(vcpus)) for name, vcpus in (("a", 1), ("b", 2), ("c", 3), ("d", 4), ("", 5))]
    facts = WaitingFacts(queue=queue(), size=size(2), usage=tuple(usage))

    assert waiting_cause(facts).sentence.endswith("15 of 16 vCPU are in use (d 4, c 3, b 2, other teams 6).")


def test_the_reason_of_an_earlier_attempt_is_no_blocked_reason() -> None:
    facts = WaitingFacts(queue=queue(), reason="Essential container in task exited", finished_attempts=1)
    explanation = waiting_cause(facts)

    assert explanation.cause is Cause.SCHEDULING
    assert explanation.evidence == ("Waiting for attempt 2",)


@pytest.mark.parametrize(
    ("place", "evidence"),
    [
        (QueuePlace(1), ("First in the queue",)),
        (QueuePlace(3, timedelta(seconds=59)), ("Place 3 in the queue",)),
        (QueuePlace(3, timedelta(seconds=150)), ("Place 3 in the queue", "Place read 2 min ago")),
        (QueuePlace(None), ("Behind the first 100 jobs of the queue",)),
    ],
)
def test_the_place_in_the_queue_is_evidence_of_another_cause(place: QueuePlace, evidence: tuple[str, ...]) -> None:
    assert waiting_cause(WaitingFacts(queue=queue(), reason=CAPACITY, place=place)).evidence == evidence


def test_a_size_that_can_not_be_compared_is_no_reason_to_say_never() -> None:
    assert waiting_cause(WaitingFacts(queue=queue(), size=None, usage=FULL)).cause is Cause.SCHEDULING
