"""Migrations on PostgreSQL with rows: there a change of rows can forbid a change of the table in one transaction."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils.timezone import now

from jobs.models import Approval, Job
from jobs.models.wait_backlog import fill_wait_backlog
from tests import make

BEFORE_SORTING = "0036_step_attempts"

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.postgres_itself,
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def _migrated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave a database up to date; within, load no squashed migrations, from which no way leads back."""
    if connection.vendor != "postgresql" or settings.MIGRATION_MODULES:
        pytest.skip("about tables that migrations made in PostgreSQL; test_upgrade is about SQLite")
    load_disk = MigrationLoader.load_disk

    def load_single(loader: MigrationLoader) -> None:
        load_disk(loader)
        single = {key: each for key, each in loader.disk_migrations.items() if key[0] != "jobs" or not each.replaces}
        loader.disk_migrations = single

    monkeypatch.setattr(MigrationLoader, "load_disk", load_single)
    yield
    call_command("migrate", interactive=False, verbosity=0)


@pytest.mark.usefixtures("_migrated")
def test_jobs_with_costs_and_times_get_what_they_are_sorted_by() -> None:
    end = now()
    job = make.job(state="SUCCEEDED", started_at=end - timedelta(minutes=2), stopped_at=end, charged_at=end)
    Job.objects.filter(pk=job.pk).update(accepted_at=end - timedelta(minutes=5))
    repeated = [make.job(job.submission, repeats=job, step=step, position=step) for step in (1, 2, 3)]
    Job.objects.filter(pk__in=[row.pk for row in repeated[:2]]).update(accepted_at=end)
    approval = make.approval(job.submission)
    call_command("migrate", "jobs", BEFORE_SORTING, interactive=False, verbosity=0)
    call_command("migrate", interactive=False, verbosity=0)

    assert Job.objects.get(pk=job.pk).run_ms == 120_000
    assert Job.objects.get(pk=job.pk).wait_ms == 0
    assert not fill_wait_backlog(60)
    assert Job.objects.get(pk=job.pk).wait_ms == 180_000
    assert Approval.objects.get(pk=approval.pk).requester == job.submission.person
    first, second, other = (Job.objects.get(pk=row.pk).rerun for row in repeated)
    assert first == second
    assert first is not None
    assert first.created_at == end
    assert other not in (first, None)
