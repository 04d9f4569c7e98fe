import os
import socket
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from bench.scale.counters import counted_work
from bench.scale.world import add_history, build_world
from jobs.management.commands import clock
from jobs.models import Job, Lease, LeaseKeeper, Queue
from jobs.models.database_writes import DatabaseWrites
from jobs.models.planner_statistics import update_statistics
from jobs.periodic import IdlePeriod, PeriodicTasks, PortalTask, periodic_tasks, run_due_tasks
from jobs.states import Delivery, State
from tests import make
from tests.live_db import in_thread

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]

# Statements that go by the time of a clock, not by the seconds of a test.
TIMED = ("databasegeneration", "jobs_lease", "SAVEPOINT", "BEGIN", "COMMIT")


def test_a_ring_that_was_lost_is_rung_again_by_the_clock(enqueued):
    make.job()

    run_due_tasks(periodic_tasks(), 0)

    assert "deliver" in enqueued


def test_nothing_is_rung_for_when_there_is_nothing_to_do(enqueued):
    make.job(state=State.SUCCEEDED)

    run_due_tasks(periodic_tasks(), 0)

    assert set(enqueued) == {"sync_queues", "update_statistics"}


def test_statistics_are_updated_once_a_day_however_many_clocks_and_accounts_there_are(enqueued):
    make.account(), make.account()
    for seconds in (0, 601):
        run_due_tasks(periodic_tasks(), seconds)
        run_due_tasks(periodic_tasks(), seconds)

    assert enqueued.count("update_statistics") == 1


