"""How long it takes until all is well again, by the real clock and with the portal's own leases and quarantines.

The deaths come one after another and are then waited out together, so that a minute's lease is waited for once.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis

from tests.chaos.caller import job
from tests.chaos.promises import broken_promises
from tests.chaos.staff import is_paused, parent_of, send_signal
from tests.chaos.world import REAL_QUARANTINE, Database, World, world

LEASE = 60.0  # the portal's: `jobs.dispatch.claim`
JOBS = 20
# Twice the longest of the promised times: what takes longer is not late, but lost.
PATIENCE = 180.0


@dataclass(frozen=True)
class Trouble:
    """What goes wrong with one job, and how soon it has to be sent and known for all that."""

    name: str
    words: str
    within: float
    place: str = ""  # the failpoint at which its worker dies, parent and task
    wire: tuple[Any, ...] = ()  # or what AWS does to its request


TROUBLES = (
    Trouble("claimed", "worker killed after the claim", 70, place="claimed"),
    Trouble("marking", "worker killed before the intent was committed", 70, place="marking"),
    Trouble("answered", "worker killed after AWS accepted, nothing recorded", LEASE + 10, place="answered"),
    Trouble("settling", "worker killed while it recorded the id", LEASE + 10, place="settling"),
    Trouble("lost-answer", "answer lost, worker alive", LEASE + 10, wire=({"does": "accept-drop", "count": 1},)),
    Trouble(
        "lost-request",
        f"request lost, so that one quarantine ({REAL_QUARANTINE} s) has to pass",
        REAL_QUARANTINE + 30,
        wire=({"does": "drop", "count": 1},),
    ),
)


@dataclass(frozen=True)
class Recovered:
    """What was promised, and how long it took."""

    words: str
    within: float
    took: float
    history: str = ""

    def __str__(self) -> str:
        verdict = "kept" if self.took <= self.within else f"MISSED. What happened: {self.history}"
        return f"{self.words}: {self.took:.1f} s of {self.within:.0f} s, {verdict}"


def recover(database: Database) -> tuple[list[Recovered], list[str]]:
    """Every recovery with its time, and what was wrong in the end."""
    with world(database, workers=3, clocks=2, scale="real", rate=40) as here:
        measured = [*_measure_deaths(here), _without_its_clock(here), _measure_emptied_redis(here)]
        if here.server:
            measured.append(_measure_crash(here))
        here.staff.until(lambda: not here.unfinished(), PATIENCE, "all has ended after the recoveries")
        wrong = broken_promises(here)
        here.keep = bool(wrong)
    return measured, wrong


def _measure_deaths(here: World) -> Iterator[Recovered]:
    since = {}
    for trouble in TROUBLES:
        _run_trouble(here, trouble)
        since[trouble.name] = time.monotonic()
    here.bench.plan()
    took: dict[str, float] = {}

    def all_known() -> bool:
        known = {name for (name,) in here.rows("SELECT name FROM jobs_job WHERE delivery = 'SENT'")}
        for name in known - set(took):
            took[name] = time.monotonic() - since[name]
        return len(took) == len(TROUBLES)

    with suppress(AssertionError):  # what never came is told as such below
        here.staff.until(all_known, PATIENCE, "every job is known")
    for trouble in TROUBLES:
        seconds = took.get(trouble.name, float("inf"))
        yield Recovered(trouble.words, trouble.within, seconds, _history(here, trouble.name))


def _run_trouble(here: World, trouble: Trouble) -> None:
    here.bench.plan(*trouble.wire)
    if trouble.place:
        here.fail_next(f"{trouble.place}:pause")
    here.analyst.submit(job(trouble.name, "nothing"), trouble.name)
    if trouble.wire:
        here.staff.until(lambda: here.bench.control("GET", "faults")["struck"], 30, f"{trouble.name} strikes")
        return
    pid = here.who_failed(trouble.place)
    here.staff.until(lambda: is_paused(pid), 30, "the process stands still")
    for dying in (parent_of(pid), pid):
        send_signal(dying, signal.SIGKILL)


def _history(here: World, name: str) -> str:
    told = here.rows(
        "SELECT c.at, c.delivery, c.note FROM jobs_statechange c JOIN jobs_job j ON j.id = c.job_id "  # noqa: S608
        f"WHERE j.name = '{name}' ORDER BY c.id"
    )
    return "; ".join(" ".join(str(word) for word in row if word) for row in told)


def _without_its_clock(here: World) -> Recovered:
    """Of two clocks the one that works dies. Its lease names its process."""
    holder = "SELECT owner FROM jobs_lease WHERE name = 'clock'"
    [[owner]] = here.rows(holder)
    send_signal(int(owner.rpartition("-")[2]), signal.SIGKILL)
    began, took = time.monotonic(), float("inf")
    with suppress(AssertionError):
        here.staff.until(lambda: here.rows(holder) != [(owner,)], PATIENCE, "another clock works")
        took = time.monotonic() - began
    return Recovered("the working clock killed, another takes over", 20, took)


def _measure_emptied_redis(here: World) -> Recovered:
    """Every worker has stood still, so that all rings for the jobs are in the Redis that is emptied."""
    workers = here.staff.pids("worker")
    here.staff.until(lambda: not here.staff.horses(), 30, "no task is in hand")
    for pid in workers:
        send_signal(pid, signal.SIGSTOP)
    for number in range(JOBS):
        here.analyst.submit(job(f"emptied-{number}", "nothing"), f"emptied-{number}")
    with suppress(redis.ConnectionError):
        here.redis.flushall()
    began = time.monotonic()
    for pid in workers:
        send_signal(pid, signal.SIGCONT)
    return _measure_until_sent(here, f"Redis emptied with {JOBS} jobs waiting", 15, began)


def _measure_crash(here: World) -> Recovered:
    """From the moment at which the database answers again."""
    for number in range(JOBS):
        here.analyst.submit(job(f"crashed-{number}", "nothing"), f"crashed-{number}")
    with here.crashed():
        time.sleep(2)
    return _measure_until_sent(
        here, f"PostgreSQL crashed with {JOBS} jobs on their way, and came back", 30, time.monotonic()
    )


def _measure_until_sent(here: World, words: str, within: float, began: float) -> Recovered:
    waiting = "SELECT name FROM jobs_job WHERE delivery <> 'SENT'"
    took = float("inf")
    with suppress(AssertionError):
        here.staff.until(lambda: not here.rows(waiting), PATIENCE, words)
        took = time.monotonic() - began
    return Recovered(words, within, took, "; ".join(_history(here, name) for (name,) in here.rows(waiting)))
