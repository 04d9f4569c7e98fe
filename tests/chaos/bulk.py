"""300 jobs stopped and 200 run again in bulk, with the worker killed in the middle of both: each exactly once."""

import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.chaos.workflows import sandbox
from tests.dispatch.fork import child
from tests.quickstart_process import rows
from tests.sandbox.bench import Bench

STOPPED, REPEATED = 300, 200
KILLS = ("item-submitted@100:kill", "accepting@50:kill", "item-stopping@150:kill")
"""In the order in which the actions are continued: the newest, which runs jobs again, first."""
THREADS = 8
WORK_SECONDS = 300.0


def kill_in_bulk() -> list[str]:
    """Return what was wrong."""
    with tempfile.TemporaryDirectory(prefix="portal-bulk-") as directory, sandbox() as bench:
        state = Path(directory)
        wrong = [
            *_run(state, "submit_workflow", bench.url, _document(), "keep"),
            *_run(state, "work", THREADS, "endless", WORK_SECONDS),
        ]
        wrong += _run(state, "start_bulk_actions", "endless", "quick")
        for kill in KILLS:
            wrong += _run(state, "run_bulk_actions", FAILPOINT=kill, expected=-signal.SIGKILL)
        wrong += [*_run(state, "run_bulk_actions"), *_run(state, "work", THREADS, "", WORK_SECONDS)]
        return [*wrong, *_wrong_jobs(state), *_wrong_items(state), *_wrong_entries(state), *_wrong_calls(bench)]


def _document() -> Any:
    definitions = ["quick"] * REPEATED + ["endless"] * STOPPED  # these take what capacity there is
    return {
        "jobs": [
            {"jobName": f"{definition}-{number}", "jobQueue": "cpu-job-queue", "jobDefinition": definition}
            for number, definition in enumerate(definitions)
        ]
    }


def _run(state: Path, function: str, *words: Any, expected: int = 0, **environment: str) -> list[str]:
    code = child(state, function, *words, **environment).wait(2 * WORK_SECONDS)
    return [] if code == expected else [f"{function} {environment} ended with {code} instead of {expected}"]


def _wrong_jobs(state: Path) -> Iterator[str]:
    """Every endless job is stopped, and each other one has one that ran in its place."""
    query = "SELECT name, state FROM jobs_job ORDER BY id"
    actual = Counter((name.partition("-")[0], outcome) for name, outcome in rows(state, query))
    expected = {("endless", "STOPPED"): STOPPED, ("quick", "SUCCEEDED"): 2 * REPEATED}
    if actual != expected:
        yield f"Jobs are {dict(actual)} instead of {expected}"


def _wrong_items(state: Path) -> Iterator[str]:
    query = (
        "SELECT a.kind, i.outcome, COUNT(*), COUNT(DISTINCT i.submission_id), COUNT(DISTINCT j.name) "
        "FROM jobs_bulkitem i JOIN jobs_bulkaction a ON a.id = i.action_id "
        "LEFT JOIN jobs_job j ON j.submission_id = i.submission_id GROUP BY 1, 2 ORDER BY 1"
    )
    expected = [("again", "done", REPEATED, REPEATED, REPEATED), ("stop", "done", STOPPED, 0, 0)]
    if (actual := rows(state, query)) != expected:
        yield f"Items are {actual} instead of {expected}"


def _wrong_entries(state: Path) -> Iterator[str]:
    query = "SELECT action, noun, COUNT(*) FROM jobs_auditentry WHERE action <> 'submit' GROUP BY 1, 2 ORDER BY 1, 2"
    expected = [
        ("run again", "bulk action", 1),
        ("run again", "submission", REPEATED),
        ("stop", "bulk action", 1),
        ("stop", "job", STOPPED),
    ]
    if (actual := rows(state, query)) != expected:
        yield f"Audit entries are {actual} instead of {expected}"


def _wrong_calls(bench: Bench) -> Iterator[str]:
    """AWS accepted each job once, and was told to end those that were stopped."""
    names = Counter(each["name"] for each in bench.ledger() if each["operation"] == "SubmitJob")
    if len(names) != STOPPED + 2 * REPEATED or set(names.values()) != {1}:
        yield f"AWS accepted {names.total()} jobs with {len(names)} names"
