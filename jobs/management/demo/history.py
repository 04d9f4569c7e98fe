"""Makes up years of jobs that look like people's work, to try pages and measure them with.

Work grows with the years, is done on weekdays in office hours, and mostly succeeds. How long a job runs follows a
log-normal law of its definition. What it cost is computed by the same functions that charge real jobs.
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
from jobs.pricing.receipt import Attempt
from jobs.spec import effective
from jobs.spec.documents import list_at, object_at, part
from jobs.spec.job_size import requested_size
from jobs.states import Delivery, State

# Monday to Sunday, and the 24 hours in UTC: how much is submitted then.
WEEKDAYS = (1.0, 1.1, 1.15, 1.1, 0.9, 0.18, 0.12)
HOURS = (2, 2, 2, 1, 1, 2, 4, 9, 18, 24, 24, 20, 15, 19, 23, 22, 19, 13, 8, 5, 4, 4, 3, 3)
GROWTH = 3.0  # so many times as much is done at the end as at the beginning

LONGEST_SECONDS = 4 * 3600.0
SETTLED = timedelta(hours=12)  # by then the last of them has ended

SUCCEED = 0.92
STOPPED = 0.015
LOST = 0.001
RETRIED = 0.04
UNTAGGED = 0.08
WITHOUT_PROJECT = 0.07
ARRAYS = 0.02

ENDINGS = (
    (9, 1, "Essential container in task exited", ""),
    (5, 137, "Essential container in task exited", "OutOfMemoryError: Container killed due to memory usage"),
    (2, 2, "Essential container in task exited", ""),
    (2, 143, "Job attempt duration exceeded timeout", ""),
    (2, None, "Task failed to start", "CannotPullContainerError: manifest for the image was not found"),
    (3, None, "Host EC2 (instance i-0f2c8a1b7d3e49560) terminated.", ""),
)


@dataclass(frozen=True)
class Kind:
    """How jobs of a definition look: their names, the median and spread of their run time, how many there are."""

    names: tuple[str, ...]
    median_seconds: float
    spread: float
    weight: float


KINDS = {
    "model-training": Kind(("train-resnet-{n}", "train-baseline-{n}", "finetune-{w}"), 5400, 0.7, 14),
    "my-ml-training-job": Kind(("my-ml-training-job-{n}", "training-experiment-{n}"), 4200, 0.7, 8),
    "data-preprocessing": Kind(("preprocess-dataset-{n}", "tokenize-{w}", "clean-shards-{w}"), 1100, 0.6, 18),
    "model-evaluation": Kind(("evaluate-checkpoint-{n}", "benchmark-{w}"), 800, 0.5, 12),
    "ci-test-job": Kind(("ci-main-{n}", "ci-pull-{n}", "nightly-{d}"), 240, 0.4, 26),
    "risk-analysis": Kind(("daily-var-{d}", "stress-test-{w}", "portfolio-{n}", "quarter-end-{m}"), 2600, 0.8, 20),
}
ANY = Kind(("{definition}-{n}", "{definition}-{d}"), 900, 0.8, 10)

PROJECTS = ("ALPHA", "BETA", "ATLAS", "ORION", "HELIX", "DELTA", "VEGA", "NOVA", "SIERRA", "TANGO")
DEPARTMENTS = ("Research", "Finance", "Operations", "Platform")


@dataclass(frozen=True)
class Ground:
    """What a team has to work with."""

    people: Sequence[User]
    queues: Sequence[Queue]
    revisions: Sequence[Revision]
    name: str


@dataclass
class Past:
    """One job that ended: the row, its tags, what its runs were charged by, and how it went."""

    job: Job
    person: User
    tags: dict[str, str]
    runs: list[Attempt]
    submission_id: uuid.UUID
    source: str
    changes: list[tuple[datetime, str, str, int]] = field(default_factory=list)


def moments(count: int, years: float, until: datetime, chance: random.Random) -> list[datetime]:
    """When so many jobs were submitted, the earliest first."""
    days = max(1, round(years * 365.25))
    first = (until - SETTLED - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    dates = [first + timedelta(days=day) for day in range(days)]
    weights = [
        WEEKDAYS[day.weekday()] * (1 + (GROWTH - 1) * number / days) * chance.lognormvariate(0, 0.25)
        for number, day in enumerate(dates)
    ]
    picked = chance.choices(dates, weights, k=count)
    hours = chance.choices(range(24), HOURS, k=count)
    return sorted(
        day + timedelta(hours=hour, seconds=chance.uniform(0, 3600)) for day, hour in zip(picked, hours, strict=True)
    )


def pasts(ground: Ground, when: Sequence[datetime], chance: random.Random) -> Iterator[Past]:
    """A job for each moment. They are not saved, and their submissions are still to be made."""
    projects = chance.sample(PROJECTS, 6)
    weights = [_kind(revision).weight for revision in ground.revisions]
    for number, moment in enumerate(when, start=1):
        (revision,) = chance.choices(ground.revisions, weights)
        yield _past(ground, revision, projects, number=number, accepted=moment, chance=chance)


def _past(
    ground: Ground,
    revision: Revision,
    projects: Sequence[str],
    *,
    number: int,
    accepted: datetime,
    chance: random.Random,
) -> Past:
    kind = _kind(revision)
    name = _name(kind, revision, number, accepted, chance)
    tags = _tags(ground, projects, chance)
    needs = requested_size(revision.document, {})
    public_id = _id_of(accepted)
    queue = _home(revision, ground.queues, chance)
    job = Job(
        public_id=public_id,
        team_id=revision.definition.team_id,
        account=queue.account,
        queue=queue,
        revision=revision,
        definition_id=revision.definition_id,
        name=name,
        marker=f"{name}-{to_text(public_id)}",
        document={"jobName": name, "jobQueue": queue.name, "jobDefinition": revision.pinned},
        tags=tags,
        **Job.size_fields(needs),
        delivery=Delivery.SENT,
        batch_id=str(uuid.uuid4()),
    )
    if chance.random() < ARRAYS:
        job.array_size = chance.choice((5, 10, 20, 50))
    past = Past(
        job=job,
        person=chance.choice(ground.people),
        tags=effective.tags(revision.document, {"tags": tags}),
        runs=[],
        submission_id=_id_of(accepted),
        source=chance.choices((Source.FORM, Source.JSON, Source.API), (5, 2, 3))[0],
    )
    _run(past, kind, accepted, chance)
    return past


def _run(past: Past, kind: Kind, accepted: datetime, chance: random.Random) -> None:
    """Let it run to its end: attempts, times, exit code, and the changes that were seen on the way."""
    job = past.job
    seconds = min(LONGEST_SECONDS, kind.median_seconds * math.exp(chance.gauss(0, kind.spread)))
    good = chance.random() < SUCCEED
    tries = 2 if chance.random() < RETRIED and _may_retry(job) else 1
    submitted = accepted + timedelta(seconds=chance.uniform(0.8, 3))
    job.sent_at, job.submitted_at = accepted, submitted
    past.changes += [(accepted, "", "person", 0), (submitted, State.SUBMITTED, "dispatch", 0)]
    clock = submitted + timedelta(seconds=min(3600.0, chance.expovariate(1 / 90) + 4))
    attempts: list[dict[str, Any]] = []
    for number in range(1, tries + 1):
        last = number == tries
        fine = good and last
        ending = (1, 0, "Essential container in task exited", "") if fine else _ending(chance)
        ran = seconds if fine else max(2.0, seconds * chance.uniform(0.05, 0.9))
        started = clock + timedelta(seconds=chance.uniform(15, 80))
        stopped = started + timedelta(seconds=round(ran, 3))
        past.changes += [(clock, State.STARTING, "poll", number - 1), (started, State.RUNNING, "poll", number - 1)]
        past.runs.append(Attempt(started, stopped, fine, number))
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
        clock = stopped + timedelta(seconds=chance.uniform(10, 40))
        job.started_at, job.stopped_at, job.exit_code = started, stopped, ending[1]
        job.status_reason, job.container_reason = ending[2], ending[3]
    job.state = _end(past, chance, good=good)
    job.ended_at = job.charged_at = job.observed_at = (job.stopped_at or clock) + timedelta(seconds=2)
    past.changes.append((job.ended_at, job.state, "poll", tries))
    if job.array_size:
        _spread(past, job.array_size, chance)
    else:
        job.attempts, job.finished_attempts = attempts, tries


def _end(past: Past, chance: random.Random, *, good: bool) -> State:
    job = past.job
    if good:
        return State.SUCCEEDED
    if chance.random() < STOPPED / (1 - SUCCEED):
        job.status_reason, job.container_reason, job.exit_code = "Stopped in the portal", "", 143
        job.stop_requested_at, job.stop_reason = job.stopped_at, "Stopped in the portal"
        return State.STOPPED
    if chance.random() < LOST / (1 - SUCCEED):
        job.status_reason, job.exit_code = "AWS no longer knows it.", None
        past.runs.clear()
        return State.LOST
    return State.FAILED


def _spread(past: Past, size: int, chance: random.Random) -> None:
    """An array: its children ran like the one run that was made up; of a failed one, some did not end well."""
    bad = 0 if past.job.state == State.SUCCEEDED else max(1, round(size * chance.uniform(0.05, 0.4)))
    past.job.array_summary = {state: n for state, n in (("SUCCEEDED", size - bad), ("FAILED", bad)) if n}
    if not past.runs or past.job.started_at is None or past.job.stopped_at is None:
        return
    start, whole = past.job.started_at, past.job.stopped_at - past.job.started_at
    past.runs = [
        Attempt(start, start + whole * chance.uniform(0.6, 1), number >= bad, 1 if number >= bad else 2)
        for number in range(size)
    ]


def _kind(revision: Revision) -> Kind:
    return KINDS.get(revision.definition.name, ANY)


def _name(kind: Kind, revision: Revision, number: int, moment: datetime, chance: random.Random) -> str:
    return chance.choice(kind.names).format(
        n=number,
        w=f"{moment:%G-w%V}",
        d=f"{moment:%Y-%m-%d}",
        m=f"{moment:%Y-%m}",
        definition=revision.definition.name[:60],
    )


def _tags(ground: Ground, projects: Sequence[str], chance: random.Random) -> dict[str, str]:
    """Most jobs have all three; some have no project, some none. A cost centre follows its project."""
    if chance.random() < UNTAGGED:
        return {}
    place = min(len(projects) - 1, int(chance.expovariate(0.7)))
    tags = {"Department": ground.name if ground.name in DEPARTMENTS else chance.choice(DEPARTMENTS)}
    if chance.random() >= WITHOUT_PROJECT:
        tags["Project"] = projects[place]
        tags["CostCenter"] = f"CC-{4100 + 10 * PROJECTS.index(projects[place])}"
    return tags


def _home(revision: Revision, queues: Sequence[Queue], chance: random.Random) -> Queue:
    """A definition's jobs mostly go to one queue, of the platform they can run on."""
    fargate = "FARGATE" in list_at(revision.document, "platformCapabilities")
    near = [queue for queue in queues if queue.account_id == revision.definition.account_id]
    fitting = [queue for queue in near if ("FARGATE" in queue.platform) == fargate] or near
    first = revision.definition.name.split("-")
    fitting.sort(key=lambda queue: (-len(set(first) & set(queue.name.split("-"))), queue.name))
    return fitting[0] if chance.random() < 0.85 else chance.choice(fitting)


def _may_retry(job: Job) -> bool:
    return int(part(object_at(job.revision.document), "retryStrategy", "attempts") or 1) > 1


def _ending(chance: random.Random) -> tuple[int, int | None, str, str]:
    return chance.choices(ENDINGS, [ending[0] for ending in ENDINGS])[0]


def _id_of(moment: datetime) -> uuid.UUID:
    """A public id as if it had been given at that moment. Never the same twice, whatever the seed."""
    fresh = uuid.uuid4().int
    milliseconds = int(moment.timestamp() * 1000)
    bits = milliseconds << 80 | 0x7 << 76 | (fresh >> 64 & 0xFFF) << 64 | 0b10 << 62 | fresh & (1 << 62) - 1
    return uuid.UUID(int=bits)
