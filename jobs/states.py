"""Every state a job can be in: what it is called, how it looks, how it ranks, whether it is the end.

Two questions are kept apart. *Delivery*: how far is the job on its way to AWS? *State*: what does AWS say of it?
People see one *status*, which is the state once AWS has the job and the delivery before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Delivery(StrEnum):
    """How far a job is on its way to AWS."""

    AWAITING = "AWAITING"
    ACCEPTED = "ACCEPTED"
    SENDING = "SENDING"
    SENT = "SENT"
    REFUSED = "REFUSED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    HELD = "HELD"


class State(StrEnum):
    """What AWS says of a job; STOPPED and LOST are ours.

    STOPPED is FAILED because someone stopped it. LOST is a job that AWS forgot before we saw its end.
    """

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    STOPPED = "STOPPED"
    LOST = "LOST"


@dataclass(frozen=True)
class Status:
    """How a delivery or a state is shown to people."""

    name: str
    label: str
    icon: str
    tone: str
    meaning: str
    rank: int = 0
    final: bool = False
    good: bool = False

    @property
    def live(self) -> bool:
        """Whether it may still change by itself, so that a page should look again."""
        return not self.final


_ALL = (
    Status(
        "AWAITING", "Needs approval", "user-check", "warn", "A lead of the team or an administrator decides on it."
    ),
    Status("ACCEPTED", "Accepted", "clock", "wait", "The portal has it and will hand it to AWS Batch."),
    Status("SENDING", "Sending", "send", "wait", "It is on its way to AWS Batch."),
    Status("HELD", "Held", "hand-stop", "warn", "A person must decide before it is sent."),
    Status("REFUSED", "Refused", "ban", "bad", "AWS Batch or a rule of the portal said no.", final=True),
    Status("DECLINED", "Declined", "user-x", "bad", "Whoever was to approve it said no.", final=True),
    Status("WITHDRAWN", "Withdrawn", "arrow-back-up", "off", "Stopped before it was sent.", final=True),
    Status("SUBMITTED", "Submitted", "inbox", "wait", "AWS Batch has it.", rank=0),
    Status("PENDING", "Pending", "hourglass", "wait", "It waits for the jobs it depends on.", rank=1),
    Status("RUNNABLE", "Runnable", "stack", "wait", "It waits for a free place to run.", rank=2),
    Status("STARTING", "Starting", "rocket", "go", "A place is found; the image is being fetched.", rank=3),
    Status("RUNNING", "Running", "player-play", "go", "Its command runs.", rank=4),
    Status("SUCCEEDED", "Succeeded", "circle-check", "good", "It ended well.", rank=5, final=True, good=True),
    Status("FAILED", "Failed", "circle-x", "bad", "It ended badly.", rank=5, final=True),
    Status("STOPPED", "Stopped", "player-stop", "off", "Someone stopped it.", rank=5, final=True),
    Status("LOST", "Lost", "question-mark", "warn", "AWS forgot it before its end was seen.", rank=5, final=True),
)

STATUSES: Mapping[str, Status] = MappingProxyType({status.name: status for status in _ALL})

FINAL_STATES = frozenset(state for state in State if STATUSES[state].final)
ACTIVE_STATES = frozenset(State) - FINAL_STATES
FINAL_DELIVERIES = frozenset({Delivery.REFUSED, Delivery.DECLINED, Delivery.WITHDRAWN})
UNSENT = frozenset({Delivery.AWAITING, Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD})


def status_of(delivery: str, state: str) -> Status:
    """The one status that people see. A word AWS invents tomorrow is shown as it is, and as unfinished."""
    name = state if delivery == Delivery.SENT and state else delivery
    return STATUSES.get(name) or Status(name, name.capitalize(), "help", "wait", "A state this portal does not know.")


def rank_of(state: str) -> int:
    """Where a state stands on a job's way; unknown ones before everything, so that they never end a job."""
    status = STATUSES.get(state)
    return status.rank if status else -1
