"""The places at which a process fails, how it does, and one such failure with everything that follows.

The 14 steps of a job's way, and the registration of a definition. Most are failpoints in the portal; two are on the
wire, where the sandbox holds the request before it accepts it, or the answer after.
"""

import itertools
import signal
import threading
import time
from dataclasses import dataclass
from typing import Any

from tests.chaos import hasty
from tests.chaos.caller import definition, job, pair
from tests.chaos.promises import broken_promises
from tests.chaos.staff import is_paused, parent_of, send_signal
from tests.chaos.world import World

PAUSE_SECONDS = hasty.LEASE + 2  # longer than a lease and a guard
# So long that another worker has sent the job meanwhile: whoever would send now makes a second one.
LONG_PAUSE_SECONDS = hasty.QUARANTINE + 2 * hasty.LEASE + 1
HOLD_SECONDS = 1.5  # on the wire: less than a signature lives, so that what is held is accepted afterwards
LATE_SECONDS = hasty.SIGNATURE - 1.1  # its date has no fractions of a second
SETTLED_WITHIN = 60.0

KILL_PARENT, KILL, PAUSE, RAISE = "kill the parent", "kill the process", "pause it", "exception"


@dataclass(frozen=True)
class Step:
    """A place, the process that is there, and what must be asked of the portal so that it comes there."""

    name: str
    words: str
    process: str
    place: str = ""  # the failpoint, if it has another name
    act: str = "submit"
    wire: tuple[Any, ...] = ()  # what the sandbox does meanwhile
    broken_wire: tuple[Any, ...] = ()  # how it looks when the wire itself is the exception
    pause: float = PAUSE_SECONDS
    list_lag: float = 0.0

    @property
    def failures(self) -> tuple[str, ...]:
        """Only a forked process has a parent that is something else."""
        return (KILL_PARENT, KILL, PAUSE, RAISE) if self.process in ("web", "worker") else (KILL, PAUSE, RAISE)


STEPS = (
    Step("accepting", "after the rows, before the commit", "web"),
    Step("accepted", "after the commit, before the ring", "web"),
    Step("claimed", "after the claim", "worker"),
    Step("looked", "after the look before a second try", "worker", wire=({"does": "throttle", "count": 1},)),
    Step("marking", "before the intent is committed", "worker"),
    Step("marked", "after the intent", "worker", pause=LONG_PAUSE_SECONDS),
    Step("signed", "after the signature", "worker", pause=LONG_PAUSE_SECONDS),
    Step(
        "sent",
        "after the bytes left",
        "worker",
        place="signed",
        wire=({"does": "slow", "count": 1, "seconds": HOLD_SECONDS},),
        # As late as AWS takes it, and then not listed at once: whoever sends again too soon makes a second job.
        broken_wire=({"does": "late", "count": 1, "seconds": LATE_SECONDS},),
        list_lag=hasty.LISTED_WITHIN,
    ),
    Step(
        "taken",
        "after AWS accepted, the answer held",
        "worker",
        place="signed",
        wire=({"does": "accept-slow", "count": 1, "seconds": HOLD_SECONDS},),
        broken_wire=({"does": "accept-drop", "count": 1},),
    ),
    Step("answered", "after the answer, before the commit", "worker"),
    Step("settling", "during the commit", "worker"),
    Step("found", "the search, after the list", "clock", wire=({"does": "accept-drop", "count": 1},)),
    Step("heard", "events, before they are deleted", "events", act="tell"),
    Step("told", "a stop that AWS was told of, before it is noted", "worker", act="stop"),
    Step("registered", "a definition that AWS took, before it is noted", "worker", act="register"),
)
BY_NAME = {step.name: step for step in STEPS}
CASES = tuple((step.name, failure) for step in STEPS for failure in step.failures)

_numbers = itertools.count()


