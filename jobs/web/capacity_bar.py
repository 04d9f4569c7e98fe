"""A bar of what runs in a queue, by team, as plain geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.reports.queues import QueueBoard, TeamLoad

BAR_WIDTH = 100
MAX_COLOURS = 5
"""Teams with a colour of their own; the rest share one."""


@dataclass(frozen=True)
class TeamSegment:
    load: TeamLoad
    colour: str
    x: str
    width: str


@dataclass(frozen=True)
class CapacityBar:
    """Running vCPU of the queue's `max_vcpus`, or of all that run where that is unknown."""

    segments: Sequence[TeamSegment]

    @property
    def summary(self) -> str:
        return ", ".join(
            f"{segment.load.name} {segment.load.running_vcpus.normalize():f}" for segment in self.segments
        )


def capacity_bar(board: QueueBoard) -> CapacityBar:
    running = [load for load in board.loads if load.running_vcpus]
    scale = max(Decimal(board.max_vcpus or 0), board.running_vcpus)
    segments: list[TeamSegment] = []
    end = 0.0
    for number, load in enumerate(running, start=1):
        width = float(load.running_vcpus / scale) * BAR_WIDTH
        colour = str(number) if load.team and number <= MAX_COLOURS else "others"
        segments.append(TeamSegment(load, colour, f"{end:.2f}", f"{width:.2f}"))
        end += width
    return CapacityBar(segments)
