"""Every state of a job: *delivery* on its way to AWS, *state* in AWS, *status* for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Delivery(StrEnum):
    AWAITING = "AWAITING"
    ACCEPTED = "ACCEPTED"
    SENDING = "SENDING"
    SENT = "SENT"
    REFUSED = "REFUSED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    SKIPPED = "SKIPPED"
    HELD = "HELD"


class State(StrEnum):
    """STOPPED (a FAILED that a person caused) and LOST (AWS forgot it) are the portal's."""

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
    name: str
    label: str
    icon: str
    tone: str
    meaning: str
    rank: int = 0
    is_final: bool = False
    is_success: bool = False

    @property
    def is_live(self) -> bool:
        return not self.is_final


_ALL = (
    Status(
        "AWAITING", "Waiting for approval", "user-check", "warn", "A team lead or an administrator must approve it."
    ),
    Status("ACCEPTED", "Accepted", "clock", "wait", "Accepted by the portal, not sent to AWS Batch yet."),
    Status("SENDING", "Sending", "send", "wait", "Being sent to AWS Batch."),
    Status("HELD", "Held", "hand-stop", "warn", "Held until a team lead releases or withdraws it."),
    Status("REFUSED", "Refused", "ban", "bad", "Refused by AWS Batch or by a rule of the portal.", is_final=True),
    Status("DECLINED", "Declined", "user-x", "bad", "The approval request was declined.", is_final=True),
    Status(
        "WITHDRAWN", "Withdrawn", "arrow-back-up", "off", "Withdrawn before it was sent to AWS Batch.", is_final=True
    ),
    Status(
        "SKIPPED",
        "Skipped",
        "player-skip-forward",
        "off",
        "Skipped because the failure it waits for didn't happen.",
        is_final=True,
    ),
    Status("SUBMITTED", "Submitted", "inbox", "wait", "Received by AWS Batch.", rank=0),
    Status("PENDING", "Pending", "hourglass", "wait", "Waiting for the jobs it depends on.", rank=1),
    Status("RUNNABLE", "Runnable", "stack", "wait", "Waiting for compute capacity.", rank=2),
    Status("STARTING", "Starting", "rocket", "go", "Scheduled on a host. The image is being pulled.", rank=3),
    Status("RUNNING", "Running", "player-play", "go", "The container is running.", rank=4),
    Status(
        "SUCCEEDED", "Succeeded", "circle-check", "good", "The job succeeded.", rank=5, is_final=True, is_success=True
    ),
    Status("FAILED", "Failed", "circle-x", "bad", "The job failed.", rank=5, is_final=True),
    Status("STOPPED", "Stopped", "player-stop", "off", "Stopped by a user.", rank=5, is_final=True),
    Status(
        "LOST",
        "Lost",
        "question-mark",
        "warn",
        "AWS no longer has the job, and the portal never saw its final state.",
        rank=5,
        is_final=True,
    ),
)

STATUSES: Mapping[str, Status] = MappingProxyType({status.name: status for status in _ALL})

FINAL_STATES = frozenset(state for state in State if STATUSES[state].is_final)
FAILURE_STATES = FINAL_STATES - {State.SUCCEEDED}
ACTIVE_STATES = frozenset(State) - FINAL_STATES
FINAL_DELIVERIES = frozenset({Delivery.REFUSED, Delivery.DECLINED, Delivery.WITHDRAWN, Delivery.SKIPPED})
UNSENT_DELIVERIES = frozenset({Delivery.AWAITING, Delivery.ACCEPTED, Delivery.SENDING, Delivery.HELD})


def status_of(delivery: str, state: str) -> Status:
    """Show an unknown state literally, as not final."""
    name = state if delivery == Delivery.SENT and state else delivery
    return STATUSES.get(name) or Status(name, name.capitalize(), "help", "wait", "A state unknown to this portal.")


def state_rank(state: str) -> int:
    """Return -1 for an unknown state, which never ends a job."""
    status = STATUSES.get(state)
    return status.rank if status else -1