@pytest.fixture
def polled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The accounts that the clock polls, instead of AWS."""
    accounts: list[int] = []
    monkeypatch.setattr("jobs.periodic.poll", lambda account: accounts.append(account.pk))
    return accounts


def test_active_jobs_are_polled_and_stopped_ones_told(enqueued, polled):
    job = make.job(state=State.RUNNING, stop_requested_at="2026-01-01T00:00Z")

    run_due_tasks(periodic_tasks(), 0)

    assert "stop" in enqueued
    assert polled == [job.account_id]


@pytest.mark.long
def test_each_duty_keeps_its_own_pace(enqueued):
    make.job()
    work = periodic_tasks()
    for second in range(4):
        run_due_tasks(work, float(second))

    assert enqueued.count("deliver") == 2


def test_one_duty_that_fails_leaves_the_others_alone(monkeypatch, polled):
    monkeypatch.setattr("jobs.periodic.enqueue_deliveries", lambda _account: 1 / 0)
    job = make.job(state=State.RUNNING)

    run_due_tasks(periodic_tasks(), 0)

    assert polled == [job.account_id]


def test_one_clock_works_and_another_waits_until_its_lease_lapses():
    span = timedelta(seconds=15)
    assert Lease.acquire("clock", "a", span)
    assert Lease.acquire("clock", "a", span)
    assert not Lease.acquire("clock", "b", span)

    Lease.objects.update(until="2026-01-01T00:00Z")
    assert Lease.acquire("clock", "b", span)
    Lease.release("clock", "a")
    assert not Lease.acquire("clock", "a", span)


def test_a_lease_is_of_its_name():
    span = timedelta(seconds=15)
    assert Lease.acquire("clock", "a", span)
    assert Lease.acquire("another", "b", span)
    assert not Lease.acquire("another", "a", span)

    Lease.objects.filter(name="clock").update(until="2026-01-01T00:00Z")
    assert Lease.acquire("another", "b", span)
    assert Lease.objects.get(name="clock").owner == "a"
    assert Lease.acquire("clock", "b", span)
    Lease.release("clock", "b")
    assert [lease.name for lease in Lease.objects.all()] == ["another"]


@pytest.mark.parametrize("theirs", [False, True])
def test_a_clock_works_while_it_has_the_lease_and_gives_it_up_at_its_end(monkeypatch, theirs):
    if theirs:
        assert Lease.acquire("clock", "another", timedelta(seconds=15))
    ended = threading.Event()
    monkeypatch.setattr(ended, "wait", lambda _seconds: ended.set())
    worked: list[list[str]] = []
    monkeypatch.setattr(clock, "threading", SimpleNamespace(Event=lambda: ended))
    monkeypatch.setattr(
        clock, "run_due_tasks", lambda *_: worked.append(list(Lease.objects.values_list("owner", flat=True)))
    )
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr(clock.Command, "check", lambda *_, **__: None)
    monkeypatch.setattr(clock, "close_old_connections", lambda: None)
    clock.Command().handle()

    assert worked == ([] if theirs else [[f"{socket.gethostname()}-{os.getpid()}"]])
    assert [lease.owner for lease in Lease.objects.all()] == ["another"] * theirs


def test_a_job_that_waits_for_another_is_not_rung_for(enqueued):
    parent = make.job()
    child = make.job(parent.submission)
    child.dependencies.create(parent=parent)
    Job.objects.filter(pk=parent.pk).update(delivery="HELD")

    run_due_tasks(periodic_tasks(), 0)

    assert "deliver" not in enqueued


def test_the_clock_is_told_when_the_next_poll_is_due(polled):
    job = make.job(state=State.RUNNING, next_poll_at=now() + timedelta(seconds=0.9))
    tasks = polls()

    wait = run_due_tasks(tasks, 0.0)
    assert 0.05 < wait <= 0.9
    Job.objects.filter(pk=job.pk).update(next_poll_at=now())
    assert run_due_tasks(tasks, wait - 0.01) == 1.0
    assert polled == []
    assert run_due_tasks(tasks, wait) == 1.0
    assert polled == [job.account_id]


def test_an_account_that_throttles_is_not_polled(polled):
    where = make.account(status={"backoff_until": now() + timedelta(minutes=1)})
    make.job(make.submission(where=where), state=State.RUNNING)

    run_due_tasks(periodic_tasks(), 0)

    assert polled == []


def test_a_lease_is_written_when_a_third_of_it_has_passed_by_either_clock(monkeypatch):
    seconds, moment = [100.0], [now()]
    monkeypatch.setattr("jobs.models.lease.time", SimpleNamespace(monotonic=lambda: seconds[0]))
    monkeypatch.setattr("jobs.models.lease.now", lambda: moment[0])
    keeper = LeaseKeeper("clock", "a", timedelta(seconds=15))

    def writes(monotonic: float, wall: float) -> int:
        seconds[0] += monotonic
        moment[0] += timedelta(seconds=wall)
        with CaptureQueriesContext(connection) as queries:
            assert keeper.keep()
        return len(queries)

    assert writes(0, 0) > 0
    assert [writes(*passed) for passed in ((2, 2), (2, 2), (2, 2), (1, 9), (9, 1), (1, -3600))] == [0, 0, 1, 1, 1, 1]
    assert writes(1, 1) == 0
    keeper.release()
    assert not Lease.objects.exists()


def test_a_lease_that_another_took_is_not_kept(monkeypatch):
    keeper = LeaseKeeper("clock", "a", timedelta(seconds=15))
    assert keeper.keep()
    Lease.objects.update(until="2026-01-01T00:00Z")
    assert Lease.acquire("clock", "b", timedelta(seconds=15))
    monkeypatch.setattr("jobs.models.lease.now", lambda: now() + timedelta(seconds=6))

    assert not keeper.keep()


def test_an_idle_minute_costs_the_clock_few_statements_and_redis_and_aws_none(enqueued, polled):
    make.job(state=State.SUCCEEDED, ended_at=now(), charged_at=now())
    Queue.objects.update(compared_at=now())
    lease, tasks = LeaseKeeper("clock", "a", timedelta(seconds=15)), periodic_tasks()
    lease.keep()
    run_due_tasks(tasks, 0.0)
    enqueued.clear()
    with CaptureQueriesContext(connection) as queries:
        for second in range(1, 61):
            lease.keep()
            assert run_due_tasks(tasks, float(second)) == 1.0

    assert (enqueued, polled) == ([], [])
    # the accounts and the next poll every second, the rest less often
    assert len([query for query in queries if not any(word in query["sql"] for word in TIMED)]) == 312


def test_what_the_clock_asks_the_database_takes_no_longer_the_longer_the_history(polled):
    if connection.vendor != "sqlite":
        pytest.skip("the steps of SQLite are counted")
    build_world(300, people=1, active_jobs=3, small_teams=0)
    update_statistics()

    def steps() -> int:
        tasks = tuple(task for task in periodic_tasks() if task.name != "comparison")
        with counted_work() as work:
            run_due_tasks(tasks, 0.0)
            Job.objects.next_delivery_at()
        return work.amount

    before = steps()
    add_history(1_500)
    update_statistics()
    assert steps() <= before + 1_000


class KnownWrites(DatabaseWrites):
    """Notices what a test says: on PostgreSQL other databases of the server count too, as those of other tests."""

    has_unseen = True

    def have_occurred(self) -> bool:
        unseen, self.has_unseen = self.has_unseen, False
        return unseen

    def ignore(self) -> None:
        self.has_unseen = False

    def write(self) -> None:
        self.has_unseen = True


def polls() -> PeriodicTasks:
    return tuple(task for task in periodic_tasks() if task.name == "polls")


def seconds_with_passes(
    tasks: PeriodicTasks, idle: IdlePeriod, start: int, end: int, pass_time: Callable[[int], None] | None = None
) -> list[int]:
    """The seconds in which the clock asked for the accounts."""
    passes = []
    for second in range(start, end):
        if pass_time:
            pass_time(second)
        idle.notice_writes(float(second))
        with CaptureQueriesContext(connection) as queries:
            run_due_tasks(tasks, float(second), None, idle)
        if any("jobs_account" in query["sql"] for query in queries):
            passes.append(second)
    return passes


def test_an_idle_portal_is_asked_every_ten_seconds_and_at_once_after_a_write(enqueued, polled):
    make.job(state=State.SUCCEEDED, ended_at=now(), charged_at=now())
    writes = KnownWrites()
    idle = IdlePeriod(writes)

    assert seconds_with_passes(polls(), idle, 0, 45) == [*range(10), 10, 20, 30, 40]
    writes.write()
    assert seconds_with_passes(polls(), idle, 45, 70) == [*range(45, 55), 55, 65]


def test_the_clock_does_not_rest_while_a_job_is_active(enqueued, polled):
    make.job(state=State.RUNNING, next_poll_at=now() + timedelta(minutes=5))

    assert seconds_with_passes(polls(), IdlePeriod(KnownWrites()), 0, 30) == [*range(30)]


@pytest.fixture
def pass_time(time_machine) -> Callable[[int], None]:
    """Set the time to so many seconds after the start of the test."""
    start = now()
    time_machine.move_to(start, tick=False)
    return lambda second: time_machine.move_to(start + timedelta(seconds=second), tick=False)


@pytest.mark.parametrize(
    ("delivery", "ends"),
    [
        (Delivery.SENDING, {"lease_until": 23}),
        (Delivery.SENDING, {"lease_until": -60, "next_try_at": 23}),
        (Delivery.ACCEPTED, {"next_try_at": 23}),
        (Delivery.ACCEPTED, {"lease_until": 23, "next_try_at": 600}),
    ],
)
def test_an_idle_portal_is_asked_as_soon_as_a_lease_or_a_delay_ends(polled, pass_time, delivery, ends):
    job = make.job(delivery=delivery)
    Job.objects.filter(pk=job.pk).update(**{name: now() + timedelta(seconds=end) for name, end in ends.items()})

    passes = seconds_with_passes(polls(), IdlePeriod(KnownWrites()), 0, 50, pass_time)

    assert passes == [*range(10), 10, 20, *range(23, 33), 33, 43]


def test_what_waits_no_longer_keeps_an_idle_portal_busy(enqueued, polled, pass_time):
    """Sent meanwhile by another, or never to be sent: neither is expected anew."""
    job = make.job(delivery=Delivery.SENDING, lease_until=now() + timedelta(seconds=23))
    make.job(delivery=Delivery.HELD, next_try_at=now() + timedelta(seconds=25))
    idle = IdlePeriod(KnownWrites())

    assert seconds_with_passes(polls(), idle, 0, 15, pass_time) == [*range(11)]
    Job.objects.filter(pk=job.pk).update(delivery=Delivery.HELD)
    assert seconds_with_passes(polls(), idle, 15, 50, pass_time) == [20, 30, 40]


def test_an_idle_portal_probes_an_account_as_soon_as_its_breaker_may_retry(monkeypatch, polled, pass_time):
    breaker = {"breaker_opened_at": now(), "breaker_retry_at": now() + timedelta(seconds=23)}
    account = make.account(status=breaker)
    probes: list[datetime] = []
    monkeypatch.setattr("jobs.periodic.probe", lambda _: probes.append(now()))

    passes = seconds_with_passes(polls(), IdlePeriod(KnownWrites()), 0, 50, pass_time)

    assert probes[0] == account.status.breaker_retry_at
    assert passes == [*range(10), 10, 20, *range(23, 33), 33, 43]


@pytest.mark.parametrize("waits", [False, True])
def test_an_idle_minute_with_and_without_what_waits_costs_the_clock_as_many_statements(
    enqueued, polled, pass_time, waits
):
    job = make.job(state=State.SUCCEEDED, ended_at=now(), charged_at=now())
    if waits:
        make.job(job.submission, delivery=Delivery.SENDING, lease_until=now() + timedelta(minutes=5))
    tasks = tuple(task for task in periodic_tasks() if task.name != "comparison")
    idle = IdlePeriod(KnownWrites())
    seconds_with_passes(tasks, idle, 0, 15, pass_time)

    with CaptureQueriesContext(connection) as queries:
        assert seconds_with_passes(tasks, idle, 15, 75, pass_time) == [20, 30, 40, 50, 60, 70]
    assert len([query for query in queries if not any(word in query["sql"] for word in TIMED)]) == 98


def test_what_the_clock_itself_wrote_is_no_reason_to_ask(enqueued, polled):
    make.account()
    writes = KnownWrites()
    tasks = (PortalTask("writes", 3, writes.write), *polls())

    assert seconds_with_passes(tasks, IdlePeriod(writes), 0, 30) == [*range(10), 10, 20]


def test_a_write_of_another_connection_is_noticed_once():
    writes = DatabaseWrites()
    writes.have_occurred()
    in_thread(make.team)

    assert writes.have_occurred()
    if connection.vendor == "sqlite":  # on PostgreSQL others may write at any time
        assert not writes.have_occurred()
        in_thread(make.team)
        writes.ignore()
        assert not writes.have_occurred()
