from dataclasses import dataclass
from typing import Self

from jobs.models import Queue, Team


@dataclass(frozen=True)
class Grants:
    """What admins gave to a team, as plain values."""

    team: str
    active: bool
    queues: frozenset[int]

    @classmethod
    def of(cls, team: Team) -> Self:
        return cls(
            team=team.name,
            active=team.active,
            queues=frozenset(Queue.objects.granted_to(team).values_list("pk", flat=True)),
        )
