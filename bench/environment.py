"""A database, Redis, a fake AWS and the portal's processes in a directory of their own."""

import http.client
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench import processes
from bench.fake_aws.server import RECORD_PATH, RESET_PATH
from portal.quickstart.config import (
    BASE_DIR,
    QuickstartConfig,
    manage_command,
    process_environment,
    redis_command,
    web_command,
)
from portal.quickstart.process import ManagedProcess
from portal.quickstart.state_dir import LOOPBACK, find_free_port
from tests import postgres

TIMEOUT_SECONDS = 60.0
DATABASES = ("sqlite", "postgres")


class BenchEnvironment:
    """The ports and processes of a benchmark. `environment` has the variables of the portal's processes."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._stack = stack
        self.web_port = find_free_port(())
        self._redis_port = find_free_port((self.web_port,))
        self._aws_port = find_free_port((self.web_port, self._redis_port))
        plan = QuickstartConfig(self.web_port, path, "sandbox").with_ports(
            {"redis": self._redis_port, "sandbox": self._aws_port}
        )
        variables = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "FAILPOINT")}
        self.environment = process_environment(plan, variables)
        self.environment |= {"SECRET_KEY": "bench" * 20, "LOG_LEVEL": "WARNING"}
        self._pids: dict[str, int] = {}
        self._children: dict[str, ManagedProcess] = {}

    @property
    def aws_url(self) -> str:
        return f"http://{LOOPBACK}:{self._aws_port}"

    def use_database(self, database: str) -> None:
        """Use a new SQLite or PostgreSQL, or the database of a URL. Its server counts as a process of the portal."""
        if database == "sqlite":
            database = f"sqlite:///{self.path / 'portal.sqlite3'}"
        elif database == "postgres":
            database = self._stack.enter_context(postgres.own_server()).address
        for folder in parse_qs(urlsplit(database).query).get("host", ()):  # of a server of this machine
            self._pids["database"] = int((Path(folder) / "postmaster.pid").read_text().splitlines()[0])
        self.environment["DATABASE_URL"] = database

    def start_services(self, *aws_options: str) -> None:
        (self.path / "redis").mkdir()
        self.start("redis", redis_command(self._redis_port, self.path / "redis"))
        command = [manage_command()[0], "-m", "bench.fake_aws", "--port", str(self._aws_port), *aws_options]
        self.start("aws", command)
        self._wait_until(lambda: _answers(self._aws_port, RECORD_PATH), "aws")

    def start_portal(self, web_processes: int = 1) -> None:
        """Start what the quick start has, with one worker."""
        self.start("web", [*web_command(self.web_port), "--workers", str(web_processes)])
        self.start("clock", manage_command("clock"))
        self.run_workers(1)
        self._wait_until(lambda: _answers(self.web_port, "/livez"), "web")

    def run_workers(self, count: int) -> None:
        """Have so many workers: start those that are missing and stop those that are too many."""
        names = [f"worker-{number + 1}" for number in range(count)]
        for name in [name for name in self._children if name.startswith("worker-") and name not in names]:
            self.stop(name)
        for name in names:
            if name not in self._children:
                self.start(name, manage_command("worker"))
                self._wait_until(partial(self._has_started, name), name)

    def _has_started(self, name: str) -> bool:
        return "started." in self._log(name)

    def start(self, name: str, command: list[str]) -> None:
        log = self.path / f"{name}.log"
        log.unlink(missing_ok=True)
        child = ManagedProcess(name, command, self.environment, BASE_DIR, log)
        child.start()
        self._children[name], self._pids[name] = child, child.pid
        self._stack.callback(self.stop, name)

    def stop(self, name: str) -> None:
        """Stop a process that runs."""
        child = self._children.pop(name, None)
        self._pids.pop(name, None)
        if child:
            child.terminate()
            deadline = time.monotonic() + child.stop_timeout
            while child.running and time.monotonic() < deadline:
                time.sleep(0.02)
            child.kill()

    def reset_aws_record(self) -> None:
        self._ask_aws("POST", RESET_PATH)

    def aws_record(self) -> dict[str, Any]:
        """Return what AWS was asked since the last reset: see `bench.fake_aws.server.CallRecord`."""
        return self._ask_aws("GET", RECORD_PATH)

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds of each process so far. `aws` is not the portal's."""
        return processes.cpu_seconds(self._pids)

    def pss(self) -> dict[str, float]:
        """Return the memory of each process in MiB."""
        return processes.pss_mib(self._pids)

    def _ask_aws(self, method: str, path: str) -> dict[str, Any]:
        with closing(http.client.HTTPConnection(LOOPBACK, self._aws_port, timeout=10)) as connection:
            connection.request(method, path)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer

    def _wait_until(self, condition: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} doesn't respond: {self._log(name)[-2000:]}")
            time.sleep(0.05)

    def _log(self, name: str) -> str:
        return (self.path / f"{name}.log").read_text()


@contextmanager
def bench_environment() -> Iterator[BenchEnvironment]:
    """Provide a directory, and end everything that was started in it, also on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder, ExitStack() as stack:
        yield BenchEnvironment(Path(folder), stack)


def set_up_django(environment: BenchEnvironment) -> None:
    """Use the database of `environment` in this process."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="portal.settings",
        PORTAL_MODE="quickstart",
        DATABASE_URL=environment.environment["DATABASE_URL"],
        STATICFILES_STORAGE="django.contrib.staticfiles.storage.StaticFilesStorage",
        LOG_LEVEL="ERROR",
        RATE_LIMIT_SEARCHES="0",
    )
    warnings.filterwarnings("ignore", message="No directory at")
    import django  # noqa: PLC0415 - it reads the surroundings

    django.setup()


def _answers(port: int, page: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        connection.request("GET", page)
        return connection.getresponse().status == http.client.OK
    return False
