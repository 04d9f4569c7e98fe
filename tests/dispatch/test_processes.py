"""Workers in processes of their own, on a SQLite in a file."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import wire
from tests.running import ROOT, rows

pytestmark = pytest.mark.process


def child(state: Path, *words: str, **given: str) -> "subprocess.Popen[bytes]":
    surroundings = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    surroundings |= {"STATE": str(state), "PORTAL_MODE": "quickstart", "LOG_LEVEL": "ERROR"}
    surroundings |= {"DJANGO_SETTINGS_MODULE": "portal.settings", **given}
    begin = f"import django; django.setup(); from tests.dispatch import child; child.{words[0]}(*{words[1:]!r})"
    return subprocess.Popen([sys.executable, "-c", begin], cwd=ROOT, env=surroundings)


def test_two_workers_with_eight_threads_each_send_every_job_once(tmp_path: Path):
    with wire.wire(wire.accepts_each()) as aws:
        assert child(tmp_path, "prepare", aws.url, "300").wait(60) == 0
        began = time.monotonic()
        assert [worker.wait(60) for worker in [child(tmp_path, "deliver") for _ in range(2)]] == [0, 0]
        print(f"300 jobs by two workers in {time.monotonic() - began:.1f} s")  # noqa: T201 - read with -s

    assert len({request["jobName"] for _, request in aws.requests}) == len(aws.requests) == 300
    assert rows(tmp_path, "SELECT delivery, count(*), max(epoch) FROM jobs_job GROUP BY 1") == [("SENT", 300, 1)]
