"""Words by which jobs are searched, and what is stored later for earlier jobs."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from jobs import periodic
from jobs.models import Job, JobTextBacklog, WaitBacklog, job_text_backlog, wait_backlog
from jobs.models.job_text import collect_words, job_words
from jobs.search.text import words
from tests import make
from tests.reports.job_names import names

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def submission():
    return make.submission()


def test_the_words_of_a_job_are_what_runs_and_no_secret(submission):
    definition = make.document("d") | {"parameters": {"epochs": "5"}}
    definition["containerProperties"] |= {
        "image": "registry.example.org/research/align:1.2",
        "command": ["python", "train.py", "Ref::epochs", "--password", "hunter22"],
        "environment": [{"name": "QUARTER", "value": "2026-Q3"}, {"name": "DB_PASSWORD", "value": "hunter22"}],
    }
    document = {
        "containerOverrides": {"environment": [{"name": "URL", "value": "https://me:hunter22@example.org/a"}]},
        "parameters": {"api_token": "hunter22"},
    }
    job = make.job(submission, name="nightly-7", document=document)
    words_of_job = job_words(job, definition, {"Project": "ALPHA", "secret": "hunter22"})

    assert not [word for word in words_of_job if "hunter22" in word]
    for text in ("nightly", "align", "train", "5", "2026", "q3", "example", job.text_id):
        assert set(words(text)) <= set(words_of_job), text
    assert "password" in words_of_job
    assert "quarter" not in words_of_job


def test_variables_and_parameters_are_found_by_name(submission):
    document = {
        "containerOverrides": {
            "environment": [{"name": "QUARTER", "value": "2026-Q3"}, {"name": "DB_PASSWORD", "value": "hunter22"}]
        },
        "parameters": {"dataset": "Q2 final"},
    }
    make.job(submission, name="a", document=document)
    make.index_words()

    for text in (
        "env.QUARTER:2026-Q3", "env.quarter:2026-q3,x", "env.QUARTER:2026*", "env.QUARTER:*", "env.DB_PASSWORD:*",
        'param.dataset:"q2 final"', "param.dataset:Q2*", "-env.QUARTER:2026-Q4",
    ):  # fmt: skip
        assert names(submission, text) == ["a"], text
    for text in (
        "env.QUARTER:2026",
        "env.DB_PASSWORD:hunter22",
        "hunter22",
        "QUARTER",
        "param.dataset:q2",
        "env.Q:*",
    ):
        assert names(submission, text) == [], text


def test_words_of_earlier_jobs_are_written_in_batches(submission, monkeypatch):
    monkeypatch.setattr(job_text_backlog, "BATCH_SIZE", 2)
    revisions = [make.revision(name, of=submission.team, where=submission.account) for name in ("hello", "other")]
    jobs = [
        make.job(submission, name=f"old-{number}", tags={"Project": "ALPHA"}, revision=revisions[number % 2])
        for number in range(5)
    ]
    make.index_words(jobs[-1:])
    JobTextBacklog.objects.create(below=jobs[-1].pk + 1)
    make.job(submission, name="without")

    assert job_text_backlog.index_backlog(0)
    assert not job_text_backlog.index_backlog(60)
    assert not job_text_backlog.has_backlog()
    assert names(submission, "old tag.project:alpha") == ["old-3", "old-2", "old-1", "old-0"]
    assert names(submission, "old") == ["old-4", "old-3", "old-2", "old-1", "old-0"]
    assert not job_text_backlog.index_backlog(60)


def test_words_of_earlier_jobs_are_read_outside_the_transaction_that_writes_them(submission, monkeypatch):
    jobs = [make.job(submission, name=f"old-{number}") for number in range(3)]
    JobTextBacklog.objects.create(below=jobs[-1].pk + 1)

    def collect_while_another_writes(rows: Any) -> Any:
        assert not connection.savepoint_ids
        texts = collect_words(rows)
        make.index_words(jobs[:1])
        return texts

    monkeypatch.setattr(job_text_backlog, "collect_words", collect_while_another_writes)
    assert not job_text_backlog.index_backlog(60)
    assert names(submission, "old") == ["old-2", "old-1", "old-0"]


def test_wait_times_of_earlier_jobs_are_stored_in_batches_and_others_stay(submission, monkeypatch):
    monkeypatch.setattr(wait_backlog, "BATCH_SIZE", 2)
    start = submission.created_at
    waits = (5, None, 7, 0, 9)
    jobs = [
        make.job(submission, name=str(wait), started_at=None if wait is None else start + timedelta(seconds=wait))
        for wait in waits
    ]
    Job.objects.update(accepted_at=start)
    WaitBacklog.objects.create(below=jobs[-1].pk + 1)
    make.job(submission, name="new", wait_ms=1, started_at=start)

    assert wait_backlog.fill_wait_backlog(0)
    assert names(submission, "", sort="-wait")[:2] == ["9", "new"]
    periodic.enqueue_wait_times()
    assert not wait_backlog.fill_wait_backlog(60)
    assert not wait_backlog.has_wait_backlog()
    assert names(submission, "", sort="-wait") == ["9", "7", "5", "new", "0", "None"]
    assert not wait_backlog.fill_wait_backlog(60)
