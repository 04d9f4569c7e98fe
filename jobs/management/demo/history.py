"""Generator of years of plausible jobs, to try out and measure pages.

Work grows over the years, happens on weekdays in office hours, and mostly succeeds. Run times follow a log-normal
distribution per definition. Costs are computed by the functions that charge real jobs.
"""

import math
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jobs.models import Job, Queue, Revision, Source, User
from jobs.models.ids import to_text
from jobs.pricing.receipt import BilledAttempt
from jobs.spec import effective
from jobs.spec.documents import list_at, object_at, value_at
from jobs.spec.job_size import requested_size
from jobs.states import Delivery, State

# Relative numbers of submissions from Monday to Sunday, and in the 24 hours in UTC.
WEEKDAYS = (1.0, 1.1, 1.15, 1.1, 0.9, 0.18, 0.12)
HOURS = (2, 2, 2, 1, 1, 2, 4, 9, 18, 24, 24, 20, 15, 19, 23, 22, 19, 13, 8, 5, 4, 4, 3, 3)
GROWTH_FACTOR = 3.0  # work at the end, as a multiple of that at the beginning

MAX_RUN_SECONDS = 4 * 3600.0
MIN_AGE = timedelta(hours=12)  # all have ended by then

SUCCESS_RATE = 0.92
STOPPED_RATE = 0.015
LOST_RATE = 0.001
RETRY_RATE = 0.04
UNTAGGED_RATE = 0.08
NO_PROJECT_RATE = 0.07
ARRAY_RATE = 0.02

FAILURES = (
    (9, 1, "Essential container in task exited", ""),
    (5, 137, "Essential container in task exited", "OutOfMemoryError: Container killed due to memory usage"),
    (2, 2, "Essential container in task exited", ""),
    (2, 143, "Job attempt duration exceeded timeout", ""),
    (2, None, "Task failed to start", "CannotPullContainerError: manifest for the image was not found"),
    (3, None, "Host EC2 (instance i-0f2c8a1b7d3e49560) terminated.", ""),
)


@dataclass(frozen=True)
class JobProfile:
    """The jobs of a definition: their names, the median and spread of their run time, and their relative number."""

    names: tuple[str, ...]
    median_seconds: float
    spread: float
    weight: float


JOB_PROFILES = {
    "model-training": JobProfile(("train-resnet-{n}", "train-baseline-{n}", "finetune-{w}"), 5400, 0.7, 14),
    "my-ml-training-job": JobProfile(("my-ml-training-job-{n}", "training-experiment-{n}"), 4200, 0.7, 8),
    "data-preprocessing": JobProfile(("preprocess-dataset-{n}", "tokenize-{w}", "clean-shards-{w}"), 1100, 0.6, 18),
    "model-evaluation": JobProfile(("evaluate-checkpoint-{n}", "benchmark-{w}"), 800, 0.5, 12),
    "ci-test-job": JobProfile(("ci-main-{n}", "ci-pull-{n}", "nightly-{d}"), 240, 0.4, 26),
    "risk-analysis": JobProfile(
        ("daily-var-{d}", "stress-test-{w}", "portfolio-{n}", "quarter-end-{m}"), 2600, 0.8, 20
    ),
}
DEFAULT_PROFILE = JobProfile(("{definition}-{n}", "{definition}-{d}"), 900, 0.8, 10)

PROJECTS = ("ALPHA", "BETA", "ATLAS", "ORION", "HELIX", "DELTA", "VEGA", "NOVA", "SIERRA", "TANGO")
DEPARTMENTS = ("Research", "Finance", "Operations", "Platform")


@dataclass(frozen=True)
class TeamResources:
    """The people, queues and definitions of a team."""

    people: Sequence[User]
    queues: Sequence[Queue]
    revisions: Sequence[Revision]
    name: str


