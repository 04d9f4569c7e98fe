"""The schemas of responses. Clients rely on the field names: they are added to, never renamed."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema


class ProblemOut(Schema):
    """An error or a warning about a document."""

    pointer: str
    message: str
    severity: str
    line: int | None = None
    column: int | None = None
    rule: str = ""


class ChangeOut(Schema):
    """A change that the portal made to the document: a value converted, added or removed."""

    pointer: str
    message: str


class ProblemDetailsOut(Schema):
    """Problem details (RFC 9457) with a list of errors."""

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


class FoundDefinitionOut(Schema):
    """A definition in a list, with its newest usable revision; null if it has none."""

    name: str
    revision: int | None
    arn: str | None
    url: str
    description: str
    team: str
    used_at: datetime | None


class DefinitionsOut(Schema):
    """`next` is the cursor of the next page; empty on the last."""

    definitions: list[FoundDefinitionOut]
    next: str


class QueueOut(Schema):
    """A queue that the team can submit to. `state` and `status` are those of AWS Batch."""

    name: str
    region: str
    state: str
    status: str
    running: int
    waiting: int


class QueuesOut(Schema):
    """`next` is the cursor of the next page; empty on the last."""

    queues: list[QueueOut]
    next: str


class RequestOut(Schema):
    """A request for approval in a list."""

    id: str
    url: str
    submission: str
    name: str
    user: str
    state: str
    reasons: list[str]
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    comment: str
    asked_at: datetime = Field(description="Former name of `requested_at`.", json_schema_extra={"deprecated": True})
    words: str = Field(description="Former name of `comment`.", json_schema_extra={"deprecated": True})


class RequestsOut(Schema):
    """`next` is the cursor of the next page; empty on the last."""

    approvals: list[RequestOut]
    next: str


class CallerOut(Schema):
    """Who a token acts for."""

    user: str
    team: str
    role: str
    token: str
    can_submit: bool
    expires_at: datetime | None


class RerunOut(Schema):
    """How the failed child jobs of an array ended when they ran again."""

    failed: int
    run_again: int
    succeeded: int
    in_progress: int
    all_succeeded: bool
    """Whether all indexes of the array have succeeded in the end. The job's `state` stays FAILED, as in AWS Batch."""


class JobSummaryOut(Schema):
    id: str
    name: str
    state: str
    final: bool
    batch_job_id: str | None
    exit_code: int | None
    reason: str
    cause: str = ""
    """Why it waits or failed: a name of docs/causes.md, such as out-of-memory. Empty if it does neither."""
    cause_label: str = ""
    explanation: str = ""
    """The cause in one sentence."""
    next_step: str = ""
    url: str
    reruns: RerunOut | None = None
    """Of an array whose failed child jobs ran again."""


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


class FoundJobOut(JobSummaryOut):
    """A job in a list. `usd` is its estimated cost so far, an exact decimal as text; null without one."""

    submission: str
    team: str
    user: str
    queue: str
    definition: str
    array_size: int | None
    attempts: int
    accepted_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    usd: str | None
    tags: dict[str, str]


class JobsOut(Schema):
    """`next` is the cursor of the next page; empty on the last."""

    jobs: list[FoundJobOut]
    next: str


class StateChangeOut(Schema):
    """A change of state of one job."""

    time: datetime
    job: str
    name: str
    state: str
    note: str


class ApprovalOut(Schema):
    """The newest request for approval: waiting, approved, declined or withdrawn."""

    state: str
    reasons: list[str]
    requested_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    comment: str
    asked_at: datetime = Field(description="Former name of `requested_at`.", json_schema_extra={"deprecated": True})
    words: str = Field(description="Former name of `comment`.", json_schema_extra={"deprecated": True})
    raised_by: list[str] = []
    """Usernames of those whose edit of a waiting request needs another approver: they can't approve it."""
    run_again: list[str] = []
    """Names of the jobs that the request is for, if they run again; empty if it is for the submission."""


class AmountOut(Schema):
    """Exact decimals as text; null if unknown."""

    usd: str | None = None
    vcpu_hours: str | None = None


class EstimateOut(Schema):
    """The estimated cost of a submission: expected, from earlier jobs of its definitions and sizes, and at most.

    Half of those cost up to `expected`, nine of ten up to `expected_high`; their values are null with fewer than
    three. At most is time limit × attempts × runs, with each run's full size. Approval thresholds apply to it.
    """

    expected: AmountOut
    expected_high: AmountOut | None = None
    at_most: AmountOut


class HoldOut(Schema):
    """After a restore, jobs are held until about this time; null: until the portal has compared its jobs with AWS."""

    until: datetime | None
    reason: str


