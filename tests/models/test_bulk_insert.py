from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, transaction
from django.db.utils import IntegrityError

from jobs.models import Job, JobTag, Submission
from jobs.models.bulk_insert import bulk_insert, bulk_insert_instances, bulk_update
from jobs.models.ids import new_id
from jobs.models.planner_statistics import update_statistics
from jobs.states import Delivery, State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

PAST = datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
STRANGE = 'tab\t, line\n, quote " and \\N, ünïcode 🙂'


def stored_values(model: Any, pk: int) -> dict[str, Any]:
    """Return all but its key."""
    fields = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    values: dict[str, Any] = model.objects.filter(pk=pk).values(*fields).get()
    return values


def unsaved_job(submission: Submission, pk: int | None = None) -> Job:
    template = make.job(submission, state=State.SUCCEEDED)
    template.delete()
    template.pk, template.public_id, template.marker = pk, new_id(), STRANGE
    template.document = {"jobName": STRANGE, "none": None, "list": [1, 2.5, True]}
    template.tags, template.attempts = {}, [{"started_at": PAST.isoformat()}]
    template.vcpus, template.at_most_usd = Decimal("0.2500"), Decimal("12345.6789")
    template.delivery, template.accepted_at, template.ended_at = Delivery.SENT, PAST, PAST
    return template


def test_a_row_is_stored_as_django_stores_it_except_that_times_stay() -> None:
    submission = make.submission()
    ours = unsaved_job(submission, pk=-5)
    bulk_insert_instances(Job, [ours])
    stored = stored_values(Job, -5)
    Job.objects.filter(pk=-5).delete()
    ours.save(force_insert=True)

    assert {**stored_values(Job, ours.pk), "accepted_at": PAST} == stored
    assert stored["document"] == {"jobName": STRANGE, "none": None, "list": [1, 2.5, True]}


def test_rows_are_updated_as_django_updates_them() -> None:
    submission = make.submission()
    jobs = [make.job(submission, state=State.RUNNING) for _ in range(3)]
    fields = {"state": State.FAILED, "raw": {"text": STRANGE}, "attempts": [], "ended_at": PAST, "exit_code": None}
    bulk_update(Job, tuple(fields), [(job.pk, list(fields.values())) for job in jobs[:2]])
    stored = stored_values(Job, jobs[0].pk)
    Job.objects.filter(pk=jobs[2].pk).update(**fields)

    names = fields.keys()
    assert {name: stored[name] for name in names} == {name: stored_values(Job, jobs[2].pk)[name] for name in names}
    assert stored_values(Job, jobs[1].pk)["raw"] == {"text": STRANGE}
    bulk_update(Job, ("state",), [])


def test_rows_without_a_key_get_one_from_the_database() -> None:
    job = make.job(state=State.SUCCEEDED)
    rows = [(job.pk, job.team_id, "Project", STRANGE), (job.pk, job.team_id, "Department", "")]
    bulk_insert(JobTag, ("job", "team", "key", "value"), rows)
    bulk_insert_instances(JobTag, [JobTag(job=job, team=job.team, key="CostCenter", value="1")])
    JobTag.objects.create(job=job, team=job.team, key="Owner")

    assert sorted(JobTag.objects.values_list("key", "value")) == [
        ("CostCenter", "1"), ("Department", ""), ("Owner", ""), ("Project", STRANGE)
    ]  # fmt: skip


def test_nothing_is_stored_of_rows_of_which_one_is_refused() -> None:
    job = make.job(state=State.SUCCEEDED)
    rows = [(job.pk, job.team_id, "Project", "a"), (job.pk, job.team_id, "Project", "b")]
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk_insert(JobTag, ("job", "team", "key", "value"), rows)
    bulk_insert_instances(JobTag, [])

    assert not JobTag.objects.exists()


def test_statistics_are_of_what_the_tables_hold() -> None:
    make.job(state=State.SUCCEEDED)
    update_statistics()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'jobs_job'")
        else:
            cursor.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = 'jobs_job' AND idx = 'job_of_team'")
        assert float(str(cursor.fetchone()[0]).split()[0]) == 1


@pytest.mark.parametrize(("has_jobs", "plan", "updates"), [(True, ["one"], 1), (True, [], 0), (False, ["one"], 0)])
def test_statistics_are_updated_after_migrations_of_a_database_with_jobs(
    has_jobs, plan, updates, monkeypatch
) -> None:
    called: list[None] = []
    monkeypatch.setattr("jobs.models.planner_statistics.update_statistics", lambda: called.append(None))
    if has_jobs:
        make.job()

    emit_post_migrate_signal(verbosity=0, interactive=False, db="default", plan=plan)

    assert len(called) == updates
