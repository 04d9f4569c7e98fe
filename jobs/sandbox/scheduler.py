"""Scheduler of jobs. Each step is one transaction under the store's lock."""

import heapq
import itertools
import json
import logging
import shutil
import signal
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from jobs.sandbox.attempts import KILL_GRACE_SECONDS, AttemptPlan, AttemptRun
from jobs.sandbox.context import Document, now_ms
from jobs.sandbox.job_faults import JobFaults, SuddenEnd
from jobs.sandbox.jobs import SELECT, SandboxJob, find_job, find_jobs
from jobs.sandbox.logs import LogService
from jobs.sandbox.plans import AttemptPlanner
from jobs.sandbox.processes import kill_orphans
from jobs.sandbox.retries import should_retry
from jobs.sandbox.scheduling import JobDemand, SlotAllocator, job_demand
from jobs.sandbox.store import Store

logger = logging.getLogger(__name__)

SHUTDOWN_GRACE_SECONDS = 1.0  # the same, when the sandbox itself is stopped
STEP_BATCH_SIZE = 500  # jobs per step, so that requests are served in between

DEPENDENCY_FAILED = "Dependent Job failed"
CHILD_FAILED = "Array Child Job failed"
TIMED_OUT = "Job attempt duration exceeded timeout"
QUEUE_DELETED = "Job queue deleted"


