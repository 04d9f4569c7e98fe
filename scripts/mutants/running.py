"""One run of the tests with one mutant, and what noticed it."""

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

LONGEST_SECONDS = 60.0  # for one; a run that hangs has noticed something too
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
"""What every run needs and no mutant changes: imported once, by the process from which each run is forked."""
OURS = {"SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError", "NameError", "UnboundLocalError"}
"""What a test never says of the portal: the mutant is no Python that could have been meant."""


@dataclass(frozen=True)
class Outcome:
    """What noticed that a check is missing: a test, or that the tests never ended; nothing, if it is empty."""

    noticed_by: str
    seconds: float


def run_tests(name: str, tests: tuple[str, ...], folder: str) -> None:
    """In a process of its own, in which nothing of the portal was imported yet."""
    os.environ.update(PORTAL_MUTANT=name, PORTAL_MUTANT_REPORT=f"{folder}/report.json", QUICK="1")
    with Path(folder, "output").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        code = pytest.main(["-q", "-x", "--no-header", "-p", "scripts.mutants.plugin", *tests])
        sys.stdout.flush()
        os._exit(code)


def take_out(
    name: str, tests: tuple[str, ...], context: ForkServerContext, longest: float = LONGEST_SECONDS
) -> Outcome:
    """Run the tests without it. Ends the whole run when something else than a test's own call failed."""
    with tempfile.TemporaryDirectory() as folder:
        run = context.Process(target=run_tests, args=(name, tests, folder))
        began = time.monotonic()
        run.start()
        run.join(longest)
        seconds = time.monotonic() - began
        if run.exitcode is None:
            run.kill()
            run.join()
            return Outcome(f"no end within {longest:.0f} s", seconds)
        if run.exitcode == 0:
            return Outcome("", seconds)
        report, output = Path(folder, "report.json"), Path(folder, "output")
        failure = json.loads(report.read_text()) if report.exists() else {}
        if run.exitcode != 1 or failure.get("when") != "call" or failure["error"] in OURS:
            output_text = output.read_text() if output.exists() else ""
            raise SystemExit(f"The tests could not run without {name}:\n{failure}\n{output_text}")
    return Outcome(f"{failure['test']} ({failure['error']})", seconds)


def prepared() -> ForkServerContext:
    """Where runs are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    return context
