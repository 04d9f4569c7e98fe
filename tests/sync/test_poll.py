from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.models import Account, Job
from jobs.states import State
from jobs.sync.poll import poll
from tests import make, wire

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def describes(*jobs: dict[str, Any]) -> wire.Answer:
    return wire.says(200, {"jobs": list(jobs)})


def test_an_end_is_copied_whole_at_first_sight():
    ended = {
        "jobId": "j-1",
        "jobName": "x",
        "status": "FAILED",
        "statusReason": "Essential container in task exited",
        "createdAt": 1_700_000_000_000,
        "startedAt": 1_700_000_010_000,
        "stoppedAt": 1_700_000_020_000,
        "container": {"exitCode": 3, "reason": "OutOfMemoryError", "logStreamName": "x/default/1"},
        "attempts": [{"container": {"exitCode": 3, "logStreamName": "x/default/1"}, "stoppedAt": 1_700_000_020_000}],
        "schedulingPriority": 7,
    }
    with wire.wire(describes(ended)) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)), batch_id="j-1")
        assert poll(job.account).changed == [job.pk]

    job.refresh_from_db()
    assert (job.state, job.exit_code, job.container_reason) == ("FAILED", 3, "OutOfMemoryError")
    assert (job.stopped_at - job.started_at).total_seconds() == 10
    assert job.log_stream == "x/default/1"
    assert job.raw["schedulingPriority"] == 7  # kept, though no column asks for it
    assert job.ended_at is not None


def test_a_hundred_jobs_are_one_call_and_what_has_ended_costs_none():
    with wire.wire(describes()) as aws:
        submission = make.submission(where=make.account(endpoint_url=aws.url))
        for _ in range(100):
            make.job(submission, state=State.RUNNING)
        make.job(submission, state=State.SUCCEEDED)
        poll(submission.account)

    assert [len(request["jobs"]) for _, request in aws.requests] == [100]


def test_a_job_that_aws_does_not_name_yet_is_not_given_up():
    with wire.wire(describes()) as aws:
        job = make.job(make.submission(where=make.account(endpoint_url=aws.url)), batch_id="j-1")
        poll(job.account)

    job.refresh_from_db()
    assert job.state == State.SUBMITTED
    assert job.missing_since is not None


def test_a_job_that_aws_has_forgotten_is_lost_and_never_called_failed():
    with wire.wire(describes()) as aws:
        job = make.job(
            make.submission(where=make.account(endpoint_url=aws.url)),
            state=State.RUNNING,
            submitted_at=now() - timedelta(hours=2),
            missing_since=now() - timedelta(minutes=6),
        )
        poll(job.account)

    job.refresh_from_db()
    assert job.state == State.LOST
    assert [change.state for change in job.history.all()] == ["LOST"]


def test_when_aws_is_away_the_account_says_so_and_nothing_changes():
    job = make.job(make.submission(where=make.account(endpoint_url="http://127.0.0.1:9")), state=State.RUNNING)
    poll(job.account)

    account = Account.objects.get(pk=job.account_id)
    assert account.trouble
    assert account.polled_at is None
    assert Job.objects.get(pk=job.pk).state == State.RUNNING
