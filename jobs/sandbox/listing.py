"""DescribeJobs, ListJobs and GetJobQueueSnapshot, with AWS's peculiarities."""

from typing import Any

from jobs.sandbox.context import ApiCall, Document, decode_page_token, encode_page_token, now_ms, page_size
from jobs.sandbox.errors import BatchClientError
from jobs.sandbox.jobs import (
    SELECT,
    STATUSES,
    SandboxJob,
    find_job,
    find_jobs,
    find_node,
    job_detail,
    job_summary,
    node_detail,
    node_summary,
)
from jobs.sandbox.queues import QueueService
from jobs.sandbox.store import Store
from jobs.sandbox.visibility_lag import VisibilityLag

MAX_DESCRIBED_JOBS = 100
LAST_CHARACTER = "\U0010ffff"  # sorts after every character of a name

SqlCondition = tuple[str, list[Any]]


class JobListing:
    def __init__(self, store: Store, queues: QueueService, visibility_lag: VisibilityLag) -> None:
        self._store = store
        self._queues = queues
        self._visibility_lag = visibility_lag

    def describe(self, call: ApiCall) -> Document:
        ids = list(dict.fromkeys(name.rpartition(":job/")[2] for name in call.params["jobs"]))
        if len(ids) > MAX_DESCRIBED_JOBS:
            raise BatchClientError(f"Maximum number of jobs supported is {MAX_DESCRIBED_JOBS}")
        with self._store.lock:
            nodes = [node for name in ids if "#" in name and (node := find_node(self._store, name))]
            jobs = self._visibility_lag.visible_jobs([*find_jobs(self._store, ids), *nodes])
            return {
                "jobs": [
                    node_detail(self._store, job.id) if "#" in job.id else job_detail(self._store, job)
                    for job in jobs
                    if job.account_region == call.account_region
                ]
            }

    def list_jobs(self, call: ApiCall) -> Document:
        params = call.params
        selectors = [key for key in ("jobQueue", "arrayJobId", "multiNodeJobId") if params.get(key)]
        if len(selectors) != 1:
            raise BatchClientError("Exactly one of jobQueue, arrayJobId and multiNodeJobId must be specified")
        status = params.get("jobStatus", "RUNNING")
        if status not in STATUSES:
            raise BatchClientError(f"jobStatus {status} is not valid")
        if "arrayJobId" in params:
            return self._children(call, status)
        if "multiNodeJobId" in params:
            return self._nodes(call, status)
        return self._in_queue(call, status)

    def _nodes(self, call: ApiCall, status: str) -> Document:
        job = find_job(self._store, call.params["multiNodeJobId"])
        if job is None or job.account_region != call.account_region or not self._visibility_lag.knows(job):
            return {"jobSummaryList": []}
        summaries = [node_summary(self._store, job, index) for index in range(len(job.node_ids()))]
        return {"jobSummaryList": [summary for summary in summaries if summary["status"] == status]}

    def _children(self, call: ApiCall, status: str) -> Document:
        (after,) = decode_page_token(call.params["nextToken"], 1) if call.params.get("nextToken") else (-1,)
        limit = page_size(call.params, maximum=1000)
        visibility, values = self._visibility_lag.list_condition()
        rows = self._store.fetch_all(
            f"{SELECT} WHERE job.parent = ? AND job.home = ? AND job.status = ? AND job.place > ?{visibility} "
            "ORDER BY job.place LIMIT ?",
            *(call.params["arrayJobId"], call.account_region.key, status, after, *values, limit + 1),
        )
        return self._page(
            [SandboxJob.from_row(row) for row in rows], limit, lambda job: encode_page_token(job.array_index or 0)
        )

    def _in_queue(self, call: ApiCall, status: str) -> Document:
        params = call.params
        queue = self._queues.find_queue(call.account_region, params["jobQueue"])
        filters = params.get("filters") or []
        if len(filters) > 1:
            raise BatchClientError("Only one filter can be used at a time")
        if filters:
            condition, values = _filter_condition(filters[0], call)
            if filters[0].get("name") == "SHARE_IDENTIFIER" and "jobStatus" in params:
                condition, values = f"{condition} AND job.status = ?", [*values, status]
        else:
            condition, values = "job.status = ?", [status]
        if params.get("nextToken"):
            condition += " AND (job.created_at, job.number) < (?, ?)"
            values = [*values, *decode_page_token(params["nextToken"], 2)]
        visibility, visibility_values = self._visibility_lag.list_condition()
        condition, values = condition + visibility, [*values, *visibility_values]
        limit = page_size(params, maximum=100 if filters else 1000)
        rows = self._store.fetch_all(
            f"{SELECT} WHERE job.queue = ? AND job.parent IS NULL AND {condition} "
            "ORDER BY job.created_at DESC, job.number DESC LIMIT ?",
            *(queue["jobQueueArn"], *values, limit + 1),
        )
        jobs = [SandboxJob.from_row(row) for row in rows]
        return self._page(jobs, limit, lambda job: encode_page_token(job.created_at, job.number))

    def _page(self, jobs: list[SandboxJob], limit: int, token: Any) -> Document:
        answer: Document = {"jobSummaryList": [job_summary(self._store, job) for job in jobs[:limit]]}
        if len(jobs) > limit:
            answer["nextToken"] = token(jobs[limit - 1])
        return answer

    def snapshot(self, call: ApiCall) -> Document:
        queue = self._queues.find_queue(call.account_region, call.params["jobQueue"])
        rows = self._store.fetch_all(
            "SELECT id, created_at FROM job WHERE queue = ? AND status = 'RUNNABLE' ORDER BY number LIMIT 100",
            queue["jobQueueArn"],
        )
        entries = [
            {"jobArn": call.account_region.arn("job", row["id"]), "earliestTimeAtPosition": row["created_at"]}
            for row in rows
        ]
        return {"frontOfQueue": {"jobs": entries, "lastUpdatedAt": now_ms()}}


def _filter_condition(job_filter: Document, call: ApiCall) -> SqlCondition:
    name, values = job_filter.get("name"), job_filter.get("values") or []
    if len(values) != 1:
        raise BatchClientError(f"Filter {name} needs exactly one value")
    value = values[0]
    if name == "JOB_NAME":
        return _prefix_condition("job.name_key", value.lower())
    if name == "JOB_DEFINITION":
        if value.startswith("arn:"):
            return "job.definition = ?", [value]
        arn = call.account_region.arn("job-definition", value)
        return _prefix_condition("job.definition", arn if value.endswith("*") else f"{arn}:*")
    if name == "SHARE_IDENTIFIER":
        return _prefix_condition("json_extract(job.spec, '$.shareIdentifier')", value)
    if name in {"AFTER_CREATED_AT", "BEFORE_CREATED_AT"}:
        if not value.isdigit():
            raise BatchClientError(f"Filter {name} needs a time in milliseconds since 1970, not '{value}'")
        return f"job.created_at {'>' if name == 'AFTER_CREATED_AT' else '<'} ?", [int(value)]
    raise BatchClientError(f"Filter {name} is not valid")


def _prefix_condition(column: str, value: str) -> SqlCondition:
    if value.endswith("*"):
        start = value[:-1]
        return f"{column} >= ? AND {column} < ?", [start, start + LAST_CHARACTER]
    return f"{column} = ?", [value]
