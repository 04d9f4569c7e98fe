"""Visibility of jobs in answers; hidden ones still run."""

import random
from collections.abc import Callable, Iterable
from typing import Any

from jobs.sandbox.context import now_ms
from jobs.sandbox.faults import FOREVER, FaultPlan
from jobs.sandbox.jobs import SandboxJob
from jobs.sandbox.store import Store

SCHEMA = "CREATE TABLE IF NOT EXISTS forgotten (id TEXT PRIMARY KEY) WITHOUT ROWID"
NOT_FORGOTTEN = "coalesce(job.parent, job.id) NOT IN (SELECT id FROM forgotten)"


class VisibilityLag:
    def __init__(self, store: Store, plan: Callable[[], FaultPlan]) -> None:
        self._store = store
        self._plan = plan
        self._describe_calls = 0
        store.execute(SCHEMA)
        self._forgotten = {str(row["id"]) for row in store.fetch_all("SELECT id FROM forgotten")}

    def forget(self, ids: Iterable[str]) -> None:
        with self._store.lock:
            self._store.execute_many("INSERT OR IGNORE INTO forgotten VALUES (?)", [(job_id,) for job_id in ids])
            self._forgotten = {str(row["id"]) for row in self._store.fetch_all("SELECT id FROM forgotten")}

    def list_condition(self) -> tuple[str, list[Any]]:
        plan, current_time = self._plan(), now_ms()
        condition, values = "", []
        if plan.list_lag_seconds:
            condition += " AND job.created_at <= ?"
            values.append(current_time - plan.list_lag_seconds * 1000)
        if plan.purge_seconds < FOREVER:
            condition += " AND (job.stopped_at IS NULL OR job.stopped_at > ?)"
            values.append(current_time - plan.purge_seconds * 1000)
        if self._forgotten:
            condition += f" AND {NOT_FORGOTTEN}"
        return condition, values

    def knows(self, job: SandboxJob) -> bool:
        purged = job.stopped_at is not None and job.stopped_at <= now_ms() - self._plan().purge_seconds * 1000
        return not purged and (job.parent or job.id) not in self._forgotten

    def visible_jobs(self, jobs: list[SandboxJob]) -> list[SandboxJob]:
        plan = self._plan()
        self._describe_calls += 1
        latest_start = now_ms() - plan.describe_lag_seconds * 1000
        rng = random.Random(f"{plan.seed}:DescribeJobs omits:{self._describe_calls}")
        reported_jobs = [job for job in jobs if not plan.describe_omits or rng.random() >= plan.describe_omits]
        return [
            job
            for job in reported_jobs
            if self.knows(job) and (not plan.describe_lag_seconds or job.created_at <= latest_start)
        ]