def fail_once(world: World, name: str, failure: str) -> float:
    """Let a process fail at a step. How long everything then took to settle; an AssertionError for what is wrong."""
    step = BY_NAME[name]
    deed = Deed(world, step.act, f"{name}-{next(_numbers)}")
    faults = step.broken_wire if failure == RAISE and step.broken_wire else step.wire
    world.bench.plan(*faults, list_lag_seconds=step.list_lag)
    how = "note" if step.broken_wire else "raise" if failure == RAISE else "pause"
    world.fail_next(f"{step.place or name}:{how}")
    try:
        deed.begin()
        pid = world.who_failed(name)
        began = time.monotonic()
        if step.broken_wire:
            world.staff.until(lambda: world.bench.control("GET", "faults")["struck"], 60, "the wire was struck")
        _inflict(world, pid, failure, step.pause if failure == PAUSE else 0.0, stands=how == "pause")
        world.staff.until(deed.done, SETTLED_WITHIN, f"what was asked is done after {name}: {failure}")
        world.staff.until(lambda: not world.unfinished(), SETTLED_WITHIN, f"all has ended after {name}: {failure}")
    finally:
        world.bench.plan()
        world.next_failure.unlink(missing_ok=True)
    failures = [*broken_promises(world), *deed.wrong()]
    assert not failures, f"{name}: {failure}: {failures}"
    return time.monotonic() - began


class Deed:
    """What is asked of the portal, by somebody who waits for the answer while processes die."""

    def __init__(self, world: World, act: str, key: str) -> None:
        self._world, self._act, self._key = world, act, key
        self._trouble: list[Exception] = []
        self._submission = ""
        if act == "stop":
            self._submission = world.analyst.submit(job(key, "long"), key)
            runs = "SELECT 1 FROM jobs_job WHERE state = 'RUNNING'"
            world.staff.until(lambda: world.rows(runs), 60, "the long job runs")
        elif act == "tell":
            world.analyst.submit(pair(key), key)
            world.staff.until(lambda: not world.unfinished(), 60, "the jobs of which is told have ended")
        self._asking = threading.Thread(target=self._ask, daemon=True)

    def begin(self) -> None:
        self._asking.start()

    def _ask(self) -> None:
        caller, key = self._world.analyst, self._key
        try:
            if self._act == "submit":
                caller.submit(pair(key), key)
            elif self._act == "stop":
                caller.ask("POST", f"/submissions/{self._submission}/stop")
            elif self._act == "tell":
                self._world.mailbox.tell(each["accepted"] for each in self._world.ledger())
            else:
                caller.ask("POST", "/definitions", definition(key), key)
        except (AssertionError, OSError, ValueError) as trouble:
            self._trouble.append(trouble)

    def done(self) -> bool:
        if self._trouble:
            raise self._trouble[0]
        registering = self._world.rows("SELECT 1 FROM jobs_revision WHERE registration = 'ACCEPTED'")
        return not (self._asking.is_alive() or len(self._world.mailbox) or registering)

    def wrong(self) -> list[str]:
        """A definition that a repeat would have made a second revision of."""
        made = [each for each in self._world.bench.ledger(self._key) if each["operation"] != "SubmitJob"]
        return [f"{self._key} was registered {len(made)} times"] if self._act == "register" and len(made) != 1 else []


def _inflict(world: World, pid: int, failure: str, pause: float, *, stands: bool) -> None:
    """Do to the process what is to be done; `stands` if it has paused itself."""
    if stands:
        world.staff.until(lambda: is_paused(pid), 30, "the process stands still")
    if failure == KILL_PARENT:
        parent = parent_of(pid)
        assert parent in {child.pid for child in world.staff.children.values()}, f"{parent} is none of ours"
        send_signal(parent, signal.SIGKILL)
        send_signal(pid, signal.SIGCONT)
    elif failure == KILL:
        send_signal(pid, signal.SIGKILL)
    elif failure == PAUSE:
        send_signal(pid, signal.SIGSTOP)
        until = time.monotonic() + pause
        world.staff.until(lambda: time.monotonic() > until, pause + 5, "the pause is over")
        send_signal(pid, signal.SIGCONT)
