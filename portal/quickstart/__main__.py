"""The command of `make run`: `python -m portal.quickstart --port 8000 --state .portal`."""

import argparse
import http.client
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

from portal.quickstart.config import BASE_DIR, Plan, decide, environment, manage, redis_command, web_command
from portal.quickstart.errors import CannotRun
from portal.quickstart.process import Child, end_with_parent, keep_short
from portal.quickstart.state_dir import LOOPBACK, Ground, claim_web_port
from portal.quickstart.supervisor import Stopped, Supervisor, say

# Clients stop before their servers.
STOP_ORDER = (["preparation"], ["web", "clock", "worker"], ["sandbox"], ["redis"])
START_SECONDS = 120.0
OTHERS_SECONDS = 5.0  # for a server that runs already
PREDECESSOR_SECONDS = 8.0


def main(arguments: list[str], variables: Mapping[str, str]) -> int:
    options = read(arguments)
    os.umask(0o077)  # files are readable by their owner only
    supervisor = Supervisor()
    supervisor.listen()
    ground = None
    try:
        plan = decide(options.port, options.state, variables)
        ground = Ground.at(plan.state)
        ground.hold(plan.url)
        claim_web_port(plan.port, patience=PREDECESSOR_SECONDS if ground.unclean else 0)
        plan = plan.with_ports(ground.ports(["redis", "sandbox"], reserved=plan.port))
        start(supervisor, ground, plan, variables)
        sys.stdout.write(welcome(plan))
        sys.stdout.flush()
        if notice := ground.take("notice"):
            say(notice)
        supervisor.forever()
    except Stopped:
        say("Stopping …")
        code = 0
    except CannotRun as error:
        say(str(error))
        code = 1
    finally:
        supervisor.stop(STOP_ORDER)
        if ground:
            ground.let_go()
    return code


def read(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="portal.quickstart", description="Run the whole portal on this machine.")
    parser.add_argument("--port", default="8000", help="where the pages are")
    parser.add_argument("--state", default=".portal", help="the directory in which everything is kept")
    return parser.parse_args(arguments)


def start(supervisor: Supervisor, ground: Ground, plan: Plan, variables: Mapping[str, str]) -> None:
    """Start everything, and return when a page responds."""
    common = environment(plan, variables)
    private = common | {"SECRET_KEY": ground.secret_key()}

    def child(name: str, command: list[str], *, secrets: bool = True, once: bool = False) -> Child:
        keep_short(ground.log(name))
        surroundings = private if secrets else common
        return Child(name, command, surroundings, BASE_DIR, ground.log(name), once=once)

    if plan.own_redis:
        port = urlsplit(plan.redis_url).port or 0
        supervisor.start(child("redis", redis_command(port, ground.path / "redis"), secrets=False))
    if plan.own_sandbox:
        port = urlsplit(plan.endpoint).port or 0
        database = ground.path / "sandbox.sqlite3"
        command = manage("sandbox", "--port", str(port), "--state", str(database))
        supervisor.start(child("sandbox", command, secrets=False))
    preparation = child("preparation", manage("seed_demo", "--migrate", *seeds(plan)), once=True)
    supervisor.start(preparation)

    redis = urlsplit(plan.redis_url)
    supervisor.until(
        listens(redis.hostname or LOOPBACK, redis.port or 6379),
        timeout=START_SECONDS if plan.own_redis else OTHERS_SECONDS,
        message=f"The Redis-compatible server at {redis.hostname}:{redis.port or 6379} does not answer.",
    )
    if plan.own_sandbox:
        supervisor.until(
            listens(LOOPBACK, urlsplit(plan.endpoint).port or 0),
            timeout=START_SECONDS,
            message=f"The sandbox does not answer; its log: {ground.log('sandbox')}",
        )
    supervisor.until(
        lambda: preparation not in supervisor.children,
        timeout=START_SECONDS,
        message=f"The database did not get ready; see {preparation.log}",
    )
    supervisor.start(child("web", web_command(plan.port)))
    supervisor.start(child("worker", manage("worker")))
    supervisor.start(child("clock", manage("clock")))
    supervisor.until(
        lambda: all(answers(plan.port, page) for page in ("/readyz", "/sign-in/")),
        timeout=START_SECONDS,
        message=f"The pages do not answer; see {ground.log('web')}",
    )
    ground.write("url", plan.url)


def seeds(plan: Plan) -> list[str]:
    """Return the options for seeding, as far as this start allows a demo."""
    if plan.aws == "none":
        return []
    return [f"--{plan.aws}", plan.endpoint, "--region", plan.region]


def listens(host: str, port: int) -> Callable[[], bool]:
    def is_listening() -> bool:
        with suppress(OSError), socket.create_connection((host, port), timeout=1):
            return True
        return False

    return is_listening


def answers(port: int, page: str) -> bool:
    """Return whether the page responds with 200."""
    line = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        line.request("GET", page, headers={"Connection": "close"})
        return line.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def welcome(plan: Plan) -> str:
    state = os.path.relpath(plan.state)
    state = state if not state.startswith("..") else str(plan.state)
    return "\n".join(
        [
            f"Ready: {plan.url}",
            "  People      analyst (Research), lead (Research and Finance), admin (staff); password: demo",
            f"  API tokens  {state}/token (team Research), {state}/token-finance (team Finance)",
            f"  Logs        {state}/logs",
            "  To stop     Ctrl-C\n",
        ]
    )


if __name__ == "__main__":
    if os.environ.get("MAKELEVEL"):
        end_with_parent()
    sys.exit(main(sys.argv[1:], os.environ))
