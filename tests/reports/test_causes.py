"""What the portal knows of jobs that wait or failed, read for many of them at once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from jobs.actions.queue_snapshot import FAILURE_INTERVAL, REQUEST_INTERVAL, request_snapshots
from jobs.causes import Cause
from jobs.models import DeliveryAttempt, Job, Queue, QueueSnapshot, Submission
from jobs.reports.causes import explanations, unstartable_jobs
from jobs.states import Delivery, State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ENVIRONMENT = {
    "computeEnvironmentName": "cpu-ce",
    "state": "ENABLED",
    "status": "VALID",
    "computeResources": {"type": "EC2", "maxvCpus": 16, "instanceTypes": ["m5.4xlarge"]},
}


@pytest.fixture
def queue() -> Queue:
    return make.queue(name="cpu", environments=[ENVIRONMENT])


def waiting(queue: Queue, **fields: Any) -> Job:
    values = {"state": State.RUNNABLE, "vcpus": 4, "memory_mib": 1024, "submitted_at": now()} | fields
    submission = Submission.objects.first() or make.submission(where=queue.account)
    return make.job(submission, queue=queue, batch_id=f"j-{Job.objects.count()}", **values)


def explain(job: Job, viewer: Any) -> Any:
    return explanations([job], viewer)[job.pk]


def test_a_full_queue_names_the_teams_that_the_reader_may_see(queue: Queue) -> None:
    own, other = make.team("research"), make.team("finance")
    member = make.member(own)
    waiting(queue, team=own, state=State.RUNNING, vcpus=10)
    waiting(queue, team=other, state=State.STARTING, vcpus=2)
    array = {"RUNNING": 1, "STARTING": 1, "RUNNABLE": 5}
    waiting(queue, team=other, state=State.PENDING, vcpus=1, array_size=7, array_summary=array)
    job = waiting(queue, team=own)

    full = "cpu is full: 14 of 16 vCPU are in use"
    assert explain(job, member.user).sentence == f"{full} (Research 10, other teams 4)."
    assert explain(job, make.admin()).sentence == f"{full} (Research 10, Finance 4)."
    assert explain(job, other).sentence == f"{full} (Finance 4, other teams 10)."


def test_a_queue_with_the_same_compute_environment_takes_its_capacity(queue: Queue) -> None:
    neighbour = make.queue(name="night", of=queue.account, environments=[ENVIRONMENT])
    elsewhere = make.queue(name="gpu", of=queue.account, environments=[])
    waiting(neighbour, state=State.RUNNING, vcpus=16)
    waiting(elsewhere, state=State.RUNNING, vcpus=16)

    assert "16 of 16 vCPU" in explain(waiting(queue), make.admin()).sentence


def test_the_place_in_the_queue_is_that_of_the_last_snapshot(queue: Queue) -> None:
    job = waiting(queue)
    array = waiting(queue, state=State.PENDING, array_size=2, array_summary={"RUNNABLE": 2})
    young = waiting(queue)
    ids = ["other", f"{array.batch_id}:1", job.batch_id]
    QueueSnapshot.objects.create(queue=queue, job_ids=ids, read_at=now())
    explained = explanations([job, array, young], make.admin())

    assert explained[job.pk].sentence == "Place 3 in cpu, behind 2 jobs."
    assert explained[array.pk].sentence == "Place 2 in cpu, behind 1 job."
    assert explained[young.pk].cause is Cause.SCHEDULING
    QueueSnapshot.objects.update(read_at=now() - timedelta(hours=1))
    assert explain(job, make.admin()).cause is Cause.SCHEDULING


def test_a_reason_counts_once_it_is_seen_again_after_five_minutes(queue: Queue) -> None:
    seen = now()
    reason = {"status_reason": "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - x", "reason_since": seen}
    fresh = waiting(queue, observed_at=seen + timedelta(minutes=4), **reason)
    confirmed = waiting(queue, observed_at=seen + timedelta(minutes=5), **reason)
    explained = explanations([fresh, confirmed], make.admin())

    assert [explained[job.pk].tone for job in (fresh, confirmed)] == ["warn", "bad"]


def test_a_job_of_several_nodes_is_not_compared_with_one_instance(queue: Queue) -> None:
    job = waiting(queue, vcpus=64, raw={"nodeProperties": {"numNodes": 4}})
    resources = {"consumableResourceList": [{"consumableResource": "arn:x:consumable-resource/licence"}]}
    other = waiting(queue, raw={"consumableResourceProperties": resources})
    explained = explanations([job, other], make.admin())

    assert explained[job.pk].cause is Cause.SCHEDULING
    assert explained[other.pk].sentence == "The job may be waiting for licence."


def test_a_terminated_host_of_a_queue_with_spot_only_was_reclaimed(queue: Queue) -> None:
    spot = {**ENVIRONMENT, "computeResources": {"type": "SPOT", "maxvCpus": 16}}
    spot_queue = make.queue(name="spot", of=queue.account, environments=[spot])
    jobs = [
        waiting(of, state=State.FAILED, status_reason="Host EC2 (instance i-1) terminated.", ended_at=now())
        for of in (queue, spot_queue)
    ]

    assert [explain(job, make.admin()).cause for job in jobs] == [Cause.HOST_TERMINATED, Cause.SPOT_RECLAIMED]


def test_jobs_that_can_never_start_are_found(queue: Queue, django_assert_num_queries: Any) -> None:
    waiting(queue, state=State.RUNNING, vcpus=16)
    in_line, too_large = waiting(queue), waiting(queue, vcpus=32)
    with django_assert_num_queries(2):
        ((job, explanation),) = unstartable_jobs([in_line, too_large])

    assert (job, explanation.cause) == (too_large, Cause.FITS_NOTHING)
    assert explanation.sentence == "The job can never start. The job asks for 32 vCPU, but cpu-ce has only 16."


def test_a_list_says_who_refused_a_job(queue: Queue) -> None:
    by_aws, by_portal = (
        make.job(queue=queue, delivery=Delivery.REFUSED, delivery_note=note, ended_at=now())
        for note in ("Invalid queue", "Not allowed")
    )
    DeliveryAttempt.objects.create(
        job=by_aws, epoch=1, marked_at=now(), outcome="refused", detail="Invalid queue", request_id="r-1"
    )
    explained = explanations([by_aws, by_portal], make.admin())

    assert explained[by_aws.pk].sentence == "AWS Batch refused the job. Nothing ran."
    assert explained[by_portal.pk].sentence == "The portal refused the job. Nothing ran."


def test_a_list_is_explained_in_five_queries_of_any_length(queue: Queue) -> None:
    admin, team = make.admin(), make.team()
    counts = []
    for _ in range(2):
        for state in (State.RUNNABLE, State.RUNNING, State.FAILED):
            waiting(queue, team=team, state=state, vcpus=Decimal(1))
        jobs = list(Job.objects.all())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            explained = explanations(jobs, admin)
        counts.append((len(explained), len(queries)))

    assert counts == [(2, 5), (4, 5)]
    assert explanations([], admin) == {}


def enqueued(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr("jobs.actions.queue_snapshot.enqueue_on_commit", lambda *args, **_: calls.append(args))
    return calls


def test_the_front_of_a_queue_is_read_once_for_all_who_look(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = enqueued(monkeypatch)
    for _ in range(3):
        request_snapshots({queue.pk: queue.account_id})
    assert calls == [("queue_snapshot", queue.pk)]

    QueueSnapshot.objects.update(requested_at=now() - REQUEST_INTERVAL)
    request_snapshots({queue.pk: queue.account_id})
    assert len(calls) == 2


def test_a_queue_whose_front_could_not_be_read_is_left_alone_for_longer(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = enqueued(monkeypatch)
    QueueSnapshot.objects.create(queue=queue, error="Denied.", requested_at=now() - REQUEST_INTERVAL)
    request_snapshots({queue.pk: queue.account_id})
    assert calls == []

    QueueSnapshot.objects.update(requested_at=now() - FAILURE_INTERVAL)
    request_snapshots({queue.pk: queue.account_id})
    assert len(calls) == 1
