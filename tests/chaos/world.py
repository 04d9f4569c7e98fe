"""A whole portal on a database of its own: what is started, what is in the rows, and what the ledger says."""

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Literal

import psycopg
import redis

from portal.quickstart.config import DUMMY_AWS, manage_command, redis_command, web_command
from portal.quickstart.state_dir import LOOPBACK
from tests import postgres
from tests.chaos import hasty
from tests.chaos.caller import Caller
from tests.chaos.sqs import Mailbox
from tests.chaos.staff import Staff, free_port
from tests.quickstart_process import ROOT
from tests.sandbox.bench import Bench

REAL_QUARANTINE = 30  # the least that the portal allows for a sandbox
Database = Literal["sqlite", "postgres"]
FINAL = "delivery IN ('REFUSED', 'WITHDRAWN', 'SKIPPED') OR state IN ('SUCCEEDED', 'FAILED', 'STOPPED', 'LOST')"


class World:
    """The portal, its Redis, its database and its Batch, in a directory that goes with it."""

    def __init__(
        self,
        state: Path,
        server: postgres.OwnServer | None,
        *,
        scale: str = "hasty",
        rate: int = 1000,
        vcpus: int = 16,
    ) -> None:
        self.state, self.server = state, server
        self.address = server.address if server else ""
        self.keep = False  # the directory with the logs, at the end
        self.redis_port, self.sandbox_port, self.web_port = free_port(), free_port(), free_port()
        self.next_failure = state / "failpoint" / "next"
        self.next_failure.parent.mkdir(parents=True)
        (state / "redis").mkdir()
        self.mailbox = Mailbox()
        self.scale, self.rate, self.vcpus = scale, rate, vcpus
        self.staff = Staff(state, self._environment())

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_RUNTIME_DIR") if name in os.environ}
        return kept | DUMMY_AWS | {
            "PORTAL_MODE": "quickstart",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "STATE": str(self.state),
            "SECRET_KEY": secrets.token_urlsafe(60),
            "REDIS_URL": f"redis://{LOOPBACK}:{self.redis_port}/0",
            "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "FAILPOINT_FILE": str(self.next_failure),
            "EVENTS_QUEUE_URL": f"{self.mailbox.url}/123456789012/events",
            "EVENTS_REGION": "us-west-2",
            "AWS_ENDPOINT_URL_SQS": self.mailbox.url,
            "SCALE": self.scale,
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": LOOPBACK,
            **({"DATABASE_URL": self.address} if self.address else {}),
        }  # fmt: skip

    # -- Start and end
    def start(self, *, workers: int, clocks: int, events: bool = False) -> None:
        self.mailbox.open()
        self.start_redis()
        sandbox = manage_command(
            "sandbox", "--port", str(self.sandbox_port), "--state", str(self.state / "sandbox.sqlite3")
        )
        patience = str(hasty.SIGNATURE if self.scale == "hasty" else 15)
        self.staff.start(
            "sandbox",
            [
                *sandbox,
                "--faults-api",
                "--signature-seconds",
                patience,
                "--delay",
                "0.05",
                "--vcpus",
                str(self.vcpus),
            ],
        )
        self.bench = Bench(f"http://{LOOPBACK}:{self.sandbox_port}", retries=3)
        self.staff.until(self._sandbox_answers, 60, "the sandbox answers")
        told = self._prepare()
        self.analyst, self.lead = (Caller(self.web_port, told[role], self.staff) for role in ("analyst", "lead"))
        pages = [word.replace("portal.wsgi", "tests.chaos.pages") for word in web_command(self.web_port)]
        self.staff.start("web", pages)
        for number in range(workers):
            self.staff.start(f"worker-{number}", self._command("worker"))
        for number in range(clocks):
            self.staff.start(f"clock-{number}", self._command("clock"))
        if events:
            self.staff.start("events", self._command("events"))
        self.staff.until(self.analyst.answers, 60, "the pages answer")
        self.staff.until(lambda: len(self.redis.smembers("rq:workers")) == workers, 60, "the workers are there")

    def _command(self, name: str) -> list[str]:
        return [sys.executable, "-m", "tests.chaos.hasty", name]

    def start_redis(self) -> None:
        self.staff.start("redis", redis_command(self.redis_port, self.state / "redis"))
        self.redis = redis.Redis(port=self.redis_port, decode_responses=True)
        self.staff.until(self._redis_answers, 60, "Redis answers")

    def _redis_answers(self) -> bool:
        with suppress(redis.RedisError):
            return bool(self.redis.ping())
        return False

    def _sandbox_answers(self) -> bool:
        with suppress(OSError):
            return self.bench.control("GET", "ledger") is not None
        return False

    def _prepare(self) -> dict[str, str]:
        quarantine = hasty.QUARANTINE if self.scale == "hasty" else REAL_QUARANTINE
        url = f"http://{LOOPBACK}:{self.sandbox_port}"
        command = [sys.executable, "-m", "tests.chaos.ground", url, str(quarantine), str(self.rate)]
        made = subprocess.run(
            command, cwd=ROOT, env=self.staff.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert made.returncode == 0, made.stderr
        return dict(json.loads(made.stdout.splitlines()[-1]))

    def stop(self) -> None:
        self.staff.stop()
        self.mailbox.close()
        self.bench.close()

    # -- What is done to it
    def fail_next(self, failure: str) -> None:
        """Have the first process that comes there fail: `marked:pause` (see `jobs.failpoints`)."""
        fresh = self.next_failure.with_suffix(".fresh")
        fresh.write_text(failure)
        fresh.rename(self.next_failure)

    def who_failed(self, place: str) -> int:
        """Wait until a process has come there; which."""
        there: list[Path] = []

        def taken() -> bool:
            there[:] = self.next_failure.parent.glob("next.[0-9]*")
            return bool(there)

        self.staff.until(taken, 60, f"a process comes to {place}")
        there[0].unlink()
        return int(there[0].suffix[1:])

    @contextmanager
    def crashed(self) -> Iterator[None]:
        """PostgreSQL is ended as by a power failure, and started again at the end of the block."""
        assert self.server is not None, "SQLite has no server that could crash"
        self.server.crash()
        try:
            yield
        finally:
            self.server.start_again()

    def release(self, marker: str) -> None:
        """A lead has a held job sent. Its name in AWS ends in its id."""
        self.lead.ask("POST", f"/jobs/{marker.rpartition('-')[2]}/release")

    # -- What is true
    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database says, asked beside the portal."""
        if self.address:
            with psycopg.connect(self.address) as line:
                return list(line.execute(query.replace("%", "%%")).fetchall())
        with closing(sqlite3.connect(self.state / "portal.sqlite3", timeout=30)) as file:
            return file.execute(query).fetchall()

    def ledger(self) -> list[Any]:
        """Every job that was really accepted, in order."""
        return [each for each in self.bench.ledger() if each["operation"] == "SubmitJob"]

    def unfinished(self, of: str = "1 = 1") -> int:
        [[count]] = self.rows(f"SELECT count(*) FROM jobs_job WHERE NOT ({FINAL}) AND {of}")  # noqa: S608
        return int(count)


@contextmanager
def world(database: Database, **options: Any) -> Iterator[World]:
    """A world that has been started. Its directory stays, with the logs, if something goes wrong."""
    workers, clocks = options.pop("workers", 2), options.pop("clocks", 2)
    events = options.pop("events", False)
    directory = Path(tempfile.mkdtemp(prefix="portal-chaos-"))
    with postgres.own_server() if database == "postgres" else nullcontext() as server:
        made = World(directory / "state", server, **options)
        try:
            made.start(workers=workers, clocks=clocks, events=events)
            yield made
        finally:
            made.stop()
    if made.keep:
        sys.stdout.write(f"Kept, with its logs: {directory}\n")
    else:
        shutil.rmtree(directory, ignore_errors=True)
