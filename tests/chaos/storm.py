"""Everything at once, and at random: what is asked, what AWS does to requests, what dies and what stands still.

All of that is chosen by the seed, in this order: the submissions, the sandbox's plan, and one blow after another.
So a seed brings the same storm again; which process is just where when it is hit is the machine's choice, and
differs.

It ends by itself: when everything was sent, or after some minutes. Then calm: the faults are off, what stood still
goes on, a lead releases what was held, and all has to settle. What was promised is looked at after that.
"""

import random
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import redis

from tests.chaos import hasty
from tests.chaos.caller import Caller, job
from tests.chaos.promises import Count, broken_promises, count_jobs
from tests.chaos.staff import children_of, send_signal
from tests.chaos.world import Database, World, world

SECONDS_A_JOB = 0.24  # at most, and at least as long as a thousand jobs may take: the storm has to have time to rage
CALM_SECONDS = 240.0
CALLERS = 4
RATE = 40
SENT_AT = 0.99  # of the jobs: the last few, which rest between two tries, are left to the calm

# What AWS does to requests, with chances that add up to about a third of all submissions.
PLAN: dict[str, Any] = {
    "faults": [
        {"does": "accept-drop", "chance": 0.04},
        {"does": "accept-close", "chance": 0.02},
        {"does": "accept-fail", "chance": 0.04, "status": 500},
        {"does": "fail", "chance": 0.04, "status": 503},
        {"does": "truncate", "chance": 0.04},
        {"does": "drop", "chance": 0.03},
        {"does": "late", "chance": 0.05, "seconds": [0.5, hasty.SIGNATURE]},
        {"does": "accept-slow", "chance": 0.02, "seconds": [0.5, hasty.READ_SECONDS + 1]},
        {"does": "slow", "chance": 0.02, "seconds": [0.5, hasty.READ_SECONDS + 1]},
        {"does": "throttle", "chance": 0.01, "burst": 5},
        {"does": "throttle", "operations": ["ListJobs", "DescribeJobs"], "chance": 0.02, "burst": 2},
        {"does": "fail", "operations": ["ListJobs", "DescribeJobs", "TerminateJob"], "chance": 0.03},
        {"does": "slow", "operations": ["ListJobs", "DescribeJobs"], "chance": 0.02, "seconds": [0.5, 3]},
    ],
    "list_lag_seconds": hasty.LISTED_WITHIN,
    "describe_lag_seconds": hasty.LISTED_WITHIN,
    "describe_omits": 0.05,
}


@dataclass(frozen=True)
class Wish:
    """A submission that somebody asks for, and perhaps regrets at once."""

    key: str
    document: dict[str, Any]
    jobs: int
    regretted: bool


@dataclass
class Weather:
    """What a storm did."""

    blows: Counter[str]
    struck: int = 0
    storm_seconds: float = 0.0
    calm_seconds: float = 0.0
    released: int = 0
    repeats: int = 0
    deaths: int = 0

    def __str__(self) -> str:
        told = ", ".join(f"{count} × {name}" for name, count in sorted(self.blows.items()))
        return (
            f"{self.storm_seconds:.0f} s of storm and {self.calm_seconds:.0f} s of calm; "
            f"{self.struck} requests to AWS struck; {sum(self.blows.values())} blows ({told}); "
            f"{self.deaths} processes started again, {self.repeats} requests repeated by callers, "
            f"{self.released} held jobs released"
        )


def storm(database: Database, jobs: int, seed: int) -> tuple[Count, Weather, list[str]]:
    """One storm over so many jobs: its figures, what happened, and what was wrong."""
    dice = random.Random(f"{seed}:{database}")
    with world(database, events=True, workers=3, clocks=2, rate=RATE) as here:
        wishes = list(random_wishes(dice, jobs))
        tempest = _Tempest(here, dice, seed)
        weather = tempest.blow(wishes, jobs)
        wrong = [*tempest.troubles, *broken_promises(here)]
        here.keep = bool(wrong)
        return count_jobs(here), weather, wrong


