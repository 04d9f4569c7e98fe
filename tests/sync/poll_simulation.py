"""Polls in virtual time: a model of AWS, of the sender's rate and of two ways to plan polls."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jobs.management.commands.events import POLL_INTERVAL_SECONDS
from jobs.pricing.run_statistics import DurationStats
from jobs.sync.poll_interval import JobActivity, joins_poll, poll_interval

MAX_IDS = 100
CALL_SECONDS = 0.03
WORKER_SECONDS = 0.1
"""From a task's arrival in the queue until its call."""
SENDS_PER_SECOND = 40
FIRST_POLL_SECONDS = 1.0


@dataclass
class SimulatedJob:
    """A job with its times, in seconds since the first submission."""

    run: float
    parents: Sequence["SimulatedJob"] = ()
    queue_wait: float = 0.2
    start_up: float = 0.1
    usual_run: DurationStats | None = None
    sent: float = 0.0
    start: float = 0.0
    end: float = 0.0
    next_poll: float = 0.0
    polled: float | None = None
    known_end: float | None = None

    @property
    def delay(self) -> float:
        assert self.known_end is not None
        return self.known_end - self.end

    def settle(self, sent: float) -> None:
        ready = max([sent, *(parent.end for parent in self.parents)])
        self.sent, self.start = sent, ready + self.queue_wait + self.start_up
        self.end = self.start + self.run

    def activity(self, time: float) -> JobActivity:
        is_running = time >= self.start
        return JobActivity(
            age=time - self.sent,
            is_moving=time >= self.start - self.start_up,
            run_time=time - self.start if is_running else None,
            usual_run=self.usual_run,
        )


@dataclass(frozen=True)
class Policy:
    """How polls are planned."""

    interval: Callable[[JobActivity], float]
    first_poll: float
    tick: float
    """The clock notices due jobs at multiples of this; 0: when they are due."""
    joins: Callable[[float, float | None], bool]
    polls_children: bool
    """Whether the end of a job makes those that wait for it due."""
    event_seconds: float | None = None
    """How long after a change of state its event makes the job due."""


def fixed_policy(account_interval: float) -> Policy:
    """Return the earlier policy: one interval, longer ones for jobs that wait for ten minutes or an hour."""

    def interval(activity: JobActivity) -> float:
        if activity.is_moving or activity.age < 600:
            return account_interval
        return account_interval * (4 if activity.age < 3600 else 12)

    return Policy(interval, 0.0, 1.0, lambda until_due, _: until_due <= 0, polls_children=False)


def adaptive_policy(account_interval: float, event_seconds: float | None = None) -> Policy:
    return Policy(
        lambda activity: poll_interval(activity, account_interval),
        FIRST_POLL_SECONDS,
        0.0,
        lambda until_due, since_poll: joins_poll(until_due, since_poll, account_interval),
        polls_children=True,
        event_seconds=event_seconds,
    )


@dataclass
class Simulation:
    jobs: Sequence[SimulatedJob]
    policy: Policy
    polls: int = 0
    time: float = 0.0
    children: Mapping[int, list[SimulatedJob]] = field(default_factory=dict)

    def run(self) -> "Simulation":
        for number, job in enumerate(self.jobs):
            job.settle(number / SENDS_PER_SECOND)
            job.next_poll = job.sent + self.policy.first_poll
        self.children = {id(job): [] for job in self.jobs}
        for job in self.jobs:
            for parent in job.parents:
                self.children[id(parent)].append(job)
        open_jobs = list(self.jobs)
        while open_jobs:
            self._wait_for(min(self._due(job) for job in open_jobs))
            while self._call([job for job in open_jobs if job.sent <= self.time]):
                pass
            open_jobs = [job for job in open_jobs if job.known_end is None]
        return self

    def _due(self, job: SimulatedJob) -> float:
        if self.policy.event_seconds is None:
            return job.next_poll
        changes = [job.start - job.start_up, job.start, job.end]
        since = job.sent if job.polled is None else job.polled
        arrivals = (time + self.policy.event_seconds for time in changes if time > since)
        return min(job.next_poll, next(arrivals, job.next_poll))

    def _wait_for(self, due: float) -> None:
        if self.policy.event_seconds is not None:
            due = max(due, self.time + POLL_INTERVAL_SECONDS - CALL_SECONDS)
        time, tick = max(self.time, due), self.policy.tick
        self.time = (time if not tick else -(-time // tick) * tick) + WORKER_SECONDS

    def _call(self, jobs: Sequence[SimulatedJob]) -> bool:
        candidates = sorted((job for job in jobs if job.known_end is None), key=self._due)[:MAX_IDS]
        if not candidates or self._due(candidates[0]) > self.time:
            return False
        asked_at = self.time
        self.time += CALL_SECONDS
        self.polls += 1
        for job in candidates:
            since_poll = None if job.polled is None else asked_at - job.polled
            if self.policy.joins(self._due(job) - asked_at, since_poll):
                self._observe(job, asked_at)
        return True

    def _observe(self, job: SimulatedJob, asked_at: float) -> None:
        job.polled = asked_at
        job.next_poll = self.time + self.policy.interval(job.activity(asked_at))
        if asked_at >= job.end:
            job.known_end = self.time
            if self.policy.polls_children:
                for child in self.children[id(job)]:
                    child.next_poll = min(child.next_poll, self.time)

    @property
    def calls_per_job(self) -> float:
        return 1 + self.polls / len(self.jobs)

    @property
    def wall(self) -> float:
        return max(job.known_end or 0.0 for job in self.jobs)

    def delay(self, share: float) -> float:
        delays = sorted(job.delay for job in self.jobs)
        return delays[min(len(delays) - 1, int(len(delays) * share))]


def chain(length: int, run: float) -> list[SimulatedJob]:
    jobs: list[SimulatedJob] = []
    for _ in range(length):
        jobs.append(SimulatedJob(run, parents=jobs[-1:]))
    return jobs


def fan(width: int, run: float) -> list[SimulatedJob]:
    first = SimulatedJob(run)
    middle = [SimulatedJob(run, parents=[first]) for _ in range(width - 2)]
    return [first, *middle, SimulatedJob(run, parents=middle)]


def independent_jobs(
    count: int, run: float, seed: int, *, spread: float = 0.1, has_history: bool = False
) -> list[SimulatedJob]:
    """Return jobs whose runs differ by the spread, a share of the run; earlier runs tell the usual one or not."""
    dice = random.Random(seed)
    runs = [run * dice.uniform(1 - spread, 1 + spread) for _ in range(count)]
    usual = DurationStats.of(runs) if has_history else None
    return [SimulatedJob(each, usual_run=usual) for each in runs]
