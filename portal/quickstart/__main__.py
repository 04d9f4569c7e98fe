"""The command of `make run`."""

import argparse
import http.client
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from portal.quickstart.config import (
    BASE_DIR,
    QuickstartConfig,
    manage_command,
    process_environment,
    read_config,
    redis_command,
    web_command,
)
from portal.quickstart.errors import StartupError
from portal.quickstart.process import ManagedProcess, die_with_parent, rotate_log
from portal.quickstart.state_dir import LOOPBACK, StateDir, wait_for_web_port
from portal.quickstart.supervisor import ShutdownRequestedError, Supervisor, print_message

STOP_ORDER = (["preparation", "demo"], ["web", "clock", "worker"], ["sandbox"], ["redis"])
START_SECONDS = 120.0
EXTERNAL_START_SECONDS = 5.0  # for a server that runs already
# Room for a visitor's first jobs: the demo's own fill the sandbox's default size for minutes.
SANDBOX_SIZE = ("--vcpus", "64", "--processes", "32")
PREVIOUS_RUN_SECONDS = 8.0


def main(arguments: list[str], variables: Mapping[str, str]) -> int:
    options = parse_arguments(arguments)
    os.umask(0o077)  # files are readable by their owner only
    supervisor = Supervisor()
    supervisor.listen()
    ground = None
    try:
        plan = read_config(options.port, options.state, variables)
        ground = StateDir.open(plan.state)
        ground.lock(plan.url)
        wait_for_web_port(plan.port, patience=PREVIOUS_RUN_SECONDS if ground.was_unclean else 0)
        plan = plan.with_ports(ground.ports(["redis", "sandbox"], reserved=plan.port))
        start(supervisor, ground, plan, variables)
        sys.stdout.write(welcome_text(plan))
        sys.stdout.flush()
        if notice := ground.pop("notice"):
            print_message(notice)
        supervisor.run_forever()
    except ShutdownRequestedError:
        print_message("Stopping …")
        code = 0
    except StartupError as error:
        print_message(str(error))
        code = 1
    finally:
        supervisor.stop(STOP_ORDER)
        if ground:
            ground.release()
    return code


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="portal.quickstart", description="Run the whole portal on this machine.")
    parser.add_argument("--port", default="8000", help="port of the web server")
    parser.add_argument("--state", default=".portal", help="directory for all data")
    return parser.parse_args(arguments)


def start(supervisor: Supervisor, ground: StateDir, plan: QuickstartConfig, variables: Mapping[str, str]) -> None:
    common = process_environment(plan, variables)
    private = common | {"SECRET_KEY": ground.secret_key()}

    def child(name: str, command: list[str], *, secrets: bool = True, once: bool = False) -> ManagedProcess:
        rotate_log(ground.log_path(name))
        surroundings = private if secrets else common
        return ManagedProcess(name, command, surroundings, BASE_DIR, ground.log_path(name), is_one_off=once)

    if plan.own_redis:
        port = urlsplit(plan.redis_url).port or 0
        supervisor.start(child("redis", redis_command(port, ground.path / "redis"), secrets=False))
    if plan.own_sandbox:
        port = urlsplit(plan.endpoint).port or 0
        database = ground.path / "sandbox.sqlite3"
        command = manage_command("sandbox", "--port", str(port), "--state", str(database), *SANDBOX_SIZE)
        supervisor.start(child("sandbox", command, secrets=False))
    preparation = child("preparation", manage_command("seed_demo", "--migrate", *seed_arguments(plan)), once=True)
    supervisor.start(preparation)

    redis = urlsplit(plan.redis_url)
    supervisor.wait_until(
        listen_check(redis.hostname or LOOPBACK, redis.port or 6379),
        timeout=START_SECONDS if plan.own_redis else EXTERNAL_START_SECONDS,
        message=f"The Redis-compatible server at {redis.hostname}:{redis.port or 6379} doesn't respond.",
    )
    if plan.own_sandbox:
        supervisor.wait_until(
            listen_check(LOOPBACK, urlsplit(plan.endpoint).port or 0),
            timeout=START_SECONDS,
            message=f"The sandbox doesn't respond. See its log: {ground.log_path('sandbox')}",
        )
    supervisor.wait_until(
        lambda: preparation not in supervisor.children,
        timeout=START_SECONDS,
        message=f"The database is not ready. See the log: {preparation.log}",
    )
    supervisor.start(child("web", web_command(plan.port)))
    supervisor.start(child("worker", manage_command("worker")))
    supervisor.start(child("clock", manage_command("clock")))
    supervisor.wait_until(
        lambda: all(is_page_up(plan.port, page) for page in ("/readyz", "/sign-in/")),
        timeout=START_SECONDS,
        message=f"The web server doesn't respond. See its log: {ground.log_path('web')}",
    )
    ground.write("url", plan.url)
    if plan.demo_history:
        demo = child("demo", manage_command("seed_demo_history"), once=True)
        demo.is_optional = True
        supervisor.start(demo)


def seed_arguments(plan: QuickstartConfig) -> list[str]:
    if plan.aws == "none":
        return []
    return [f"--{plan.aws}", plan.endpoint, "--region", plan.region]


def listen_check(host: str, port: int) -> Callable[[], bool]:
    def is_listening() -> bool:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return True
        return False

    return is_listening


def is_page_up(port: int, page: str) -> bool:
    line = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        line.request("GET", page, headers={"Connection": "close"})
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def welcome_text(plan: QuickstartConfig) -> str:
    state = os.path.relpath(plan.state)
    state = state if not state.startswith("..") else str(plan.state)
    return "\n".join(
        [
            f"Ready: {plan.url}",
            "  Users       analyst (Research), lead (all teams), admin (staff); password: demo",
            f"  API tokens  {state}/token (team Research), {state}/token-finance, {state}/token-genomics",
            f"  Logs        {state}/logs",
            "  To stop     Ctrl-C\n",
        ]
    )


if __name__ == "__main__":
    if os.environ.get("MAKELEVEL"):
        die_with_parent()
    sys.exit(main(sys.argv[1:], os.environ))