def random_wishes(dice: random.Random, jobs: int) -> Iterator[Wish]:
    """Submissions of one job, of two steps, and of a root with many, until there are so many jobs."""
    number = 0
    while jobs:
        number += 1
        key = f"storm-{number}"
        steps = min(jobs, dice.choices((1, 2, dice.randint(3, 12)), (60, 25, 15))[0])
        jobs -= steps
        regretted = dice.random() < 0.05
        kind = "long" if regretted and dice.random() < 0.3 else "nothing"
        yield Wish(key, _document(key, steps, kind), steps, regretted)


def _document(key: str, steps: int, kind: str) -> dict[str, Any]:
    if steps == 1:
        return job(key, kind)
    after = {"dependsOn": [{"jobId": f"${{{key}-0}}"}]}
    return {"jobs": [job(f"{key}-0", kind), *({**job(f"{key}-{step}", kind), **after} for step in range(1, steps))]}


class _Tempest:
    def __init__(self, here: World, dice: random.Random, seed: int) -> None:
        self._world, self._dice, self._seed = here, dice, seed
        self._paused: list[tuple[float, int]] = []
        self._weather = Weather(Counter())
        self._plans = 0
        self.troubles: list[str] = []
        self._blows: dict[str, tuple[int, Callable[[], object]]] = {
            "kill a task": (10, lambda: self._kill(self._horses())),
            "kill a worker": (3, lambda: self._kill(self._of("worker"))),
            "kill a clock": (3, lambda: self._kill(self._of("clock"))),
            "kill the web server": (1, lambda: self._kill(self._of("web"))),
            "kill a web process": (2, lambda: self._kill(self._pages())),
            "kill the consumer of events": (1, lambda: self._kill(self._of("events"))),
            "kill AWS": (1, self._kill_sandbox),
            "pause a task": (6, lambda: self._pause(self._horses())),
            "pause a worker": (1, lambda: self._pause(self._of("worker"))),
            "pause a clock": (2, lambda: self._pause(self._of("clock"))),
            "pause a web process": (1, lambda: self._pause(self._pages())),
            "pause AWS": (1, lambda: self._pause(self._of("sandbox"), at_most=1.0)),
            "AWS is away": (1, self._outage),
            "empty Redis": (2, self._flush),
            "kill Redis": (1, lambda: self._kill(self._of("redis"))),
            "events": (2, self._tell),
            **({"crash PostgreSQL": (2, self._crash)} if here.server else {}),
        }

    # -- Storm and calm
    def blow(self, wishes: list[Wish], jobs: int) -> Weather:
        staff, weather, began = self._world.staff, self._weather, time.monotonic()
        self._misbehave()
        asking = _Asking(self._world.analyst, wishes)
        while time.monotonic() - began < SECONDS_A_JOB * max(jobs, 1000):
            self._strike()
            self._rest(self._dice.uniform(0.2, 1.4))
            if not asking.alive and self._sent() >= SENT_AT * jobs:
                break
        weather.storm_seconds = time.monotonic() - began
        self._calm()
        began = time.monotonic()
        try:
            staff.until(lambda: not asking.alive, CALM_SECONDS, "every caller has his answers")
            staff.until(self._settled, CALM_SECONDS, "all has settled after the storm")
        except AssertionError as trouble:
            self.troubles.append(str(trouble))
        self.troubles += asking.troubles
        weather.calm_seconds = time.monotonic() - began
        weather.repeats, weather.deaths = self._world.analyst.repeats, staff.deaths
        return weather

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (moment := time.monotonic()) < until:
            self._world.staff.look_after()
            self._go_on(moment)
            time.sleep(0.05)

    def _go_on(self, moment: float) -> None:
        """Whoever stood still for long enough."""
        for pid in [pid for since, pid in self._paused if since <= moment]:
            send_signal(pid, signal.SIGCONT)
        self._paused = [(since, pid) for since, pid in self._paused if since > moment]

    def _calm(self) -> None:
        self._go_on(float("inf"))
        self._world.staff.until(self._behave, 60, "the sandbox listens")

    def _sent(self) -> int:
        sent = "SELECT count(*) FROM jobs_job WHERE delivery NOT IN ('ACCEPTED', 'SENDING', 'HELD')"
        [[count]] = self._world.rows(sent)
        return int(count)

    def _settled(self) -> bool:
        for (held,) in self._world.rows("SELECT marker FROM jobs_job WHERE delivery = 'HELD'"):
            self._world.release(held)
            self._weather.released += 1
        return not self._world.unfinished() and not len(self._world.mailbox)

    # -- Blows
    def _strike(self) -> None:
        names = list(self._blows)
        [name] = self._dice.choices(names, [self._blows[each][0] for each in names])
        if self._blows[name][1]() is not False:
            self._weather.blows[name] += 1

    def _of(self, kind: str) -> list[int]:
        return self._world.staff.pids(kind)

    def _horses(self) -> list[int]:
        return self._world.staff.horses()

    def _pages(self) -> list[int]:
        return [pid for parent in self._of("web") for pid in children_of(parent)]

    def _one(self, pids: list[int]) -> int:
        chance = self._dice.random()  # thrown in any case, so that the storm goes on alike
        return sorted(pids)[int(chance * len(pids))] if pids else 0

    def _kill(self, pids: list[int]) -> bool:
        """False: nobody was there."""
        pid = self._one(pids)
        return bool(pid) and send_signal(pid, signal.SIGKILL)

    def _pause(self, pids: list[int], at_most: float = hasty.LEASE + 3) -> bool:
        seconds = self._dice.uniform(0.5, at_most)
        pid = self._one(pids)
        if not pid or not send_signal(pid, signal.SIGSTOP):
            return False
        self._paused.append((time.monotonic() + seconds, pid))
        return True

    def _kill_sandbox(self) -> None:
        """A new process knows nothing of the plan: it is told again, with other chances."""
        self._note_struck()
        self._kill(self._of("sandbox"))
        self._world.staff.until(self._misbehave, 60, "the sandbox is there again")

    def _outage(self) -> None:
        self._note_struck()
        seconds = self._dice.uniform(1, 6)
        how = self._dice.choice(("close", "503"))
        outage = {"after_seconds": 0, "for_seconds": seconds, "how": how}
        self._world.staff.until(lambda: self._misbehave(outages=[outage]), 60, "the sandbox listens")

    def _misbehave(self, **more: Any) -> bool:
        self._plans += 1
        with suppress(OSError):
            self._world.bench.plan(**{**PLAN, "seed": self._seed + self._plans, **more})
            return True
        return False

    def _behave(self) -> bool:
        self._note_struck()
        with suppress(OSError):
            self._world.bench.plan()
            return True
        return False

    def _note_struck(self) -> None:
        for pid in self._of("sandbox"):
            send_signal(pid, signal.SIGCONT)  # whoever is asked must not stand still
        with suppress(OSError):
            self._weather.struck += len(self._world.bench.control("GET", "faults")["struck"])

    def _flush(self) -> bool:
        with suppress(redis.RedisError):
            self._world.redis.flushall()
            return True
        return False

    def _tell(self) -> None:
        ids = [batch_id for (batch_id,) in self._world.rows("SELECT batch_id FROM jobs_job") if batch_id]
        self._world.mailbox.tell(self._dice.choices(ids, k=20) if ids else [])

    def _crash(self) -> None:
        seconds = self._dice.uniform(0.2, 3)
        with self._world.crashed():
            time.sleep(seconds)


class _Asking:
    """Callers side by side, each with the next wish, until none is left."""

    def __init__(self, caller: Caller, wishes: list[Wish]) -> None:
        self._caller, self._wishes = caller, deque(wishes)
        self.troubles: list[str] = []
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _ask(self) -> None:
        while self._wishes:
            with suppress(IndexError):
                wish = self._wishes.popleft()
                try:
                    submission = self._caller.submit(wish.document, wish.key)
                    if wish.regretted:
                        self._caller.ask("POST", f"/submissions/{submission}/stop")
                except (AssertionError, ValueError) as trouble:
                    self.troubles.append(f"{wish.key}: {trouble}")
