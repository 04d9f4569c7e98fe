"""An attempt of a job.

Nothing here takes a lock: the scheduler may send signals while it holds its own.
"""

import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from jobs.sandbox.context import Document, drop_none, now_ms
from jobs.sandbox.processes import ContainerPlan, ContainerProcess

KILL_GRACE_SECONDS = 3.0  # between SIGTERM and SIGKILL; AWS waits 30
UNMET_DEPENDENCY = "A container that this one depends on did not succeed"


@dataclass(frozen=True)
class GroupPlan:
    task_id: str
    node: int | None
    is_pod: bool
    folder: Path
    containers: tuple[ContainerPlan, ...]


@dataclass(frozen=True)
class AttemptPlan:
    job_id: str
    environment: str
    groups: tuple[GroupPlan, ...]

    @property
    def record(self) -> Document:
        return {"taskId": self.groups[0].task_id, "environment": self.environment}

    @property
    def is_empty(self) -> bool:
        return all(container.image.is_empty for group in self.groups for container in group.containers)


class GroupRun:
    """`on_started` and `on_ended` are called on its own thread, each once."""

    def __init__(
        self, plan: GroupPlan, on_started: Callable[["GroupRun"], None], on_ended: Callable[["GroupRun"], None]
    ) -> None:
        self.plan = plan
        self._on_started = on_started
        self._on_ended = on_ended
        self._events: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._is_stopped = False
        self.started_at: int | None = None
        self.stopped_at: int | None = None
        self._processes = [ContainerProcess(container, self._wake) for container in plan.containers]
        self._by_name = {process.plan.name: process for process in self._processes}
        self.thread = threading.Thread(target=self._run, name=f"sandbox-attempt-{plan.task_id[:8]}", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def _wake(self) -> None:
        self._events.put(None)

    def _run(self) -> None:
        try:
            self._run_containers()
        finally:
            shutil.rmtree(self.plan.folder, ignore_errors=True)
            self.stopped_at = now_ms()
            self._on_ended(self)

    def _run_containers(self) -> None:
        kill_at: float | None = None
        while True:
            # Read before the conditions: a container that ends in between has sent an event, and is looked at again.
            was_running = any(process.is_running for process in self._processes)
            has_begun = not self._is_stopped and not self._is_over() and self._start_ready()
            if self.started_at is None and any(process.has_started for process in self._processes):
                self.started_at = now_ms()
                self._on_started(self)
            if not was_running and not has_begun:
                return
            if has_begun:
                self._wake()  # what it started may have ended already, and others wait for that
            if kill_at is None and self._is_over():
                kill_at = time.monotonic() + KILL_GRACE_SECONDS
                self._send(SIGTERM)
            try:
                self._events.get(timeout=None if kill_at is None else max(0.0, kill_at - time.monotonic()))
            except queue.Empty:
                self._send(SIGKILL)
                kill_at = time.monotonic() + KILL_GRACE_SECONDS

    def _start_ready(self) -> bool:
        has_begun = False
        has_changed = True
        while has_changed:
            has_changed = False
            for process in self._processes:
                if process.is_waiting:
                    verdicts = [self._is_met(*condition) for condition in process.plan.conditions]
                    if False in verdicts:
                        process.give_up(UNMET_DEPENDENCY)
                        has_begun = has_changed = True
                    elif None not in verdicts:
                        process.start()
                        has_begun = True
                        has_changed = process.plan.image.is_empty
        return has_begun

    def _is_met(self, name: str, condition: str) -> bool | None:
        process = self._by_name[name]
        if condition == "START":
            return True if process.has_started else (False if process.has_ended else None)
        if not process.has_ended:
            return None
        return process.exit_code == 0 if condition == "SUCCESS" else process.exit_code is not None

    def _is_over(self) -> bool:
        if self.plan.is_pod:
            return any(process.has_ended and process.exit_code is None for process in self._processes)
        return self._first_essential() is not None

    def _first_essential(self) -> ContainerProcess | None:
        essential = [process for process in self._processes if process.plan.is_essential and process.has_ended]
        return min(essential, key=lambda process: process.stopped_at or 0, default=None)

    def deciding_process(self) -> ContainerProcess | None:
        if not self.plan.is_pod:
            return self._first_essential()
        failures = [process for process in self._processes if process.has_ended and process.exit_code != 0]
        processes = failures or [process for process in self._processes if process.has_ended]
        return min(processes, key=lambda process: process.stopped_at or 0, default=None)

    def signal(self, number: Signals) -> None:
        self._is_stopped = True
        self._send(number)
        self._wake()

    def _send(self, number: Signals) -> None:
        for process in self._processes:
            process.signal(number)

    def record(self) -> Document:
        deciding = self.deciding_process() or self._processes[0]
        return drop_none(
            {
                "taskId": self.plan.task_id,
                "node": self.plan.node,
                "startedAt": self.started_at,
                "stoppedAt": self.stopped_at,
                **deciding.record(),
                "containers": [process.record() for process in self._processes],
            }
        )


class AttemptRun:
    def __init__(
        self,
        plan: AttemptPlan,
        on_started: Callable[["AttemptRun"], None],
        on_changed: Callable[["AttemptRun"], None],
        on_ended: Callable[["AttemptRun"], None],
    ) -> None:
        self.plan = plan
        self._on_started = on_started
        self._on_ended = on_ended
        main, *others = plan.groups
        self._main = GroupRun(main, self._start_others, self._end_others)
        self._others = [GroupRun(group, lambda _: on_changed(self), lambda _: on_changed(self)) for group in others]
        self._is_stopped = False

    def start(self) -> None:
        self._main.start()

    def _groups(self) -> Iterator[GroupRun]:
        yield self._main
        yield from self._others

    def _start_others(self, main: GroupRun) -> None:  # noqa: ARG002 - a callback
        self._on_started(self)
        for group in self._others:
            if not self._is_stopped:
                group.start()

    def _end_others(self, main: GroupRun) -> None:  # noqa: ARG002 - a callback
        """Stop the other nodes: the job ends with its main node."""
        alive = [group for group in self._others if group.thread.is_alive()]
        for number in (SIGTERM, SIGKILL):
            deadline = time.monotonic() + KILL_GRACE_SECONDS
            for group in alive:
                group.signal(number)
            for group in alive:
                group.thread.join(max(0.0, deadline - time.monotonic()))
        self._on_ended(self)

    @property
    def has_started(self) -> bool:
        return self._main.started_at is not None

    def signal(self, number: Signals) -> None:
        self._is_stopped = True
        for group in self._groups():
            group.signal(number)

    def join(self, seconds: float) -> None:
        self._main.thread.join(seconds)

    @property
    def exit_code(self) -> int | None:
        process = self._main.deciding_process()
        return process.exit_code if process else None

    @property
    def reason(self) -> str | None:
        process = self._main.deciding_process()
        return process.reason if process else None

    def record(self) -> Document:
        record = {**self._main.record(), "environment": self.plan.environment}
        if self._main.plan.node is not None:
            nodes = sorted((group.record() for group in self._groups()), key=lambda node: int(node["node"]))
            record["nodes"] = nodes
        return record
