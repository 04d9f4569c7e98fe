"""Reads take the same work however long the history is, counted in steps of SQLite's virtual machine."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from bench.scale.addresses import addresses
from bench.scale.counters import counted_work
from bench.scale.world import World, add_history, build_world
from jobs.models import Account, JobCount, job_count
from jobs.pricing.metering import charge_due
from jobs.reports import dashboard, history
from jobs.states import Delivery, State
from tests import make

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

# What still reads more of a longer history: names are searched without an index. Costs aren't in question here: they
# are summed over the lines of a month.
GROWING = {"jobs: no such text"}


def work_by_page(world: World) -> dict[str, int]:
    client = Client()
    client.force_login(world.lead)
    works = {}
    for name, address in addresses(world).items():
        headers = {"authorization": f"Bearer {world.secret}"} if address.startswith("/api/") else {}
        with counted_work() as work:
            answer = client.get(address, headers=headers)
        assert answer.status_code in (200, 302), name
        works[name] = work.amount
    return works


@pytest.mark.long
def test_no_page_reads_more_of_a_longer_history(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("its steps are counted")
    monkeypatch.setattr(history, "COUNT_LIMIT", 50)
    monkeypatch.setattr(dashboard, "MAX_FAILURES_SCANNED", 10)
    world = build_world(1_000, people=3, active_jobs=5)
    before = work_by_page(world)
    add_history(4_000)
    after = work_by_page(world)

    growing = {
        name: (before[name], after[name])
        for name in after
        if "cost" not in name and after[name] > 1.5 * before[name] + 20_000
    }
    assert set(growing) == GROWING, growing


def test_the_counts_on_the_page_are_those_of_all_jobs() -> None:
    submission = make.submission()
    make.job(submission, state=State.RUNNING)
    make.job(submission, delivery=Delivery.WITHDRAWN, ended_at=now())
    for _ in range(2):
        make.job(submission, state=State.SUCCEEDED, ended_at=now())
    counted = job_count.count_by_status(submission.team)
    assert not JobCount.objects.exists()

    charge_due(Account.objects.get(pk=submission.account_id))

    assert {(row.state, row.number) for row in JobCount.objects.all()} == {("SUCCEEDED", 2), ("", 1)}
    assert job_count.count_by_status(submission.team) == counted
    assert counted == {("SENT", "RUNNING"): 1, ("WITHDRAWN", ""): 1, ("SENT", "SUCCEEDED"): 2}
    assert job_count.wrong_counts() == []


def test_wrong_counts_are_shown_and_rebuilt(capsys: pytest.CaptureFixture[str]) -> None:
    job = make.job(state=State.FAILED, ended_at=now(), charged_at=now())
    JobCount.objects.create(team=job.team, delivery=Delivery.SENT, state=State.SUCCEEDED, number=3)
    with pytest.raises(CommandError, match=r"SENT FAILED: 0 instead of 1\n.*SENT SUCCEEDED: 3 instead of 0"):
        call_command("rebuild_job_counts", check=True)

    call_command("rebuild_job_counts")

    assert job_count.count_by_status(job.team) == {("SENT", "FAILED"): 1, ("SENT", "SUCCEEDED"): 0}
    call_command("rebuild_job_counts", check=True)
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "The counts were wrong and have been rebuilt.",
        "The counts are correct.",
    ]
