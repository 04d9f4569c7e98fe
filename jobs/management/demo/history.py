"""Generator of plausible past submissions."""

import math
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from jobs.management.demo.profiles import (
    DEFAULT_PROFILE,
    DEPARTMENTS,
    DEPENDENCY_FAILED,
    FAILURES,
    GROWTH_FACTOR,
    HOURS,
    JOB_PROFILES,
    LOST_RATE,
    NO_PROJECT_RATE,
    PROJECTS,
    RETRY_RATE,
    STOPPED_RATE,
    SUCCESS,
    SUCCESS_RATE,
    TEAM_PROJECTS,
    UNTAGGED_RATE,
    WEEKDAYS,
    WORKFLOW_PROFILES,
    WORKFLOW_RATE,
    JobEnding,
    JobProfile,
    WorkflowProfile,
)
from jobs.models import Job, Queue, Revision, Source, User
from jobs.models.ids import to_text
from jobs.pricing.receipt import BilledAttempt
from jobs.spec import effective
from jobs.spec.documents import Document, DocumentKind, list_at, object_at, value_at
from jobs.spec.job_size import requested_size
from jobs.spec.workflow_name import workflow_name
from jobs.states import Delivery, State

MAX_RUN_SECONDS = 4 * 3600.0
MIN_AGE = timedelta(hours=14)  # all have ended by then, the last step of a workflow too
ARRAY_SIZES = (10, 20, 50, 100)


@dataclass(frozen=True)
class TeamResources:
    people: Sequence[User]
    queues: Sequence[Queue]
    revisions: Sequence[Revision]
    name: str


@dataclass(frozen=True)
class HistoricalChange:
    at: datetime
    state: str
    source: str
    attempt: int = 0


@dataclass
class HistoricalJob:
    job: Job
    tags: dict[str, str]
    runs: list[BilledAttempt] = field(default_factory=list)
    changes: list[HistoricalChange] = field(default_factory=list)
    logs: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        return self.job.state == State.SUCCEEDED


@dataclass
class HistoricalSubmission:
    public_id: uuid.UUID
    person: User
    source: str
    accepted_at: datetime
    jobs: list[HistoricalJob]

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind.WORKFLOW if len(self.jobs) > 1 else DocumentKind.SUBMISSION

    @property
    def name(self) -> str:
        return workflow_name({}, [one.job.name for one in self.jobs])

    @property
    def document(self) -> Document:
        documents = [{**one.job.document, **({"tags": one.job.tags} if one.job.tags else {})} for one in self.jobs]
        return {"jobs": documents} if len(documents) > 1 else documents[0]


@dataclass(frozen=True)
class _Request:
    revision: Revision
    queue: Queue
    name: str
    accepted_at: datetime
    tags: dict[str, str]


