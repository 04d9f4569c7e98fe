"""The schemas of responses. Clients rely on the field names: they are added to, never renamed."""

from datetime import datetime
from typing import Any

from ninja import Schema


class ProblemOut(Schema):
    """One thing that is wrong with a document, or was warned of."""

    pointer: str
    message: str
    severity: str
    line: int | None = None
    column: int | None = None
    rule: str = ""


class ChangeOut(Schema):
    """What was read otherwise than it was written."""

    pointer: str
    message: str


class ProblemDetailsOut(Schema):
    """RFC 9457, with a list of what is wrong."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    problems: list[ProblemOut]


class DefinitionOut(Schema):
    name: str
    revision: int | None
    arn: str | None
    url: str
    reused: bool
    problems: list[ProblemOut]
    changes: list[ChangeOut]


class JobSummaryOut(Schema):
    id: str
    name: str
    state: str
    final: bool
    batch_job_id: str | None
    exit_code: int | None
    reason: str
    url: str


class JobOut(JobSummaryOut):
    submission: str
    queue: str
    definition: str
    array_size: int | None
    array: dict[str, int]
    stop_requested: bool
    accepted_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None


class StateChangeOut(Schema):
    """A change of state of one job."""

    time: datetime
    job: str
    name: str
    state: str
    note: str


class ApprovalOut(Schema):
    """Whose word it needed, or needs: waiting, approved, declined or withdrawn."""

    state: str
    reasons: list[str]
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    words: str
    raised_by: list[str] = []
    """Who made a waiting request larger than it was, by username: they can't approve it."""


class AmountOut(Schema):
    """Exact decimals, as text; null where it is unknown."""

    usd: str | None = None
    vcpu_hours: str | None = None


class EstimateOut(Schema):
    """What a submission is expected to cost, as its definitions' earlier jobs, and what at most.

    At most is time limit × attempts × runs, with each run's size in full. Approval thresholds compare this one.
    """

    expected: AmountOut
    at_most: AmountOut


class HoldOut(Schema):
    """After a restore, jobs are held until about then; null: until the portal has compared its jobs with AWS."""

    until: datetime | None
    reason: str


class SubmissionOut(Schema):
    id: str
    url: str
    name: str
    state: str
    final: bool
    created_at: datetime
    approval: ApprovalOut | None = None
    estimate: EstimateOut | None = None
    held: HoldOut | None = None
    jobs: list[JobSummaryOut]
    problems: list[ProblemOut]
    changes: list[ChangeOut]
    cursor: str
    history: list[StateChangeOut]


class StopOut(Schema):
    """How many jobs this request asked to stop: not those that had ended, nor those that were asked before."""

    stopping: int


class LogLineOut(Schema):
    time: datetime
    text: str


class LogOut(Schema):
    lines: list[LogLineOut]
    next: str
    note: str
    end: bool


class ValidationOut(Schema):
    kind: str | None
    ok: bool
    problems: list[ProblemOut]
    changes: list[ChangeOut]
    document: dict[str, Any] | None
    approval: list[str] = []
    estimate: EstimateOut | None = None


class KeyOut(Schema):
    key: str


class CostRowOut(Schema):
    """What one value came to. `value` is null for jobs without the tag. Amounts are exact decimals, as text."""

    value: str | None
    usd: str
    failed_usd: str
    before_usd: str
    jobs: int


class CostsOut(Schema):
    month: str
    by: str
    currency: str = "USD"
    estimate: bool = True
    rows: list[CostRowOut]
    total: CostRowOut
