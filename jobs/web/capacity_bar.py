"""A bar of what runs in a queue, by team, as plain geometry."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from jobs.reports.queues import QueueBoard

BAR_WIDTH = 100
MAX_COLOURS = 5
"""Teams with a colour of their own; the rest share one."""
OTHER_QUEUES = "Other queues"


@dataclass(frozen=True)
class Segment:
    name: str
    vcpus: Decimal
    colour: str
    x: str
    width: str


@dataclass(frozen=True)
class CapacityBar:
    """Running vCPU of the queue's `max_vcpus`, or of all that run where that is unknown."""

    segments: Sequence[Segment]

    @property
    def summary(self) -> str:
        return ", ".join(f"{segment.name} {segment.vcpus.normalize():f}" for segment in self.segments)


def capacity_bar(board: QueueBoard) -> CapacityBar:
    parts = [
        (load.name, load.running_vcpus, str(number) if load.team and number <= MAX_COLOURS else "others")
        for number, load in enumerate((load for load in board.loads if load.running_vcpus), start=1)
    ]
    if board.shared_vcpus:
        parts.append((OTHER_QUEUES, board.shared_vcpus, "untagged"))
    scale = max(Decimal(board.max_vcpus or 0), sum((vcpus for _, vcpus, _ in parts), Decimal(0)))
    segments: list[Segment] = []
    end = 0.0
    for name, vcpus, colour in parts:
        width = float(vcpus / scale) * BAR_WIDTH
        segments.append(Segment(name, vcpus, colour, f"{end:.2f}", f"{width:.2f}"))
        end += width
    return CapacityBar(segments)
