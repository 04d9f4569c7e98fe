"""A Redis, a sandbox and the portal's processes in their own directory, and the CPU they take."""

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

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

TIMEOUT_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
# Capacity for every job at once, no delay between states, and the API that counts calls.
SANDBOX_OPTIONS = ("--vcpus", "100000", "--processes", "100000", "--delay", "0", "--faults-api")


class BenchEnvironment:
    """The directory, ports and processes of a benchmark."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._stack = stack
        self.web_port = find_free_port(())
        redis_port = find_free_port((self.web_port,))
        self.sandbox_port = find_free_port((self.web_port, redis_port))
        (path / "redis").mkdir()
        self._redis_port = redis_port
        plan = QuickstartConfig(self.web_port, path, "sandbox").with_ports(
            {"redis": redis_port, "sandbox": self.sandbox_port}
        )
        variables = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "FAILPOINT")}
        self.environment = process_environment(plan, variables) | {"SECRET_KEY": "bench" * 20, "LOG_LEVEL": "WARNING"}
        self.environment["DATABASE_URL"] = f"sqlite:///{path / 'portal.sqlite3'}"
        self.portal: dict[str, ManagedProcess] = {}

    def start_services(self) -> None:
        self._start("redis", redis_command(self._redis_port, self.path / "redis"))
        state = str(self.path / "sandbox.sqlite3")
        self._start(
            "sandbox", manage_command("sandbox", "--port", str(self.sandbox_port), "--state", state, *SANDBOX_OPTIONS)
        )
        self._wait_until(lambda: _answers(self.sandbox_port, "/_sandbox/calls"), "sandbox")

    def start_portal(self, workers: int) -> None:
        """Start the portal's processes as the quick start does, with this many workers."""
        commands = {"web": web_command(self.web_port), "clock": manage_command("clock")}
        commands |= {f"worker-{number + 1}": manage_command("worker") for number in range(workers)}
        self.portal = {name: self._start(name, command) for name, command in commands.items()}
        self._wait_until(lambda: _answers(self.web_port, "/healthz"), "web")

    def calls(self) -> dict[str, int]:
        """Return the number of calls of Batch so far, by operation."""
        with closing(http.client.HTTPConnection(LOOPBACK, self.sandbox_port, timeout=10)) as connection:
            connection.request("GET", "/_sandbox/calls")
            counts: dict[str, int] = json.loads(connection.getresponse().read())["calls"]
        return counts

    def cpu(self) -> dict[str, float]:
        """Return the CPU seconds of each process of the portal, including its children."""
        parents = dict(_parents())
        return {name: _cpu_of_tree(child.pid, parents) for name, child in self.portal.items()}

    def _start(self, name: str, command: list[str]) -> ManagedProcess:
        child = ManagedProcess(name, command, self.environment, BASE_DIR, self.path / f"{name}.log")
        child.start()
        self._stack.callback(_stop, child)
        return child

    def _wait_until(self, condition: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} doesn't respond: {(self.path / f'{name}.log').read_text()[-2000:]}")
            time.sleep(0.05)


@contextmanager
def bench_environment(path: Path) -> Iterator[BenchEnvironment]:
    with ExitStack() as stack:
        yield BenchEnvironment(path, stack)


def _stop(child: ManagedProcess) -> None:
    child.terminate()
    deadline = time.monotonic() + child.stop_timeout
    while child.running and time.monotonic() < deadline:
        time.sleep(0.02)
    child.kill()


def _answers(port: int, page: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        connection.request("GET", page)
        return connection.getresponse().status == http.client.OK
    return False


def _parents() -> Iterator[tuple[int, int]]:
    """Yield every process and its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                yield int(entry.name), int(_stat(int(entry.name))[1])


def _cpu_of_tree(pid: int, parents: Mapping[int, int]) -> float:
    """Return the CPU seconds of a process, its ended children and its living ones."""
    own = 0.0
    with suppress(OSError, IndexError, ValueError):
        own = sum(map(int, _stat(pid)[11:15])) / TICKS
    return own + sum(_cpu_of_tree(child, parents) for child, parent in parents.items() if parent == pid)


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name: the state, the parent, …, from the twelfth on the CPU ticks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