@dataclass
class HistoricalJob:
    """A job that ended: its row, tags, charged runs and state changes."""

    job: Job
    person: User
    tags: dict[str, str]
    runs: list[BilledAttempt]
    submission_id: uuid.UUID
    source: str
    changes: list[tuple[datetime, str, str, int]] = field(default_factory=list)


def submission_times(count: int, years: float, until: datetime, rng: random.Random) -> list[datetime]:
    """Return the submission times of `count` jobs, the earliest first."""
    days = max(1, round(years * 365.25))
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


def historical_jobs(
    resources: TeamResources, times: Sequence[datetime], rng: random.Random
) -> Iterator[HistoricalJob]:
    """Yield a job for each time. Jobs are not saved, and have no submission yet."""
    projects = rng.sample(PROJECTS, 6)
    weights = [_job_profile(revision).weight for revision in resources.revisions]
    for number, submitted_at in enumerate(times, start=1):
        (revision,) = rng.choices(resources.revisions, weights)
        yield _historical_job(resources, revision, projects, number=number, accepted_at=submitted_at, rng=rng)


def _historical_job(
    resources: TeamResources,
    revision: Revision,
    projects: Sequence[str],
    *,
    number: int,
    accepted_at: datetime,
    rng: random.Random,
) -> HistoricalJob:
    profile = _job_profile(revision)
    name = _name(profile, revision, number, accepted_at, rng)
    tags = _tags(resources, projects, rng)
    size = requested_size(revision.document, {})
    public_id = _public_id_at(accepted_at)
    queue = _choose_queue(revision, resources.queues, rng)
    job = Job(
        public_id=public_id,
        team_id=revision.definition.team_id,
        account=queue.account,
        queue=queue,
        revision=revision,
        definition_id=revision.definition_id,
        name=name,
        marker=f"{name}-{to_text(public_id)}",
        document={"jobName": name, "jobQueue": queue.name, "jobDefinition": revision.qualified_name},
        tags=tags,
        **Job.size_fields(size),
        delivery=Delivery.SENT,
        batch_id=str(uuid.uuid4()),
    )
    if rng.random() < ARRAY_RATE:
        job.array_size = rng.choice((5, 10, 20, 50))
    record = HistoricalJob(
        job=job,
        person=rng.choice(resources.people),
        tags=effective.merge_tags(revision.document, {"tags": tags}),
        runs=[],
        submission_id=_public_id_at(accepted_at),
        source=rng.choices((Source.FORM, Source.JSON, Source.API), (5, 2, 3))[0],
    )
    _simulate_run(record, profile, accepted_at, rng)
    return record


def _simulate_run(record: HistoricalJob, profile: JobProfile, accepted_at: datetime, rng: random.Random) -> None:
    """Simulate the job to its end: attempts, times, exit code and observed state changes."""
    job = record.job
    seconds = min(MAX_RUN_SECONDS, profile.median_seconds * math.exp(rng.gauss(0, profile.spread)))
    is_good = rng.random() < SUCCESS_RATE
    attempt_count = 2 if rng.random() < RETRY_RATE and _has_retries(job) else 1
    submitted = accepted_at + timedelta(seconds=rng.uniform(0.8, 3))
    job.sent_at, job.submitted_at = accepted_at, submitted
    record.changes += [(accepted_at, "", "person", 0), (submitted, State.SUBMITTED, "dispatch", 0)]
    clock = submitted + timedelta(seconds=min(3600.0, rng.expovariate(1 / 90) + 4))
    attempts: list[dict[str, Any]] = []
    for number in range(1, attempt_count + 1):
        last = number == attempt_count
        is_success = is_good and last
        ending = (1, 0, "Essential container in task exited", "") if is_success else _choose_failure(rng)
        duration = seconds if is_success else max(2.0, seconds * rng.uniform(0.05, 0.9))
        started = clock + timedelta(seconds=rng.uniform(15, 80))
        stopped = started + timedelta(seconds=round(duration, 3))
        record.changes += [(clock, State.STARTING, "poll", number - 1), (started, State.RUNNING, "poll", number - 1)]
        record.runs.append(BilledAttempt(started, stopped, is_success, number))
        attempts.append(
            {
                "started_at": started.isoformat(),
                "stopped_at": stopped.isoformat(),
                "exit_code": ending[1],
                "reason": ending[3],
                "status_reason": ending[2],
                "log_stream": "",
            }
        )
        clock = stopped + timedelta(seconds=rng.uniform(10, 40))
        job.started_at, job.stopped_at, job.exit_code = started, stopped, ending[1]
        job.status_reason, job.container_reason = ending[2], ending[3]
    job.state = _final_state(record, rng, is_good=is_good)
    job.ended_at = job.charged_at = job.observed_at = (job.stopped_at or clock) + timedelta(seconds=2)
    record.changes.append((job.ended_at, job.state, "poll", attempt_count))
    if job.array_size:
        _simulate_children(record, job.array_size, rng)
    else:
        job.attempts, job.finished_attempts = attempts, attempt_count


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
    """Simulate an array: its children ran like the one simulated run; some of a failed array's failed."""
    failure_count = 0 if record.job.state == State.SUCCEEDED else max(1, round(size * rng.uniform(0.05, 0.4)))
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


