"""Workflows of 50 steps whose worker is killed at each step of their delivery, and what the sandbox then has.

The worker is a child process that also does the clock's work, and has no one to wait for: what another worker would
wait out, an hour has passed of. So a kill costs a second, and can be put at every point and position.
"""

import random
import shutil
import signal
import sqlite3
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.sandbox import Sandbox
from jobs.spec.step_conditions import Condition
from tests.dispatch.fork import child
from tests.dispatch.workflow_model import Result, Step, expected_results, workflow_document
from tests.quickstart_process import rows
from tests.sandbox.bench import Bench

STEPS = 50
SECONDS = 120.0
AT_ONCE = 2
# Commands of the definitions. AWS doesn't have the one called "unknown", and so refuses its jobs.
COMMANDS = {"quick": ["true"], "fails": ["false"], "brief": ["sleep", "1"], "endless": ["sleep", "600"]}
# Points that a worker comes to once for each job that it sends.
ON_THE_WAY = ("claimed", "marking", "marked", "signed", "answered", "settling")
# Where a second worker is killed after a first one: on its search for what the first one left.
ON_THE_SEARCH = {"looked": "claimed", "found": "answered"}
AFTER_A_REFUSAL = {"stop": ("", "refusing", "refused", "told"), "keep": ("", "refusing", "refused")}


@dataclass(frozen=True)
class Kill:
    """Where the worker is killed: the position counts how often it comes to the point."""

    point: str
    position: int
    threads: int = 1

    @property
    def failpoints(self) -> list[str]:
        """One for each worker that is killed."""
        first = ON_THE_SEARCH.get(self.point)
        words = [f"{first}@{self.position}", self.point] if first else [f"{self.point}@{self.position}"]
        return [f"{word}:kill" for word in words]

    def __str__(self) -> str:
        return f"{self.point}@{self.position}, {self.threads} threads"


@contextmanager
def submitted(document: Any, on_refusal: str = "keep") -> Iterator[Path]:
    """Yield the state of a portal that has just accepted the workflow. Each case begins with a copy."""
    with tempfile.TemporaryDirectory(prefix="portal-workflow-") as directory, sandbox() as bench:
        state = Path(directory)
        assert child(state, "submit_workflow", bench.url, document, on_refusal).wait(SECONDS) == 0
        yield state


@contextmanager
def sandbox() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="portal-sandbox-") as directory:
        state = Path(directory) / "sandbox.sqlite3"
        with Sandbox(state, delay=0.01, min_timeout_seconds=1, faults_api=True) as aws:
            bench = Bench(aws.url, retries=3)
            for name, command in COMMANDS.items():
                bench.define(name, *command)
            yield bench
            bench.close()


def random_steps(dice: random.Random, count: int = STEPS) -> list[Step]:
    """A workflow of so many steps: a tenth fails, and each waits for up to three of the dozen before it."""
    conditions = random_conditions(dice)
    steps = []
    for number in range(count):
        earlier = range(max(0, number - 12), number)
        parents = sorted(dice.sample(earlier, min(len(earlier), dice.choice((0, 1, 1, 2, 3)))))
        steps.append(Step(dice.random() < 0.9, tuple((parent, next(conditions)) for parent in parents)))
    return steps


def random_conditions(dice: random.Random) -> Iterator[Condition]:
    kinds = {Condition.BATCH: 50, Condition.SUCCESS: 20, Condition.FAILURE: 10, Condition.ALWAYS: 20}
    while True:
        yield dice.choices(list(kinds), list(kinds.values()))[0]


