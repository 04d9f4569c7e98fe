"""The schemas of responses. Clients rely on the field names: they are added to, never renamed."""

from datetime import datetime
from typing import Any

from ninja import Schema


class Finding(Schema):
    """One thing that is wrong with a document, or was warned of."""

    pointer: str
    message: str
    severity: str
    line: int | None = None
    column: int | None = None
    rule: str = ""


class Change(Schema):
    """What was read otherwise than it was written."""

    pointer: str
    message: str


class Problem(Schema):
    """RFC 9457, with a list of what is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    problems: list[Finding]


class DefinitionAnswer(Schema):
    name: str
    revision: int | None
    arn: str | None
    url: str
    reused: bool
    problems: list[Finding]
    changes: list[Change]


class JobBrief(Schema):
    id: str
    name: str
    state: str
    final: bool
    batch_job_id: str | None
    exit_code: int | None
    reason: str
    url: str


class JobAnswer(JobBrief):
    submission: str
    queue: str
    definition: str
    array_size: int | None
    array: dict[str, int]
    stop_requested: bool
    accepted_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None


class Event(Schema):
    """A change of state of one job."""

    time: datetime
    job: str
    name: str
    state: str
    note: str


class ApprovalAnswer(Schema):
    """Whose word it needed, or needs: waiting, approved, declined or withdrawn."""

    state: str
    reasons: list[str]
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    words: str
    raised_by: list[str] = []
    """Who made a waiting request larger than it was, by username: they can't approve it."""


class Amount(Schema):
    """Exact decimals, as text; null where it is unknown."""

    usd: str | None = None
    vcpu_hours: str | None = None


class Estimate(Schema):
    """What a submission is expected to cost, as its definitions' earlier jobs, and what at most.

    At most is time limit × attempts × runs, with each run's size in full. Approval thresholds compare this one.
    """

    expected: Amount
    at_most: Amount


class HeldAnswer(Schema):
    """After a restore, jobs are held until about then; null: until the portal has compared its jobs with AWS."""

    until: datetime | None
    reason: str


class SubmissionAnswer(Schema):
    id: str
    url: str
    name: str
    state: str
    final: bool
    created_at: datetime
    approval: ApprovalAnswer | None = None
    estimate: Estimate | None = None
    held: HeldAnswer | None = None
    jobs: list[JobBrief]
    problems: list[Finding]
    changes: list[Change]
    cursor: str
    history: list[Event]


class StopAnswer(Schema):
    """How many jobs this request asked to stop: not those that had ended, nor those that were asked before."""

    stopping: int


class LogLine(Schema):
    time: datetime
    text: str


class LogAnswer(Schema):
    lines: list[LogLine]
    next: str
    note: str
    end: bool


class Judged(Schema):
    kind: str | None
    ok: bool
    problems: list[Finding]
    changes: list[Change]
    document: dict[str, Any] | None
    approval: list[str] = []
    estimate: Estimate | None = None


class KeyAnswer(Schema):
    key: str


class CostRow(Schema):
    """What one value came to. `value` is null for jobs without the tag. Amounts are exact decimals, as text."""

    value: str | None
    usd: str
    failed_usd: str
    before_usd: str
    jobs: int


class CostsAnswer(Schema):
    month: str
    by: str
    currency: str = "USD"
    estimate: bool = True
    rows: list[CostRow]
    total: CostRow
