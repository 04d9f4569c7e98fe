"""An array on its page: how its children stand, and that they are asked about while someone looks."""

from dataclasses import dataclass

from jobs import actions
from jobs.models import Job
from jobs.reports import children
from jobs.web.jobs.heat_map import HeatMap, heat_map


@dataclass(frozen=True)
class Seen:
    """What is known of an array's children at this moment, and whether they are being asked about."""

    job: Job
    children: children.Children
    asked: bool

    @property
    def fetching(self) -> bool:
        return self.asked and self.children.unread > 0

    @property
    def live(self) -> bool:
        return self.job.status.live or self.fetching

    @property
    def facts(self) -> tuple[object, ...]:
        return (self.fetching, *self.children.counts.items())

    def heat(self) -> HeatMap | None:
        """One more query."""
        return heat_map(self.children.size, children.standing(self.job)) if self.children.known else None


def seen(job: Job) -> Seen | None:
    """Nothing for a job that is no array. Looking has the children asked about."""
    if not job.array_size:
        return None
    return Seen(job, children.counted(job), asked=actions.look_into(job))
