import subprocess
from typing import Any

import pytest

from scripts import pip_audit


def audit_result(*dependencies: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(dependencies)}


GOOD = {"name": "django", "version": "5.2.19", "vulns": []}
BAD = {"name": "redis", "version": "8.1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["8.1.1"]}]}
UNKNOWN = {"name": "rq", "skip_reason": "Dependency not found"}


def test_a_known_vulnerability_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert pip_audit.report(audit_result(GOOD, BAD)) == 1
    assert "redis 8.1.0: PYSEC-1 (fixed in 8.1.1)" in capsys.readouterr().out


def test_what_nobody_knows_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert pip_audit.report(audit_result(GOOD, UNKNOWN)) == 0
    assert capsys.readouterr().out.endswith("1 audited, no known vulnerabilities. Not audited: rq.\n")


def test_a_service_that_knows_nothing_has_audited_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert pip_audit.report(audit_result(UNKNOWN)) == 0
    assert capsys.readouterr().out == pip_audit.NOT_AUDITED + "\n"


def test_a_service_that_does_not_answer_is_said_and_forgiven(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def time_out(*_: Any, **__: Any) -> None:
        raise subprocess.TimeoutExpired("pip-audit", 60)

    monkeypatch.setattr(subprocess, "run", time_out)

    assert pip_audit.main("requirements.txt") == 0
    assert capsys.readouterr().out == pip_audit.NOT_AUDITED + "\n"
