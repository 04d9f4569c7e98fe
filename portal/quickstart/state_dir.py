"""The state directory of a quick start; deleting it is a fresh start."""

import errno
import fcntl
import json
import os
import secrets
import socket
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from portal.quickstart.errors import StartupError

LOOPBACK = "127.0.0.1"


@dataclass
class StateDir:
    path: Path
    was_unclean: bool = False
    _lock: IO[str] | None = field(default=None, repr=False)

    @classmethod
    def open(cls, path: Path) -> "StateDir":
        """Create it privately if necessary. Raise StartupError if it is not writable."""
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not any(path.iterdir()) or (path / "lock").exists():  # ours: never change the mode of someone's home
                path.chmod(0o700)
            for name in ("logs", "redis", "static"):
                (path / name).mkdir(exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as error:
            raise StartupError(
                f"STATE={path} is not writable ({error.strerror}). Use another directory: make run STATE=…"
            ) from None
        return cls(path)

    def lock(self, url: str) -> None:
        lock = (self.path / "lock").open("a+")
        lock.seek(0)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid, _, address = lock.read().strip().partition(" ")
            lock.close()
            location = f" as process {pid} at {address}" if pid else ""
            raise StartupError(
                f"The portal of STATE={self.path} is already running{location}. Stop it, or use another STATE."
            ) from None
        self.was_unclean = bool(lock.read().strip())
        lock.truncate(0)
        lock.write(f"{os.getpid()} {url}\n")
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        if self._lock:
            (self.path / "url").unlink(missing_ok=True)
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    def log_path(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def secret_key(self) -> str:
        """Return the same key at every start, so that sessions survive."""
        path = self.path / "secret_key"
        if not path.exists():
            self.write("secret_key", secrets.token_urlsafe(60))
        return path.read_text().strip()

    def ports(self, names: Iterable[str], *, reserved: int) -> dict[str, int]:
        try:
            previous = json.loads((self.path / "ports.json").read_text())
        except (OSError, ValueError):
            previous = {}
        result: dict[str, int] = {}
        for name in names:
            port = previous.get(name) if isinstance(previous, dict) else None
            excluded = {reserved, *result.values()}
            if not isinstance(port, int) or port in excluded or not is_port_free(port):
                port = find_free_port(excluded)
            result[name] = port
        self.write("ports.json", json.dumps(result))
        return result

    def pop(self, name: str) -> str:
        with suppress(FileNotFoundError):
            text = (self.path / name).read_text().strip()
            (self.path / name).unlink()
            return text
        return ""

    def write(self, name: str, text: str) -> None:
        temporary = self.path / f".{name}.new"
        temporary.touch(mode=0o600)
        temporary.write_text(text + "\n")
        temporary.replace(self.path / name)


def is_port_free(port: int) -> bool:
    return bind_error(port) is None


def bind_error(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno or errno.EADDRINUSE
    return None


def find_free_port(excluded: Iterable[int]) -> int:
    excluded_ports = set(excluded)
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in excluded_ports:
            return port


def wait_for_web_port(port: int, *, patience: float = 0.0) -> None:
    """Wait for an ending predecessor. Raise StartupError."""
    until = time.monotonic() + patience
    while (error_number := bind_error(port)) == errno.EADDRINUSE and time.monotonic() < until:
        time.sleep(0.1)
    if error_number is None:
        return
    reason = "needs more privileges" if error_number in (errno.EACCES, errno.EPERM) else "is in use"
    remedy = "Use another port" if error_number != errno.EADDRINUSE else "Stop the other program, or use another port"
    raise StartupError(f"Port {port} {reason}. {remedy}: make run PORT={port + 1 if port >= 1024 else 8000}")