class ParameterOut(Schema):
    """A parameter of a workflow template. The default is text, also that of a number; null: it has to be given."""

    name: str
    label: str
    help: str
    type: str
    default: str | None
    required: bool
    choices: list[str] = []


class TemplateOut(Schema):
    """A workflow template and its newest version."""

    id: str
    url: str
    name: str
    description: str
    version: int
    archived: bool
    runs: int
    used_at: datetime | None


class TemplatesOut(Schema):
    """`next` is the cursor of the next page; empty on the last."""

    templates: list[TemplateOut]
    next: str


class TemplateDetailOut(TemplateOut):
    """A version with its document. Values that look secret are masked."""

    note: str
    created_at: datetime
    parameters: list[ParameterOut]
    document: dict[str, Any]


class TemplateUseOut(Schema):
    """The template that a submission was started from."""

    id: str
    name: str
    version: int
    values: dict[str, str]


class LaunchFormOut(Schema):
    """A launch form and its newest version."""

    id: str
    url: str
    name: str
    description: str
    labels: list[str]
    version: int
    archived: bool
    runs: int
    used_at: datetime | None


class LaunchFormsOut(Schema):
    """`next` is the cursor of the next page; empty on the last."""

    forms: list[LaunchFormOut]
    next: str


class LaunchFormDetailOut(LaunchFormOut):
    """A version as a file, which can be sent again. Values that look secret are masked."""

    note: str
    created_at: datetime
    sections: list[dict[str, Any]]
    locked_by: dict[str, str]
    document: dict[str, Any]


class LaunchFormUseOut(Schema):
    """The launch form that a submission was started from."""

    id: str
    name: str
    version: int
    values: dict[str, str]


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
    template: TemplateUseOut | None = None
    form: LaunchFormUseOut | None = None
    jobs: list[JobSummaryOut]
    problems: list[ProblemOut]
    changes: list[ChangeOut]
    cursor: str
    history: list[StateChangeOut]


class FoundSubmissionOut(Schema):
    """A submission in a list, with the number of its jobs by state."""

    id: str
    url: str
    name: str
    state: str
    user: str
    source: str
    created_at: datetime
    jobs: dict[str, int]


class SubmissionsOut(Schema):
    """`next` is the cursor of the next page; empty on the last."""

    submissions: list[FoundSubmissionOut]
    next: str


class StopOut(Schema):
    """How many jobs this request asked to stop, without those that had ended or were asked before."""

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
    """The cost of one value. `value` is null for jobs without the tag. Amounts are exact decimals as text."""

    value: str | None
    usd: str
    failed_usd: str
    before_usd: str
    jobs: int
    running_usd: str
    """Of jobs that are running, so far. It isn't in `usd`."""
    kind: str
    """`value`, `untagged` or `total`."""


class ActualCostRowOut(Schema):
    """Costs of one value. `value` is null for jobs without the tag. Amounts are exact decimals as text."""

    value: str | None
    estimate_usd: str
    allocated_usd: str
    idle_usd: str
    """Unused capacity that AWS assigns to the jobs. It isn't in `allocated_usd`."""
    kind: str
    """`value`, `untagged` or `total`."""


class ExplorerCostRowOut(Schema):
    """Costs of one value. `value` is null for costs without the tag. Amounts are exact decimals as text."""

    value: str | None
    estimate_usd: str
    usd: str
    """What Cost Explorer says."""
    kind: str
    """`value`, `untagged` or `total`."""


class ExplorerCostsOut(Schema):
    """Days that were read. `data_through` and `read_at` are null, and there are no rows, without a reading."""

    first_day: str
    last_day: str
    data_through: str | None
    read_at: datetime | None
    inactive: list[str]
    """Tags that aren't activated as cost allocation tags."""
    rows: list[ExplorerCostRowOut]
    total: ExplorerCostRowOut


class ActualCostsOut(Schema):
    """Days up to the last that AWS has billed. `data_through` is null, and there are no rows, without an import."""

    first_day: str
    last_day: str
    by: str
    currency: str = "USD"
    data_through: str | None
    missing: list[str]
    """Accounts and months of which no export has been imported."""
    rows: list[ActualCostRowOut]
    total: ActualCostRowOut
    cost_explorer: ExplorerCostsOut | None
    """Costs by a tag; null by anything else, and where Cost Explorer isn't read."""


class CostsOut(Schema):
    """`month` is empty for another period."""

    month: str
    first_day: str
    last_day: str
    by: str
    currency: str = "USD"
    estimate: bool = True
    rows: list[CostRowOut]
    total: CostRowOut
