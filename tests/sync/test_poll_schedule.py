"""What of a job's row, of AWS's description and of earlier jobs the next poll depends on."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.aws.batch import Observation
from jobs.models import Account, Job
from jobs.states import Delivery, State
from jobs.sync.poll_schedule import plan_polls
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = timedelta(hours=1)


def seconds_until_poll(job: Job, state: str = "", **facts: Any) -> float:
    """Return how long after AWS described the job so it is polled again; without a state, AWS didn't name it."""
    moment = now()
    observation = Observation(batch_id=job.batch_id or "", state=state, **facts) if state else None
    return (plan_polls([(job, observation)], moment)[job.pk] - moment).total_seconds()


@pytest.fixture
def account(db: None) -> Account:
    return make.account(poll_seconds=15)


def old_job(account: Account, **fields: Any) -> Job:
    submission = make.submission(where=account)
    return make.job(submission, **{"submitted_at": now() - 2 * HOUR, "state": State.RUNNABLE, **fields})


@pytest.mark.parametrize(
    ("state", "facts", "seconds"),
    [
        ("RUNNABLE", {}, 180),
        ("STARTING", {}, 15),
        ("RUNNING", {"started_at": HOUR}, 15),
        ("RUNNABLE", {"submitted_at": timedelta(minutes=20)}, 30),
        ("PENDING", {"array_summary": {"PENDING": 7, "RUNNABLE": 3}}, 180),
        ("PENDING", {"array_summary": {"RUNNABLE": 3, "SUCCEEDED": 7}}, 15),
        ("", {}, 180),
    ],
)
def test_what_aws_says_decides(account: Account, state: str, facts: dict[str, Any], seconds: float) -> None:
    times = {name: now() - fact if isinstance(fact, timedelta) else fact for name, fact in facts.items()}
    assert seconds_until_poll(old_job(account), state, **times) == seconds


def test_a_run_that_just_started_is_polled_soon_however_long_it_waited(account: Account) -> None:
    assert seconds_until_poll(old_job(account), "RUNNING", started_at=now() - timedelta(seconds=3.5)) == 3


@pytest.mark.parametrize(("seconds_ago", "seconds"), [(5, 5), (40, 180)])
def test_what_someone_views_is_polled_sooner(account: Account, seconds_ago: float, seconds: float) -> None:
    job = old_job(account, viewed_at=now() - timedelta(seconds=seconds_ago))
    assert seconds_until_poll(job, "RUNNABLE") == seconds


@pytest.mark.parametrize(
    ("delivery", "seconds"), [(Delivery.ACCEPTED, 5), (Delivery.SENT, 15), (Delivery.SKIPPED, 15)]
)
def test_a_job_after_whose_end_another_is_submitted_is_polled_sooner(
    account: Account, delivery: Delivery, seconds: float
) -> None:
    job = old_job(account)
    batch_id = "child" if delivery == Delivery.SENT else None
    child = make.job(job.submission, delivery=delivery, batch_id=batch_id, position=1)
    child.dependencies.create(parent=job, condition="success")

    assert seconds_until_poll(job, "RUNNING", started_at=now() - HOUR) == seconds


def test_a_run_is_polled_when_its_definition_usually_ends(account: Account) -> None:
    job = old_job(account)
    started_at = now() - HOUR
    for seconds in (95, 100, 105):
        make.job(
            job.submission,
            revision=job.revision,
            definition_id=job.definition_id,
            state=State.SUCCEEDED,
            started_at=started_at,
            stopped_at=started_at + timedelta(seconds=seconds),
            finished_attempts=1,
        )

    waits = [
        seconds_until_poll(job, "RUNNING", started_at=now() - timedelta(seconds=run_time))
        for run_time in (50, 91.5, 100)
    ]
    assert waits == [15, 3, 1]


@pytest.mark.parametrize(("interval", "statements"), [(1, 0), (15, 2)])
def test_at_the_shortest_interval_nothing_is_read(
    account: Account, django_assert_num_queries: Any, interval: int, statements: int
) -> None:
    jobs = [old_job(account) for _ in range(3)]
    Account.objects.update(poll_seconds=interval)
    Job.objects.update(team=jobs[0].team)
    rows = Job.objects.filter(pk__in=[job.pk for job in jobs]).select_related("account")
    observations = [(row, Observation(row.batch_id or "", "RUNNING", started_at=now() - HOUR)) for row in rows]
    with django_assert_num_queries(statements):
        plan_polls(observations, now())