def _job_profile(revision: Revision) -> JobProfile:
    return JOB_PROFILES.get(revision.definition.name, DEFAULT_PROFILE)


def _name(profile: JobProfile, revision: Revision, number: int, submitted_at: datetime, rng: random.Random) -> str:
    return rng.choice(profile.names).format(
        n=number,
        w=f"{submitted_at:%G-w%V}",
        d=f"{submitted_at:%Y-%m-%d}",
        m=f"{submitted_at:%Y-%m}",
        definition=revision.definition.name[:60],
    )


def _tags(resources: TeamResources, projects: Sequence[str], rng: random.Random) -> dict[str, str]:
    """Return tags: mostly all three, sometimes no project, sometimes none. A project has one cost centre."""
    if rng.random() < UNTAGGED_RATE:
        return {}
    index = min(len(projects) - 1, int(rng.expovariate(0.7)))
    tags = {"Department": resources.name if resources.name in DEPARTMENTS else rng.choice(DEPARTMENTS)}
    if rng.random() >= NO_PROJECT_RATE:
        tags["Project"] = projects[index]
        tags["CostCenter"] = f"CC-{4100 + 10 * PROJECTS.index(projects[index])}"
    return tags


def _choose_queue(revision: Revision, queues: Sequence[Queue], rng: random.Random) -> Queue:
    """Return a queue of a platform that the definition can run on, mostly the same one."""
    fargate = "FARGATE" in list_at(revision.document, "platformCapabilities")
    account_queues = [queue for queue in queues if queue.account_id == revision.definition.account_id]
    candidates = [queue for queue in account_queues if ("FARGATE" in queue.platform) == fargate] or account_queues
    words_of_name = revision.definition.name.split("-")
    candidates.sort(key=lambda queue: (-len(set(words_of_name) & set(queue.name.split("-"))), queue.name))
    return candidates[0] if rng.random() < 0.85 else rng.choice(candidates)


def _has_retries(job: Job) -> bool:
    return int(value_at(object_at(job.revision.document), "retryStrategy", "attempts") or 1) > 1


def _choose_failure(rng: random.Random) -> tuple[int, int | None, str, str]:
    return rng.choices(FAILURES, [ending[0] for ending in FAILURES])[0]


def _public_id_at(created_at: datetime) -> uuid.UUID:
    """Return a public id as if created at that time, unique whatever the seed is."""
    random_bits = uuid.uuid4().int
    milliseconds = int(created_at.timestamp() * 1000)
    bits = (
        milliseconds << 80 | 0x7 << 76 | (random_bits >> 64 & 0xFFF) << 64 | 0b10 << 62 | random_bits & (1 << 62) - 1
    )
    return uuid.UUID(int=bits)
