"""Reads take the same work however long the history is.

On SQLite the steps of its virtual machine are compared for a short and a longer history. PostgreSQL says how many
rows each node of a plan reads; it plans as for a million jobs, since the believed sizes of its tables are multiplied.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from bench.scale.addresses import addresses_by_person
from bench.scale.counters import counted_work
from bench.scale.world import World, add_history, build_world
from jobs import periodic
from jobs.dispatch import claim
from jobs.models import Account, Job, JobCount, Team, job_count
from jobs.policy.grants import queue_usage
from jobs.pricing import run_statistics
from jobs.pricing.metering import charge_due
from jobs.reports import attention, causes, failure_families
from jobs.reports.costs import advice
from jobs.reports.job_search import conditions, pages, walk
from jobs.states import Delivery, State
from tests import make
from tests.query_plans import Query, Scan, multiply_believed_rows, recorded_queries, scans

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

JOBS = 5_000
SHORT_HISTORY = 1_000
BELIEVED_FACTOR = 200
LIMIT = 50
"""Of rows on a page, and here of jobs that are counted."""

READ_LIMIT = 100
"""Of jobs of the team that are read for a page; PostgreSQL may read those of the other team between them too."""

WALK_LIMIT = 500
"""Of jobs that are read in their order for the words of a search."""

# Rows that one node of a plan may read, of 2,500 jobs that a team has.
MAX_ROWS = 300
MORE_ROWS = {
    # The last 50 jobs of each definition.
    "definitions": 700,
    "team home": 350,
    "create": 700,
    # And the tags of the last 200 jobs.
    "workflow form": 700,
    "job form": 700,
    # Until 50 of those that are read failed.
    "jobs: failed, highest cost": 1_500,
}
# A search for words walks WALK_LIMIT jobs at most, then reads what the index of the words finds. With these sizes
# PostgreSQL takes the one or the other.
MAX_ROWS_OF_WORDS = WALK_LIMIT + 1
# What still reads more of a longer history: names are searched without an index.
GROWING_SEARCHES = {"jobs: text", "jobs: no such text"}


# Pages for which the short history has not enough jobs: it is read to its end, the longer one until they are full.
# Costs by day have one total for each day and value, of which a short history has few.
FILLED_BY_THE_LONGER = {
    "jobs: tag and failed",
    "jobs: run time above",
    "jobs: cost in a month",
    "jobs: an instance type in a month",
    "costs: half a year of days",
    # Words sorted by a column: all that match are read.
    "jobs of all teams: text, highest cost",
}


@dataclass(frozen=True)
class PageWork:
    steps: int
    """On SQLite."""
    queries: list[Query]


@pytest.mark.long
@pytest.mark.postgres_itself
def test_no_page_reads_more_of_a_longer_history(monkeypatch: pytest.MonkeyPatch, settings: LazySettings) -> None:
    settings.CACHES = {**settings.CACHES, "memory": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    monkeypatch.setattr(pages, "COUNT_LIMIT", LIMIT)
    monkeypatch.setattr(pages, "SEARCH_COUNT_LIMIT", LIMIT)
    monkeypatch.setattr(pages, "WALK_LIMIT", WALK_LIMIT)
    monkeypatch.setattr(conditions, "RARE_LIMIT", LIMIT)
    monkeypatch.setattr(walk, "READ_LIMIT", READ_LIMIT)
    monkeypatch.setattr(failure_families, "MAX_FAILURES_SCANNED", LIMIT)
    monkeypatch.setattr(attention, "MAX_FAILURES_SCANNED", 10)
    monkeypatch.setattr(run_statistics, "MAX_JOBS_SCANNED", LIMIT)
    monkeypatch.setattr(advice, "MAX_FAILURES", LIMIT)
    monkeypatch.setattr(advice, "MAX_LINES", LIMIT)
    if connection.vendor == "postgresql":
        world = build_world(JOBS, people=3, active_jobs=5, small_teams=0)
        multiply_believed_rows(BELIEVED_FACTOR)
        assert long_scans(work_by_page(world)) == {}
        return
    world = build_world(SHORT_HISTORY, people=3, active_jobs=5, small_teams=0)
    before = work_by_page(world)
    add_history(JOBS - SHORT_HISTORY)
    after = work_by_page(world)

    growing = {
        name: (before[name].steps, after[name].steps)
        for name in after
        if after[name].steps > 1.5 * before[name].steps + 20_000
    }
    assert set(growing) <= FILLED_BY_THE_LONGER, growing
    assert long_scans(after) == {}


def work_by_page(world: World) -> dict[str, PageWork]:
    """Return also the work of looking for something to do, by account."""
    caches["memory"].clear()
    works: dict[str, PageWork] = {}
    for person, addresses in addresses_by_person(world).items():
        client = Client()
        client.force_login(person)
        works |= {name: _page_work(client, address, world.secret) for name, address in addresses.items()}
    admin = Client()
    admin.force_login(make.admin())
    for name in ("health", "home", "queues_of_all"):
        works[f"{name} of staff"] = _page_work(admin, reverse(name), world.secret)
    for account in Account.objects.order_by("pk"):
        with counted_work() as work, recorded_queries() as queries:
            _look_for_work(account, world.team)
        works[f"work of {account.name}"] = PageWork(work.amount, queries)
    return works


def _page_work(client: Client, address: str, secret: str) -> PageWork:
    headers = {"authorization": f"Bearer {secret}"} if address.startswith("/api/") else {}
    with counted_work() as work, recorded_queries() as queries:
        answer = client.get(address, headers=headers)
    assert answer.status_code in (200, 302), address
    return PageWork(work.amount, queries)


def _look_for_work(account: Account, team: Team) -> None:
    """Ask what the clock and the workers ask again and again, and what counts against quotas."""
    for enqueue in (
        periodic.enqueue_deliveries,
        periodic.enqueue_stops,
        periodic.seconds_until_poll,
        periodic.enqueue_charges,
        periodic.enqueue_failed_children,
        periodic.enqueue_queue_snapshots,
    ):
        enqueue(account)
    claim._deliverable_ids(account, LIMIT)
    jobs = Job.objects.filter(account=account)
    list(jobs.active().order_by("next_poll_at", "pk")[:LIMIT])
    list(jobs.in_doubt())
    queues = list(team.queue_grants.values_list("queue", flat=True))
    queue_usage(team, queues)
    causes.unstartable_jobs(attention.live_jobs(team).waiting)


def long_scans(works: Mapping[str, PageWork]) -> dict[str, list[tuple[Scan, str]]]:
    """Return the scans that a page must not have, with their queries."""
    pages = {name: work for name, work in works.items() if name not in GROWING_SEARCHES | read_in_order(works)}
    scans_by_page = {
        name: [
            (scan, query.sql)
            for query in work.queries
            for scan in scans(query)
            if scan.is_unbounded or (scan.rows or 0) > max_rows(name, query)
        ]
        for name, work in pages.items()
    }
    return {name: of_page for name, of_page in scans_by_page.items() if of_page}


def read_in_order(names: Iterable[str]) -> set[str]:
    """Pages of many teams, which read all jobs in their order until the page is full: plans don't tell how many."""
    return {name for name in names if name.startswith("jobs of all teams") or name == "home, in each team"}


def max_rows(page: str, query: Query) -> int:
    return max(MORE_ROWS.get(page, MAX_ROWS), MAX_ROWS_OF_WORDS if '"jobs_jobtext"' in query.sql else 0)


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
