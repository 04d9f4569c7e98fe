"""The words of the model: what is done, what it has to do with, and a state of it all."""

from dataclasses import dataclass, replace
from typing import NamedTuple

# The row's delivery.
ACCEPTED, SENDING, SENT = "ACCEPTED", "SENDING", "SENT"
WITHDRAWN, REFUSED, HELD = "WITHDRAWN", "REFUSED", "HELD"
# Where the story may end: AWS has it, or never will, or a person decides.
ENDS = frozenset({SENT, WITHDRAWN, REFUSED, HELD})
# Steps that happen or not. An end must be in reach without any of them, from wherever they have led.
NOT_RELIED_ON = frozenset(
    {
        "the worker dies",
        "the reconciler dies",
        "pre-check: no answer, put back",
        "the rules forbid it",
        "held: workers vanished with it",
        "reconciler: hold",
        "Amazon says: too many",
        "Amazon refuses",
        "Amazon accepts, the answer is lost",
        "no answer; the request is still under way",
        "the request is lost",
        "a late request is lost",
        "Amazon accepts a late request",
        "the SDK signs and sends again",
        "a person stops it",
        "a lead releases it",
    }
)


@dataclass(frozen=True)
class Protocol:
    """What is done. The defaults are the whole protocol; each variant leaves one thing out."""

    marks: bool = True  # SENDING is written before the call
    looks: bool = True  # a second try looks for the marker first
    guard: str = "before"  # counted from before the mark is written, "after" it, or "none"
    quarantine: int = 4  # how long a job must stay unfound before it is sent again
    repeats: int = 0  # how often the SDK repeats a call by itself
    claims_in_one: bool = True  # a claim and the reading of the epoch it got are one transaction
    marks_in_one: bool = True  # and so are the mark and what is read back after it
    fresh_stop: bool = True  # a job is put back, or withdrawn, by what the row says then, not by an earlier copy
    asks_on_the_way: bool = True  # the wish to stop is only written on a job that is SENDING or SENT

    def within(self, quarantine: int) -> "Protocol":
        return replace(self, quarantine=quarantine)


@dataclass(frozen=True)
class World:
    """What it has to do with, in ticks."""

    workers: int = 2
    lease: int = 1
    send_within: int = 1  # the guard
    signature: int = 1  # how long a signed request may be accepted
    list_lag: int = 1  # how late a job may become listable
    ahead: int = 0  # the worker's clock, before Amazon's
    reconciler_ahead: int = 0  # the reconciler's clock, before the worker's
    stops: bool = True  # a person may ask for the end, once, at any moment
    judges: bool = True  # the rules may forbid it meanwhile, or a person has to decide, and may release it

    @property
    def enough(self) -> int:
        """The quarantine after which nothing can be under way any more."""
        return self.send_within + self.signature + self.list_lag + self.ahead + self.reconciler_ahead


class Worker(NamedTuple):
    """Where a worker is, and what its copy of the row says."""

    at: str = "idle"
    mine: bool = False  # its epoch is the row's
    copy: str = ""  # the delivery it believes in; nothing once the epoch is an old one
    age: int = 0  # of the moment it noted, or of the request it waits for
    more: int = 0  # at "noted": the lease was alive; at "waiting" and "doubt": repeats so far


class Reconciler(NamedTuple):
    """What the reconciler has found out and not yet written."""

    found: str = ""
    mine: bool = False
    stop: bool = False


class State(NamedTuple):
    """The row, the processes, the wire, and Amazon."""

    delivery: str = ACCEPTED
    lease: int = 0  # ticks left
    sent_age: int = 0
    epoch: int = 0  # 2 is every later one, too
    attempted: bool = False  # an attempt of this epoch is written down; there can be one
    stop: bool = False
    workers: tuple[Worker, ...] = ()
    loose: tuple[int, ...] = ()  # ages of requests under way that nobody waits for
    jobs: tuple[int, ...] = ()  # ages of accepted jobs
    reconciler: Reconciler = Reconciler()
    person: int = 0  # who stops it: 0, 2 about to withdraw it, 1, 3 about to write the wish down; 4 done

    @property
    def wrong(self) -> str:
        """What must never be so."""
        if len(self.jobs) > 1:
            return "duplicate"
        if self.jobs and self.delivery in (WITHDRAWN, REFUSED, HELD):
            return "running unseen"
        return ""


IDLE = Worker()
AWAY = Reconciler()
