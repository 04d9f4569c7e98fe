"""A test run with one mutant, and its outcome."""

import json
import multiprocessing
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

TIMEOUT_SECONDS = 60.0  # for one run; one that hangs has detected the mutant too
LIBRARIES = (
    "boto3",
    "botocore.client",
    "botocore.httpsession",
    "django.core.management",
    "django.db.backends.sqlite3.base",
    "django.db.migrations.executor",
    "django.test",
    "django.views.debug",
    "jsonschema",
    "limits.strategies",
    "pytest",
    "redis",
    "rq",
    "structlog",
)
"""Libraries that every run needs and no mutant changes: imported once, by the process that forks the runs."""
INVALID_MUTANT_ERRORS = {
    "SyntaxError",
    "IndentationError",
    "ImportError",
    "ModuleNotFoundError",
    "NameError",
    "UnboundLocalError",
}
"""Errors that no test reports about the portal: the mutant is not valid Python."""


@dataclass(frozen=True)
class MutantOutcome:
    """What detected the missing check: a test or a time-out; empty if nothing did."""

    detected_by: str
    seconds: float


def run_tests(name: str, tests: tuple[str, ...], folder: str) -> None:
    """Run in a process of its own, in which nothing of the portal is imported yet."""
    os.environ.update(PORTAL_MUTANT=name, PORTAL_MUTANT_REPORT=f"{folder}/report.json", QUICK="1")
    with Path(folder, "output").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        code = pytest.main(["-q", "-x", "--no-header", "-p", "scripts.mutants.plugin", *tests])
        sys.stdout.flush()
        os._exit(code)


def run_mutant(
    name: str, tests: tuple[str, ...], context: ForkServerContext, timeout: float = TIMEOUT_SECONDS
) -> MutantOutcome:
    """Run the tests with the mutant. Exit if anything but a test's own call failed."""
    with tempfile.TemporaryDirectory() as folder:
        run = context.Process(target=run_tests, args=(name, tests, folder))
        started_at = time.monotonic()
        run.start()
        run.join(timeout)
        seconds = time.monotonic() - started_at
        if run.exitcode is None:
            run.kill()
            run.join()
            return MutantOutcome(f"timeout after {timeout:.0f} s", seconds)
        if run.exitcode == 0:
            return MutantOutcome("", seconds)
        report, output = Path(folder, "report.json"), Path(folder, "output")
        failure = json.loads(report.read_text()) if report.exists() else {}
        if run.exitcode != 1 or failure.get("when") != "call" or failure["error"] in INVALID_MUTANT_ERRORS:
            output_text = output.read_text() if output.exists() else ""
            raise SystemExit(f"The tests could not run without {name}:\n{failure}\n{output_text}")
    return MutantOutcome(f"{failure['test']} ({failure['error']})", seconds)


def create_forkserver() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    return context
