"""pytest plugin: applies the mutant named in the environment, and reports the first test that fails."""

import json
import os
from pathlib import Path

import pytest

from scripts.mutants.catalog import source_mutants
from scripts.mutants.source import MutantError, check_loaded, install

MUTANT = "PORTAL_MUTANT"
REPORT = "PORTAL_MUTANT_REPORT"

# Loaded by `-p`, this is imported before Django is set up, and so before any module of the portal.
_name = os.environ.get(MUTANT, "")
_mutant = source_mutants().get(_name)
if _mutant is not None:
    try:
        install(_mutant)
    except MutantError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems() -> None:
    """Apply the mutant when Django is set up and the tests are collected."""
    if _mutant is not None:
        try:
            check_loaded(_mutant)
        except MutantError as error:
            raise pytest.UsageError(str(error)) from error
    elif _name:
        from scripts.mutants.patches import mutants  # noqa: PLC0415 - it imports the portal

        mutants()[_name][0]()


def pytest_exception_interact(
    node: pytest.Item | pytest.Collector,
    call: pytest.CallInfo[object],
    report: pytest.CollectReport | pytest.TestReport,
) -> None:
    """Report a failure. One in a test's own call detects the mutant; one before it is an error of ours."""
    file = os.environ.get(REPORT)
    if not file or call.excinfo is None or Path(file).exists():
        return
    failure = {"test": node.nodeid, "error": call.excinfo.typename, "when": getattr(report, "when", "collect")}
    Path(file).write_text(json.dumps(failure))
