from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from jobs.models import Job, Submission
from jobs.pricing.usual_run import Pace
from jobs.reports.usual_runs import usual_runs
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def running(submission: Submission, minutes: float, **fields: Any) -> Job:
    return make.job(submission, state="RUNNING", started_at=now() - timedelta(minutes=minutes), **fields)


def test_running_jobs_are_measured_by_their_teams_last_runs_in_one_query_a_team(django_assert_num_queries):
    submission = make.submission(make.member())
    for _ in range(3):
        started = now() - timedelta(days=1)
        make.job(submission, state="SUCCEEDED", started_at=started, stopped_at=started + timedelta(minutes=10))
    early, late = running(submission, 5), running(submission, 60)
    array, waiting = running(submission, 60, array_size=3), make.job(submission, state="RUNNABLE")
    other = running(make.submission(make.member()), 60)

    with django_assert_num_queries(2):
        progress = usual_runs([early, late, array, waiting, other])

    assert {key: run.pace for key, run in progress.items()} == {early.pk: Pace.NORMAL, late.pk: Pace.FAR_BEYOND}
    assert progress[early.pk].median == 600
