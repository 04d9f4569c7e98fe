"""The timeline of a job."""

from dataclasses import dataclass
from datetime import datetime

from jobs.models import Job, StateChange
from jobs.reports.children import ChildCounts
from jobs.states import State, Status


@dataclass(frozen=True)
class TimelinePhase:
    name: str
    progress: str  # "done", "now" or "next"
    start: datetime | None = None
    end: datetime | None = None


def timeline(job: Job, history: list[StateChange], children: ChildCounts | None = None) -> list[TimelinePhase]:
    status = job.status
    started_at = job.started_at or (children.started_at if children else None)
    stopped_at = job.stopped_at or (children.stopped_at if children else None)
    starting_at = _first_time_in(history, State.STARTING)
    phases = [
        ("Submitted", job.accepted_at),
        ("Waiting", job.submitted_at or job.sent_at),
        ("Starting", starting_at if not started_at or (starting_at and starting_at < started_at) else None),
        ("Running", started_at),
        ("Ended", (stopped_at or job.ended_at) if status.is_final else None),
    ]
    phase_numbers = [index for index, (_, at) in enumerate(phases) if at]
    current = phase_numbers[-1]
    return [_timeline_phase(index, name, phases, current, status) for index, (name, _) in enumerate(phases)]


def _timeline_phase(
    index: int, name: str, phases: list[tuple[str, datetime | None]], current: int, status: Status
) -> TimelinePhase:
    start = phases[index][1]
    if index == len(phases) - 1:
        return TimelinePhase(
            status.label if status.is_final else name, "done" if status.is_final else "next", start, start
        )
    if start is None:
        return TimelinePhase(name, "missed" if index < current else "next")
    end = next((at for _, at in phases[index + 1 :] if at), None)
    return TimelinePhase(name, "now" if index == current else "done", start, end)


def _first_time_in(history: list[StateChange], state: str) -> datetime | None:
    return next((change.at for change in history if change.state == state), None)