class Scheduler:
    def __init__(
        self, store: Store, logs: LogService, faults: JobFaults, *, files: Path, delay: float, processes: int
    ) -> None:
        self._store = store
        shutil.rmtree(files / "work", ignore_errors=True)
        self._planner = AttemptPlanner(files, logs)
        self._slots = SlotAllocator(store, processes)
        self._delay = delay
        self._wake = threading.Condition(store.lock)
        self._steps: list[tuple[float, int, Callable[[], None]]] = []
        self._sequence = itertools.count()
        self._ready: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._demands: dict[str, JobDemand] = {}
        self._unplaceable: list[str] = []
        self._dependents: dict[str, dict[str, None]] = defaultdict(dict)
        self._finished: deque[str] = deque()
        self._attempts: dict[str, AttemptRun] = {}
        self._timed_out: set[str] = set()
        self._faults = faults
        self._sudden_ends: dict[str, SuddenEnd] = {}
        self._blocked_jobs: dict[str, str] = {}
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="sandbox-scheduler", daemon=True)

    # Start and shutdown

    def start(self) -> None:
        self._resume()
        self._thread.start()

    def shut_down(self) -> None:
        """Kill running jobs, which remain RUNNING and start again the next time."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
            attempts = list(self._attempts.values())
        self._thread.join()
        deadline = time.monotonic() + SHUTDOWN_GRACE_SECONDS
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            for attempt in attempts:
                attempt.signal(signal_number)
            for attempt in attempts:
                attempt.join(max(0.0, deadline - time.monotonic()))
            deadline = time.monotonic() + SHUTDOWN_GRACE_SECONDS

    def _resume(self) -> None:
        rows = self._store.fetch_all(
            "SELECT id, status, size FROM job WHERE status NOT IN ('SUCCEEDED', 'FAILED') ORDER BY number"
        )
        unfinished: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row["size"] is None or row["status"] == "SUBMITTED":
                unfinished[row["status"]].append(row["id"])
        interrupted = unfinished["STARTING"] + unfinished["RUNNING"]
        jobs = find_jobs(self._store, interrupted)
        kill_orphans({name for job in jobs for name in (job.id, *job.node_ids())})
        with self._transaction():
            for job in jobs:
                if job.stop_reason is not None:
                    self._finish_attempt(job, job.attempt or {}, "FAILED", job.stop_reason)
                else:
                    # Not the job's fault: it doesn't count as an attempt.
                    self._store.execute(
                        "UPDATE job SET status = 'RUNNABLE', started_at = NULL, attempt = NULL WHERE id = ?", job.id
                    )
                    unfinished["RUNNABLE"].append(job.id)
        self._schedule_batches(self._delay, self._advance_submitted, unfinished["SUBMITTED"])
        self._schedule_batches(0, self._check_dependencies, unfinished["PENDING"])
        self._schedule_batches(0, self._enqueue_runnable, unfinished["RUNNABLE"])

    # Called by the operations

    def admit(self, job_id: str, children: list[str]) -> None:
        with self._wake:
            self._schedule_batches(self._delay, self._advance_submitted, [job_id, *children])
            self._wake.notify_all()

    def stop_job(self, job: SandboxJob, reason: str, *, by_force: bool) -> None:
        with self._transaction():
            targets = [job]
            if job.array_size is not None:
                self._record_stop_request(job, reason, by_force=by_force)
                rows = self._store.fetch_all(
                    f"{SELECT} WHERE job.parent = ? AND job.status NOT IN ('SUCCEEDED', 'FAILED')", job.id
                )
                targets = [SandboxJob.from_row(row) for row in rows]
            for target in targets:
                self._stop_one(target, reason, by_force=by_force)

    def _record_stop_request(self, job: SandboxJob, reason: str, *, by_force: bool) -> None:
        self._store.execute(
            "UPDATE job SET terminated = terminated OR ?, cancelled = cancelled OR ?, "
            "stop_reason = coalesce(stop_reason, ?) WHERE id = ? AND status NOT IN ('SUCCEEDED', 'FAILED')",
            *(by_force, not by_force, reason, job.id),
        )

    def _stop_one(self, job: SandboxJob, reason: str, *, by_force: bool) -> None:
        attempt = self._attempts.get(job.id)
        starts = job.status in {"STARTING", "RUNNING"}
        if job.status in {"SUCCEEDED", "FAILED"} or (starts and not by_force):
            return
        self._record_stop_request(job, reason, by_force=by_force)
        if attempt is None:
            self._finish_jobs([job.id], "FAILED", reason)
        elif job.stop_reason is None:
            self._kill(attempt)

    def stop_queue(self, queue: str) -> None:
        with self._transaction():
            self._ready.pop(queue, None)
            rows = self._store.fetch_all(
                f"{SELECT} WHERE job.queue = ? AND job.parent IS NULL AND job.status NOT IN ('SUCCEEDED', 'FAILED')",
                queue,
            )
            for row in rows:
                self.stop_job(SandboxJob.from_row(row), QUEUE_DELETED, by_force=True)

    def queues_changed(self) -> None:
        with self._wake:
            self._slots.forget_queues()
            self._schedule_batches(0, self._enqueue_runnable, self._unplaceable)
            self._unplaceable = []
            self._schedule(0, lambda: None)  # whose transaction starts what can start now
            self._wake.notify_all()

    # The thread

    def _run(self) -> None:
        while True:
            with self._wake:
                if self._closing:
                    return
                due = bool(self._steps) and self._steps[0][0] <= time.monotonic()
                if not due:
                    self._wake.wait(self._steps[0][0] - time.monotonic() if self._steps else None)
                    continue
                _, _, step = heapq.heappop(self._steps)
                try:
                    with self._transaction():
                        step()
                except Exception:
                    logger.exception("A step of the scheduler failed; its jobs stay as they are.")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._wake, self._store.transaction():
            yield
            self._propagate_ends()
            self._start_ready()
            self._wake.notify_all()

    def _schedule_batches(self, seconds: float, step: Callable[[list[str]], None], ids: list[str]) -> None:
        for start in range(0, len(ids), STEP_BATCH_SIZE):
            portion = ids[start : start + STEP_BATCH_SIZE]
            self._schedule(seconds, partial(step, portion))

    def _schedule(self, seconds: float, step: Callable[[], None]) -> None:
        heapq.heappush(self._steps, (time.monotonic() + seconds, next(self._sequence), step))

    # Before the start

    def _advance_submitted(self, ids: list[str]) -> None:
        free: list[str] = []
        waiting: list[str] = []
        for job in find_jobs(self._store, ids):
            (waiting if job.array_size is not None or job.blocking_ids() else free).append(job.id)
        self._set_status(waiting, "PENDING", after=("SUBMITTED",))
        self._make_runnable(free)
        self._schedule_batches(self._delay, self._check_dependencies, waiting)

    def _check_dependencies(self, ids: list[str]) -> None:
        failed, free = [], []
        for job in find_jobs(self._store, ids):
            if job.status != "PENDING" or job.array_size is not None:
                continue
            blockers = self._unfinished_blockers(job)
            if blockers is None:
                failed.append(job.id)
            elif not blockers:
                free.append(job.id)
            for blocker in blockers or ():
                self._dependents[blocker][job.id] = None
        self._finish_jobs(failed, "FAILED", DEPENDENCY_FAILED)
        self._make_runnable(free)

    def _unfinished_blockers(self, job: SandboxJob) -> list[str] | None:
        blockers = job.blocking_ids()
        rows = self._store.fetch_all(
            "SELECT id, status FROM job WHERE id IN (SELECT value FROM json_each(?))", json.dumps(blockers)
        )
        states = {row["id"]: row["status"] for row in rows}
        if any(states.get(blocker, "FAILED") == "FAILED" for blocker in blockers):
            return None
        return [blocker for blocker in blockers if states[blocker] != "SUCCEEDED"]

    def _make_runnable(self, ids: list[str]) -> None:
        self._set_status(ids, "RUNNABLE", after=("SUBMITTED", "PENDING"))
        self._schedule_batches(self._delay, self._enqueue_runnable, ids)

    def _set_status(self, ids: list[str], status: str, *, after: tuple[str, ...]) -> None:
        """Skip jobs of another status: some may have been stopped meanwhile."""
        self._store.execute(
            "UPDATE job SET status = ?, status_reason = NULL WHERE id IN (SELECT value FROM json_each(?)) "
            "AND status IN (SELECT value FROM json_each(?))",
            *(status, json.dumps(ids), json.dumps(after)),
        )

    def _enqueue_runnable(self, ids: list[str]) -> None:
        for job in find_jobs(self._store, ids):
            if job.status == "RUNNABLE" and job.id not in self._demands:
                self._demands[job.id] = job_demand(job.spec)
                heapq.heappush(self._ready[job.queue], (job.number, job.id))

    def _start_ready(self) -> None:
        for queue in sorted(self._ready, key=lambda queue: -self._slots.queue(queue).priority):
            ready = self._ready[queue]
            while ready and not self._slots.is_full and self._start_first(queue, ready):
                pass
            if not ready:
                del self._ready[queue]

    def _start_first(self, queue: str, ready: list[tuple[int, str]]) -> bool:
        _, job_id = ready[0]
        demand = self._demands.get(job_id)
        if demand is None:  # stopped while it waited
            heapq.heappop(ready)
            return True
        if reason := self._slots.queue(queue).why_unplaceable(demand):
            # AWS would let it block the queue. Here it is set aside, so that one mistake doesn't stop everyone.
            heapq.heappop(ready)
            del self._demands[job_id]
            self._unplaceable.append(job_id)
            self._store.execute("UPDATE job SET status_reason = ? WHERE id = ?", reason, job_id)
            return True
        if self._is_blocked(queue, job_id):
            return False
        environment = self._slots.allocate(job_id, queue, demand)
        if environment is None:
            return False
        heapq.heappop(ready)
        del self._demands[job_id]
        self._set_status([job_id], "STARTING", after=("RUNNABLE",))
        self._schedule(self._delay, partial(self._start_attempt, job_id, environment))
        return True

    def _is_blocked(self, queue: str, job_id: str) -> bool:
        """Return whether a fault keeps the queue's first job from starting, and give it the fault's reason."""
        reason = self._faults.blocked_reason(queue)
        if reason is not None:
            self._blocked_jobs[queue] = job_id
            self._store.execute("UPDATE job SET status_reason = ? WHERE id = ?", reason, job_id)
        elif blocked := self._blocked_jobs.pop(queue, None):
            self._store.execute("UPDATE job SET status_reason = NULL WHERE id = ? AND status = 'RUNNABLE'", blocked)
        return reason is not None

    # The attempt

    def _start_attempt(self, job_id: str, environment: str) -> None:
        job = find_job(self._store, job_id)
        if job is None or job.status != "STARTING":
            return
        plan = self._planner.plan(job, environment)
        if (failure := job.start_failure or self._faults.start_failure(job)) is not None:
            self._fail_to_start(job, plan, failure)
            return
        if plan.is_empty:
            self._finish_empty_attempt(job, plan)
            return
        attempt = AttemptRun(plan, self._on_started, self._on_changed, self._on_ended)
        self._attempts[job_id] = attempt
        attempt.start()

    def _fail_to_start(self, job: SandboxJob, plan: AttemptPlan, failure: Document) -> None:
        """End an attempt that can't start, or a job for which ECS takes no task."""
        self._slots.release(job.id)
        if "reason" not in failure:
            self._finish_attempt(job, {}, "FAILED", failure["statusReason"])
            return
        self._finish_or_retry(job, {**plan.record, "exitCode": None, **failure})

    def _finish_or_retry(self, job: SandboxJob, record: Document) -> None:
        if job.stop_reason is None and should_retry(job, record):
            self._finish_attempt(job, record, "RUNNABLE", record["statusReason"])
            self._schedule_batches(self._delay, self._enqueue_runnable, [job.id])
        else:
            self._finish_attempt(job, record, "FAILED", record["statusReason"])

    def _finish_empty_attempt(self, job: SandboxJob, plan: AttemptPlan) -> None:
        now = now_ms()
        self._store.execute("UPDATE job SET started_at = ? WHERE id = ?", now, job.id)
        self._slots.release(job.id)
        reason = _status_reason(job, timed_out=False, reason=None)
        ended = {**plan.record, "startedAt": now, "exitCode": 0, "reason": None, "statusReason": reason}
        self._finish_attempt(job, ended, "SUCCEEDED", reason)

    def _on_started(self, attempt: AttemptRun) -> None:
        with self._wake:
            if self._closing:
                attempt.signal(signal.SIGKILL)
                return
            with self._transaction():
                job = self._find_job(attempt)
                self._store.execute(
                    "UPDATE job SET status = 'RUNNING', started_at = ?, attempt = ? WHERE id = ?",
                    *(now_ms(), json.dumps(attempt.record()), job.id),
                )
                if job.stop_reason is not None:
                    self._kill(attempt)
                    return
                if job.timeout_seconds is not None:
                    self._schedule(job.timeout_seconds, partial(self._time_out, attempt))
                if end := self._faults.sudden_end(job):
                    self._schedule(end.seconds, partial(self._end_suddenly, attempt, end))

    def _on_changed(self, attempt: AttemptRun) -> None:
        with self._wake:
            if not self._closing and self._attempts.get(attempt.plan.job_id) is attempt:
                self._store.execute(
                    "UPDATE job SET attempt = ? WHERE id = ? AND status = 'RUNNING'",
                    *(json.dumps(attempt.record()), attempt.plan.job_id),
                )

    def _find_job(self, attempt: AttemptRun) -> SandboxJob:
        job = find_job(self._store, attempt.plan.job_id)
        if job is None:
            raise LookupError(attempt.plan.job_id)
        return job

    def _time_out(self, attempt: AttemptRun) -> None:
        if self._attempts.get(attempt.plan.job_id) is attempt:
            self._timed_out.add(attempt.plan.job_id)
            self._kill(attempt)

    def _end_suddenly(self, attempt: AttemptRun, end: SuddenEnd) -> None:
        if self._attempts.get(attempt.plan.job_id) is attempt:
            self._sudden_ends[attempt.plan.job_id] = end
            attempt.signal(signal.SIGKILL)

    def _kill(self, attempt: AttemptRun) -> None:
        attempt.signal(signal.SIGTERM)

        def insist() -> None:
            if self._attempts.get(attempt.plan.job_id) is attempt:
                attempt.signal(signal.SIGKILL)

        self._schedule(KILL_GRACE_SECONDS, insist)

    def _on_ended(self, attempt: AttemptRun) -> None:
        with self._wake:
            if self._closing:
                return
            with self._transaction():
                job = self._find_job(attempt)
                del self._attempts[job.id]
                timed_out = job.id in self._timed_out
                self._timed_out.discard(job.id)
                self._slots.release(job.id)
                sudden_end = self._sudden_ends.pop(job.id, None)
                record = {
                    "exitCode": None,
                    **attempt.record(),
                    "statusReason": _status_reason(job, timed_out=timed_out, reason=attempt.reason),
                    **(sudden_end.record if sudden_end else {}),
                }
                if attempt.exit_code == 0 and job.stop_reason is None and not timed_out:
                    self._finish_attempt(job, record, "SUCCEEDED", record["statusReason"])
                elif timed_out:
                    self._finish_attempt(job, record, "FAILED", record["statusReason"])
                else:
                    self._finish_or_retry(job, record)

    def _finish_attempt(self, job: SandboxJob, record: Document, status: str, reason: str) -> None:
        now = now_ms()
        attempts = [*job.attempts, {"statusReason": reason, **record, "stoppedAt": now}] if record else job.attempts
        is_retry = status == "RUNNABLE"
        self._store.execute(
            "UPDATE job SET status = ?, status_reason = ?, attempts = ?, attempt = NULL, "
            "started_at = CASE WHEN ? THEN NULL ELSE started_at END, stopped_at = ? WHERE id = ?",
            *(status, reason, json.dumps(attempts), is_retry, None if is_retry else now, job.id),
        )
        if not is_retry:
            self._finished.append(job.id)

    # After the end

    def _finish_jobs(self, ids: list[str], status: str, reason: str | None) -> None:
        self._store.execute_many(
            "UPDATE job SET status = ?, status_reason = ?, stopped_at = ? WHERE id = ?",
            [(status, reason, now_ms(), job_id) for job_id in ids],
        )
        for job_id in ids:
            self._demands.pop(job_id, None)
            self._slots.release(job_id)
        self._finished.extend(ids)

    def _propagate_ends(self) -> None:
        """Update dependents and arrays without recursion."""
        while self._finished:
            job_id = self._finished.popleft()
            if waiting := self._dependents.pop(job_id, None):
                self._check_dependencies(list(waiting))
            parent, index = job_id.partition(":")[::2]
            if index:
                self._close_array(parent)

    def _close_array(self, parent: str) -> None:
        open_child = self._store.fetch_one(
            "SELECT 1 FROM job WHERE parent = ? "
            "AND status IN ('SUBMITTED', 'PENDING', 'RUNNABLE', 'STARTING', 'RUNNING') LIMIT 1",
            parent,
        )
        array = find_job(self._store, parent)
        if open_child or array is None or array.status in {"SUCCEEDED", "FAILED"}:
            return
        failure = self._store.fetch_one(
            "SELECT max(status_reason != ?) AS own FROM job WHERE parent = ? AND status = 'FAILED'",
            *(DEPENDENCY_FAILED, parent),
        )
        if failure is None or failure["own"] is None:
            self._finish_jobs([parent], "SUCCEEDED", None)
        else:
            reason = CHILD_FAILED if failure["own"] else DEPENDENCY_FAILED
            self._finish_jobs([parent], "FAILED", array.stop_reason or reason)


def _status_reason(job: SandboxJob, *, timed_out: bool, reason: str | None) -> str:
    if job.stop_reason is not None:
        return job.stop_reason
    if timed_out:
        return TIMED_OUT
    return "Task failed to start" if reason else "Essential container in task exited"