def random_kills(dice: random.Random, steps: Sequence[Step], positions: int) -> list[Kill]:
    """Each point at so many positions, with one thread and with several in turn."""
    results = Counter(expected_results(steps))
    sent = results[Result.SUCCEEDED] + results[Result.FAILED]
    lost = results[Result.SKIPPED]  # at least: Batch fails some of the others itself
    kills = []
    for number in range(positions):
        for point in (*ON_THE_WAY, *ON_THE_SEARCH):
            threads = 8 if number % 2 else 1
            # Several threads come to a point together, and so less often.
            kills.append(Kill(point, dice.randint(1, sent // threads), threads))
        if lost:
            kills.append(Kill("withdrawn", dice.randint(1, lost)))
    return kills


def random_document(steps: Sequence[Step]) -> Any:
    names = [f"w{number}" for number in range(len(steps))]
    document: Any = workflow_document(steps, names, jobQueue="cpu-job-queue")
    for job, step in zip(document["jobs"], steps, strict=True):
        job["jobDefinition"] = "quick" if step.succeeds else "fails"
    return document


def refused_document(on_refusal: str) -> Any:
    """A workflow of which AWS refuses a step: `load` has ended then, `serve` runs, and the others wait."""
    serve = "endless" if on_refusal == "stop" else "brief"
    definitions = {"load": "quick", "serve": serve, "tell": "quick", "train": "unknown"}
    definitions |= dict.fromkeys(("report", "alert", "clean"), "quick")
    jobs: list[dict[str, Any]] = [
        {"jobName": name, "jobQueue": "cpu-job-queue", "jobDefinition": definition}
        for name, definition in definitions.items()
    ]
    jobs[2]["dependsOn"] = [{"jobId": "${serve}"}]
    conditions = [
        {"job": "train", "after": "load", "when": "success"},
        {"job": "report", "after": "train", "when": "success"},
        {"job": "alert", "after": "train", "when": "failure"},
        {"job": "clean", "after": "serve", "when": "always"},
    ]
    return {"jobs": jobs, "conditions": conditions}


def kill_in_workflow(accepted: Path, steps: Sequence[Step], kill: Kill) -> list[str]:
    """Run the workflow with that kill in it. Return what was wrong."""
    with run_to_end(accepted, kill) as (end, wrong):
        return [*wrong, *wrong_ledger(end), *wrong_results(end, steps), *wrong_order(end)]


def refuse_in_workflow(accepted: Path, on_refusal: str, kill: Kill | None) -> list[str]:
    """Run the workflow of which AWS refuses a step, with that kill in it. Return what was wrong."""
    with run_to_end(accepted, kill) as (end, wrong):
        return [*wrong, *wrong_ledger(end), *wrong_refusal(end, is_stopped=on_refusal == "stop"), *wrong_order(end)]


@contextmanager
def run_to_end(accepted: Path, kill: Kill | None) -> Iterator[tuple["Outcome", list[str]]]:
    with tempfile.TemporaryDirectory(prefix="portal-workflow-") as directory, sandbox() as bench:
        state, wrong = Path(directory), list[str]()
        shutil.copytree(accepted, state, dirs_exist_ok=True)
        with closing(sqlite3.connect(state / "portal.sqlite3")) as database, database:
            database.execute("UPDATE jobs_account SET endpoint_url = ?", [bench.url])
        for failpoint in kill.failpoints if kill else ():
            code = child(state, "work", kill.threads if kill else 1, FAILPOINT=failpoint).wait(SECONDS)
            if code != -signal.SIGKILL:
                wrong.append(f"the worker did not come to {failpoint}, but ended with {code}")
        code = child(state, "work", 8).wait(SECONDS)
        if code != 0:
            wrong.append(f"the last worker ended with {code}")
        yield Outcome.read(state, bench), wrong


# -- What must hold


@dataclass(frozen=True)
class JobRow:
    name: str
    marker: str
    status: str
    batch_id: str | None
    note: str


@dataclass(frozen=True)
class Outcome:
    """What the portal has in the end, and what the sandbox has."""

    jobs: list[JobRow]
    edges: list[tuple[str, str, str]]
    """Markers of parent and step, and the condition."""
    ledger: list[dict[str, Any]]
    in_aws: dict[str, Any]
    """The sandbox's jobs by their id."""

    @classmethod
    def read(cls, state: Path, bench: Bench) -> "Outcome":
        query = (
            "SELECT name, marker, CASE delivery WHEN 'SENT' THEN state ELSE delivery END, batch_id, "
            "CASE delivery_note WHEN '' THEN stop_reason ELSE delivery_note END FROM jobs_job ORDER BY position"
        )
        edges = (
            "SELECT p.marker, c.marker, d.condition FROM jobs_jobdependency d "
            "JOIN jobs_job p ON p.id = d.parent_id JOIN jobs_job c ON c.id = d.job_id"
        )
        ledger = [each for each in bench.ledger() if each["operation"] == "SubmitJob"]
        described = bench.batch.describe_jobs(jobs=[each["accepted"] for each in ledger])["jobs"]
        jobs = [JobRow(*row) for row in rows(state, query)]
        return cls(jobs, rows(state, edges), ledger, {job["jobId"]: job for job in described})


def wrong_ledger(end: Outcome) -> Iterator[str]:
    """AWS accepted each job once that the portal has sent, under that id, and no other."""
    accepted = sorted((each["name"], each["accepted"]) for each in end.ledger)
    sent = sorted((job.marker, job.batch_id) for job in end.jobs if job.batch_id)
    if accepted != sent:
        yield f"AWS accepted {accepted}, and the portal has sent {sent}"


def wrong_results(end: Outcome, steps: Sequence[Step]) -> Iterator[str]:
    """Each step has run once, or not at all, as the model says."""
    for job, expected in zip(end.jobs, expected_results(steps), strict=True):
        attempts = len(end.in_aws[job.batch_id]["attempts"]) if job.batch_id else 0
        if attempts != expected.has_run:
            yield f"{job.name} is {job.status} after {attempts} attempts, and should be {expected.name}"
        is_failed_by_batch = job.status == "FAILED" and not attempts and expected is Result.WITHDRAWN
        if job.status != expected.name and not is_failed_by_batch:
            yield f"{job.name} is {job.status}, and should be {expected.name}"


def wrong_refusal(end: Outcome, *, is_stopped: bool) -> Iterator[str]:
    """What was sent is stopped or kept, and each job says so."""
    if is_stopped:
        expected = {"load": "SUCCEEDED", "serve": "STOPPED", "tell": "STOPPED", "train": "REFUSED"}
        expected |= dict.fromkeys(("report", "alert", "clean"), "WITHDRAWN")
    else:
        expected = dict.fromkeys(("load", "serve", "tell", "alert", "clean"), "SUCCEEDED")
        expected |= {"train": "REFUSED", "report": "WITHDRAWN"}
    for job in end.jobs:
        # AWS fails what depends on a job that is stopped, if it isn't stopped first.
        is_failed_by_batch = job.status == "FAILED" and job.name == "tell" and is_stopped
        if job.status != expected[job.name] and not is_failed_by_batch:
            yield f"{job.name} is {job.status}, and should be {expected[job.name]}"
        has_reason = "because AWS Batch refused train." in job.note
        if has_reason != (is_stopped and job.name not in ("load", "train")):
            yield f"{job.name} is {job.status}, and its note is {job.note!r}"


def wrong_order(end: Outcome) -> Iterator[str]:
    """No step was sent or started before what it waits for, and AWS knows whom it waits for."""
    names = {job.marker: job.name for job in end.jobs}
    entries = {each["name"]: each for each in end.ledger}
    parent_ids: dict[str, set[str]] = defaultdict(set)
    for parent, step, condition in end.edges:
        if step not in entries:
            continue
        sent, before = entries[step], entries.get(parent)
        words = f"{names[step]}, {condition or 'in AWS'} after {names[parent]},"
        ended = end.in_aws[before["accepted"]]["stoppedAt"] if before else 0
        job = end.in_aws[sent["accepted"]]
        if condition:
            if ended > sent["at"]:
                yield f"{words} was sent before its end"
            continue
        if before is None or before["number"] > sent["number"]:
            yield f"{words} was sent first"
            continue
        parent_ids[sent["accepted"]].add(before["accepted"])
        if job.get("startedAt", ended) < ended:
            yield f"{words} started before its end"
        if ended > sent["at"] and {"jobId": before["accepted"]} not in job["dependsOn"]:
            yield f"{words} does not wait there"
    for job_id, job in end.in_aws.items():
        if unknown := {entry["jobId"] for entry in job.get("dependsOn", ())} - parent_ids[job_id]:
            yield f"{job['jobName']} waits for {unknown} in AWS"


# -- All of them


def run_cases(seed: int, positions: int, report: Callable[[str], None]) -> list[str]:
    """Every point at so many positions, and every refusal. Report each case that is right; return what was wrong."""
    dice = random.Random(seed)
    steps = random_steps(dice)
    kills = random_kills(dice, steps, positions)
    wrong = []
    with ThreadPoolExecutor(AT_ONCE) as pool, ExitStack() as states:
        accepted = states.enter_context(submitted(random_document(steps)))
        cases = {f"kill at {kill}": pool.submit(kill_in_workflow, accepted, steps, kill) for kill in kills}
        for on_refusal, points in AFTER_A_REFUSAL.items():
            accepted = states.enter_context(submitted(refused_document(on_refusal), on_refusal))
            cases |= {
                f"refusal, {on_refusal}, kill at {point or 'no point'}": pool.submit(
                    refuse_in_workflow, accepted, on_refusal, Kill(point, 1) if point else None
                )
                for point in points
            }
        for name, case in cases.items():
            words = case.result()
            wrong += [f"{name}: {each}" for each in words]
            report(f"{name}: {'wrong' if words else 'right'}")
    return wrong
