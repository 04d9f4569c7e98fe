"""The rules of the portal, beside those of AWS: pure functions from what is asked and what was given to objections.

They are asked while someone types, when a submission is accepted, and once more just before it is sent.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jobs.policy.grants import Grants


@dataclass(frozen=True)
class Ask:
    """One job that a team would like to run."""

    queue_id: int
    queue_name: str
    queue_open: bool


@dataclass(frozen=True)
class Objection:
    """Why not, and where in the document it stands."""

    rule: str
    pointer: str
    message: str


def team_is_active(_: Ask, grants: Grants) -> Iterator[Objection]:
    """A team that was switched off keeps its history and submits nothing."""
    if not grants.active:
        yield Objection("policy.team-inactive", "", f"Team {grants.team} is not active; nothing is submitted for it.")


def queue_is_granted(ask: Ask, grants: Grants) -> Iterator[Objection]:
    """A team submits only to the queues that an admin mapped to it."""
    if ask.queue_id not in grants.queues:
        yield Objection(
            "policy.queue-not-granted",
            "/jobQueue",
            f"Queue {ask.queue_name} is not given to {grants.team}. An admin can map it to the team.",
        )


def queue_is_open(ask: Ask, _: Grants) -> Iterator[Objection]:
    """AWS refuses jobs for a queue that is disabled, invalid or gone; better to hear it now."""
    if not ask.queue_open:
        yield Objection(
            "policy.queue-closed",
            "/jobQueue",
            f"Queue {ask.queue_name} takes no jobs at present: it is disabled, invalid, or gone from AWS.",
        )


Rule = Callable[[Ask, Grants], Iterator[Objection]]
RULES: tuple[Rule, ...] = (team_is_active, queue_is_granted, queue_is_open)


def objections(ask: Ask, grants: Grants) -> list[Objection]:
    """All objections at once, in the order of the rules."""
    return [objection for rule in RULES for objection in rule(ask, grants)]
