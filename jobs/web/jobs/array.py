"""The progress of an array job's children; viewing the page refreshes them."""

from dataclasses import dataclass

from jobs import actions
from jobs.models import Job
from jobs.reports import children
from jobs.web.jobs.heat_map import HeatMap, heat_map


@dataclass(frozen=True)
class ArrayProgress:
    """The state of an array's children, and whether it is being refreshed."""

    job: Job
    children: children.ChildCounts
    is_refreshing: bool

    @property
    def is_loading(self) -> bool:
        return self.is_refreshing and self.children.unread_count > 0

    @property
    def live(self) -> bool:
        return self.job.status.is_live or self.is_loading

    @property
    def etag_fields(self) -> tuple[object, ...]:
        return (self.is_loading, *self.children.counts.items())

    def build_heat_map(self) -> HeatMap | None:
        """Build the heat map; costs one more query."""
        return heat_map(self.children.size, children.child_statuses(self.job)) if self.children.read_count else None


def array_progress(job: Job) -> ArrayProgress | None:
    """Return the progress of an array and request a refresh of its children; None for other jobs."""
    if not job.array_size:
        return None
    return ArrayProgress(job, children.child_counts(job), is_refreshing=actions.refresh_array(job))
