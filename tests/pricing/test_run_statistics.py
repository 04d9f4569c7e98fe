"""How long jobs usually wait and run, from the team's newest jobs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.models import Job, JobDependency
from jobs.pricing.metering import GOOD_RUNS
from jobs.pricing.run_statistics import SAMPLE_SIZE, RunStatistics, run_statistics
from jobs.spec.command_key import command_key
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def submission():
    member = make.member()
    queue = make.queue("cpu", teams=(member.team,))
    make.revision("hello", of=member.team, where=queue.account)
    return make.submission(member, queue.account)


def ended_job(submission: Any, waited: float, ran: float, **fields: Any) -> Job:
    begun = now()
    return make.job(
        submission,
        **{
            "state": "SUCCEEDED",
            "submitted_at": begun - timedelta(seconds=waited),
            "started_at": begun,
            "stopped_at": begun + timedelta(seconds=ran),
            **fields,
        },
    )


def read(job: Job) -> RunStatistics:
    return run_statistics(job.team, {job.queue_id}, {job.definition_id})


def test_failed_jobs_tell_how_long_one_waits_and_not_how_long_one_runs(submission):
    ended_job(submission, 5, 100)
    job = ended_job(submission, 7, 900, state="FAILED")
    told = read(job)

    assert told.waits[job.queue_id].count == 2
    assert (told.runs[job.definition_id].count, told.runs[job.definition_id].median) == (1, 100)


def test_a_job_that_waited_for_others_tells_how_long_one_runs_and_not_how_long_one_waits(submission):
    parent = ended_job(submission, 5, 100)
    child = ended_job(submission, 900, 100)
    JobDependency.objects.create(job=child, parent=parent)
    told = read(child)

    assert (told.waits[child.queue_id].count, told.waits[child.queue_id].high) == (1, 5)
    assert told.runs[child.definition_id].count == 2


def test_of_an_array_the_mean_of_its_good_runs_counts(submission):
    array = ended_job(submission, 5, 9999, array_size=10)
    line = {"day": now().date(), "team": array.team, "account": array.account, "queue": array.queue}
    array.cost_lines.create(
        **line,
        attempt=GOOD_RUNS,
        definition=array.definition,
        person=submission.person,
        succeeded=True,
        runs=8,
        billed_seconds=80,
    )
    told = read(array)

    assert told.runs[array.definition_id].median == 10
    assert array.queue_id not in told.waits


@pytest.mark.long
def test_only_the_newest_count_whatever_else_the_team_runs(submission):
    old = [ended_job(submission, 1, 1) for _ in range(3)]
    other = make.revision("other", of=submission.team, where=submission.account)
    for _ in range(SAMPLE_SIZE):
        ended_job(submission, 2, 50, revision=old[0].revision)
        ended_job(submission, 2, 7, revision=other)
    told = read(old[0])

    assert (told.runs[old[0].definition_id].count, told.runs[old[0].definition_id].low) == (SAMPLE_SIZE, 50)
    assert told.waits[old[0].queue_id].low == 2
    assert other.definition_id not in told.runs


def test_another_teams_jobs_tell_nothing(submission):
    job = ended_job(submission, 5, 100)
    elsewhere = make.submission(make.member(make.team()), submission.account)
    ended_job(elsewhere, 5, 9999, queue=job.queue, revision=job.revision)

    assert read(job).runs[job.definition_id].count == 1


def test_the_history_tells_sizes_and_commands_apart(submission):
    long = {"containerOverrides": {"command": ["train", "--epochs", "9"]}, "parameters": {"b": "2", "a": "1"}}
    for seconds in (1, 2, 3):
        job = ended_job(submission, 5, 100 * seconds, vcpus=2, memory_mib=2048, document=long)
        ended_job(submission, 5, seconds, vcpus=2, memory_mib=2048)
        ended_job(submission, 5, 5000, vcpus=8, memory_mib=2048)
    history = run_statistics(job.team, (), {job.definition_id}, with_commands=True).history

    def median(vcpus: int, document: Any) -> float | None:
        usual = history.like(job.definition_id, (Decimal(vcpus), 2048, 0), command_key(document))
        return usual.median if usual else None

    assert median(2, {**long, "parameters": {"a": "1", "b": "2"}, "timeout": {}}) == 200
    assert median(2, {}) == 2
    assert median(8, {}) == 5000
    assert median(4, {}) is None