def submission_times(count: int, days: int, until: datetime, rng: random.Random) -> list[datetime]:
    first = (until - MIN_AGE - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    dates = [first + timedelta(days=day) for day in range(days)]
    weights = [
        WEEKDAYS[day.weekday()] * (1 + (GROWTH_FACTOR - 1) * number / days) * rng.lognormvariate(0, 0.25)
        for number, day in enumerate(dates)
    ]
    days_of_jobs = rng.choices(dates, weights, k=count)
    hours = rng.choices(range(24), HOURS, k=count)
    return sorted(
        day + timedelta(hours=hour, seconds=rng.uniform(0, 3600))
        for day, hour in zip(days_of_jobs, hours, strict=True)
    )


def historical_submissions(
    resources: TeamResources, times: Sequence[datetime], rng: random.Random
) -> Iterator[HistoricalSubmission]:
    projects = [(name, f"CC-{4100 + 10 * PROJECTS.index(name)}") for name in rng.sample(PROJECTS, 6)]
    if resources.name in TEAM_PROJECTS:
        projects[0] = TEAM_PROJECTS[resources.name]
    newest = {revision.definition.name: revision for revision in resources.revisions}
    workflows = [
        profile for profile in WORKFLOW_PROFILES if all(definition in newest for definition, _ in profile.steps)
    ]
    weights = [_job_profile(revision).weight for revision in resources.revisions]
    number = 0
    while number < len(times):
        accepted_at = times[number]
        tags = _tags(resources, projects, rng)
        workflow = rng.choice(workflows) if workflows and rng.random() < WORKFLOW_RATE else None
        if workflow and number + len(workflow.steps) <= len(times):
            jobs = _workflow_jobs(
                resources, workflow=workflow, number=number + 1, accepted_at=accepted_at, tags=tags, rng=rng
            )
        else:
            (revision,) = rng.choices(resources.revisions, weights)
            name = _job_name(rng.choice(_job_profile(revision).names), revision, number + 1, accepted_at)
            queue = _choose_queue(revision, resources.queues, rng)
            jobs = [_simulate_job(_Request(revision, queue, name, accepted_at, tags), rng)]
        yield HistoricalSubmission(
            public_id=_public_id_at(accepted_at),
            person=rng.choice(resources.people),
            source=rng.choices((Source.FORM, Source.JSON, Source.API), (5, 2, 3))[0],
            accepted_at=accepted_at,
            jobs=jobs,
        )
        number += len(jobs)


def _workflow_jobs(
    resources: TeamResources,
    *,
    workflow: WorkflowProfile,
    number: int,
    accepted_at: datetime,
    tags: dict[str, str],
    rng: random.Random,
) -> list[HistoricalJob]:
    newest = {revision.definition.name: revision for revision in resources.revisions}
    jobs: list[HistoricalJob] = []
    for position, (definition, pattern) in enumerate(workflow.steps):
        revision = newest[definition]
        name = _job_name(pattern, revision, number, accepted_at)
        queue = _choose_queue(revision, resources.queues, rng)
        parent = jobs[-1] if jobs else None
        record = _simulate_job(_Request(revision, queue, name, accepted_at, tags), rng, parent=parent)
        record.job.position = record.job.step = position
        jobs.append(record)
    return jobs


def _simulate_job(request: _Request, rng: random.Random, parent: HistoricalJob | None = None) -> HistoricalJob:
    revision, accepted_at = request.revision, request.accepted_at
    public_id = _public_id_at(accepted_at)
    document: Document = {
        "jobName": request.name,
        "jobQueue": request.queue.name,
        "jobDefinition": revision.qualified_name,
    }
    if "containerProperties" in revision.document:
        quarter = f"{accepted_at:%Y}-Q{(accepted_at.month + 2) // 3}"
        document["containerOverrides"] = {"environment": [{"name": "QUARTER", "value": quarter}]}
    if parent:
        document["dependsOn"] = [{"jobId": f"${{{parent.job.name}}}"}]
    job = Job(
        public_id=public_id,
        team=revision.definition.team,  # cached in a definition that many jobs share
        account=request.queue.account,
        queue=request.queue,
        revision=revision,
        definition_id=revision.definition_id,
        name=request.name,
        marker=f"{request.name}-{to_text(public_id)}",
        document=document,
        tags=request.tags,
        **_size_fields(revision),
        delivery=Delivery.SENT,
        batch_id=str(uuid.uuid4()),
        log_group="/aws/batch/job",
        accepted_at=accepted_at,
    )
    profile = _job_profile(revision)
    if parent is None and rng.random() < profile.array_rate:
        job.array_size = rng.choice(ARRAY_SIZES)
        job.document["arrayProperties"] = {"size": job.array_size}
    record = HistoricalJob(job, effective.merge_tags(revision.document, {"tags": request.tags}))
    job.sent_at = accepted_at
    job.submitted_at = accepted_at + timedelta(seconds=rng.uniform(0.8, 3))
    record.changes += [
        HistoricalChange(accepted_at, "", "person"),
        HistoricalChange(job.submitted_at, State.SUBMITTED, "dispatch"),
    ]
    if parent and not parent.is_success:
        _end_after_parent(record, parent)
    else:
        ready_at = max(job.submitted_at, parent.job.ended_at or job.submitted_at) if parent else job.submitted_at
        _simulate_run(record, profile, ready_at, rng)
    return record


def _end_after_parent(record: HistoricalJob, parent: HistoricalJob) -> None:
    job = record.job
    job.state, job.status_reason = State.FAILED, DEPENDENCY_FAILED.status_reason
    job.ended_at = job.charged_at = job.observed_at = (parent.job.ended_at or job.accepted_at) + timedelta(seconds=3)
    job.stopped_at = job.ended_at
    record.changes.append(HistoricalChange(job.ended_at, State.FAILED, "poll"))


def _simulate_run(record: HistoricalJob, profile: JobProfile, ready_at: datetime, rng: random.Random) -> None:
    job = record.job
    seconds = min(MAX_RUN_SECONDS, profile.median_seconds * math.exp(rng.gauss(0, profile.spread)))
    is_good = rng.random() < SUCCESS_RATE
    attempt_count = 2 if rng.random() < RETRY_RATE and _has_retries(job) else 1
    clock = ready_at + timedelta(seconds=min(3600.0, rng.expovariate(1 / 90) + 4))
    attempts: list[dict[str, Any]] = []
    for number in range(1, attempt_count + 1):
        is_success = is_good and number == attempt_count
        ending = SUCCESS if is_success else rng.choices(FAILURES, [one.weight for one in FAILURES])[0]
        duration = seconds if is_success else max(2.0, seconds * rng.uniform(0.05, 0.9))
        started = clock + timedelta(seconds=rng.uniform(15, 80))
        stopped = started + timedelta(seconds=round(duration, 3))
        record.changes += [
            HistoricalChange(clock, State.STARTING, "poll", number - 1),
            HistoricalChange(started, State.RUNNING, "poll", number - 1),
        ]
        record.runs.append(BilledAttempt(started, stopped, is_success, number))
        stream = _log_stream(job, rng) if ending.has_log and not job.array_size else ""
        if stream:
            record.logs[stream] = _log_lines(profile, ending)
        attempts.append(
            {
                "started_at": started.isoformat(),
                "stopped_at": stopped.isoformat(),
                "exit_code": ending.exit_code,
                "reason": ending.container_reason,
                "status_reason": ending.status_reason,
                "log_stream": stream,
            }
        )
        clock = stopped + timedelta(seconds=rng.uniform(10, 40))
        job.started_at, job.stopped_at, job.exit_code = started, stopped, ending.exit_code
        job.status_reason, job.container_reason, job.log_stream = (
            ending.status_reason,
            ending.container_reason,
            stream,
        )
    job.state = _final_state(record, rng, is_good=is_good)
    job.ended_at = job.charged_at = job.observed_at = (job.stopped_at or clock) + timedelta(seconds=2)
    record.changes.append(HistoricalChange(job.ended_at, job.state, "poll", attempt_count))
    if job.array_size:
        _simulate_children(record, job.array_size, rng)
        job.children_read_at = job.ended_at
    else:
        job.attempts, job.finished_attempts = attempts, attempt_count


def _log_stream(job: Job, rng: random.Random) -> str:
    return f"{job.revision.definition.name}/default/{rng.getrandbits(128):032x}"


def _log_lines(profile: JobProfile, ending: JobEnding) -> list[str]:
    if ending is SUCCESS:
        return list(profile.log)
    return [*profile.log[: max(1, len(profile.log) // 2)], *ending.log]


def _final_state(record: HistoricalJob, rng: random.Random, *, is_good: bool) -> State:
    job = record.job
    if is_good:
        return State.SUCCEEDED
    if rng.random() < STOPPED_RATE / (1 - SUCCESS_RATE):
        job.status_reason, job.container_reason, job.exit_code = "Stopped in the portal", "", 143
        job.stop_requested_at, job.stop_reason = job.stopped_at, "Stopped in the portal"
        return State.STOPPED
    if rng.random() < LOST_RATE / (1 - SUCCESS_RATE):
        job.status_reason, job.exit_code = "AWS no longer has this job.", None
        record.runs.clear()
        return State.LOST
    return State.FAILED


def _simulate_children(record: HistoricalJob, size: int, rng: random.Random) -> None:
    failure_count = 0 if record.is_success else max(1, round(size * rng.uniform(0.05, 0.4)))
    record.job.array_summary = {
        state: n for state, n in (("SUCCEEDED", size - failure_count), ("FAILED", failure_count)) if n
    }
    if not record.runs or record.job.started_at is None or record.job.stopped_at is None:
        return
    start, duration = record.job.started_at, record.job.stopped_at - record.job.started_at
    record.runs = [
        BilledAttempt(
            start,
            start + duration * rng.uniform(0.6, 1),
            number >= failure_count,
            1 if number >= failure_count else 2,
        )
        for number in range(size)
    ]


@lru_cache(maxsize=1000)
def _size_fields(revision: Revision) -> dict[str, Any]:
    return Job.size_fields(requested_size(revision.document, {}))


def _job_profile(revision: Revision) -> JobProfile:
    return JOB_PROFILES.get(revision.definition.name, DEFAULT_PROFILE)


def _job_name(pattern: str, revision: Revision, number: int, submitted_at: datetime) -> str:
    return pattern.format(
        n=number,
        w=f"{submitted_at:%G-w%V}",
        d=f"{submitted_at:%Y-%m-%d}",
        m=f"{submitted_at:%Y-%m}",
        definition=revision.definition.name[:60],
    )


def _tags(resources: TeamResources, projects: Sequence[tuple[str, str]], rng: random.Random) -> dict[str, str]:
    if rng.random() < UNTAGGED_RATE:
        return {}
    index = min(len(projects) - 1, int(rng.expovariate(0.7)))
    tags = {"Department": resources.name if resources.name in DEPARTMENTS else rng.choice(DEPARTMENTS)}
    if rng.random() >= NO_PROJECT_RATE:
        tags["Project"], tags["CostCenter"] = projects[index]
    return tags


def _choose_queue(revision: Revision, queues: Sequence[Queue], rng: random.Random) -> Queue:
    fargate = "FARGATE" in list_at(revision.document, "platformCapabilities")
    account_queues = [queue for queue in queues if queue.account_id == revision.definition.account_id]
    candidates = [queue for queue in account_queues if ("FARGATE" in queue.platform) == fargate] or account_queues
    usual = [queue for queue in candidates if queue.name == _job_profile(revision).queue] or candidates
    return usual[0] if rng.random() < 0.85 else rng.choice(candidates)


def _has_retries(job: Job) -> bool:
    return int(value_at(object_at(job.revision.document), "retryStrategy", "attempts") or 1) > 1


def _public_id_at(created_at: datetime) -> uuid.UUID:
    random_bits = uuid.uuid4().int
    milliseconds = int(created_at.timestamp() * 1000)
    bits = (
        milliseconds << 80 | 0x7 << 76 | (random_bits >> 64 & 0xFFF) << 64 | 0b10 << 62 | random_bits & (1 << 62) - 1
    )
    return uuid.UUID(int=bits)
