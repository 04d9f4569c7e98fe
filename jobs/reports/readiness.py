"""Whether this process can serve people: what `/readyz` answers.

Only what every page needs is asked: Redis and AWS may be away, and pages are served all the same.
"""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

OK = "ok"
MIN_FREE_BYTES = 64 * 1024**2
_applied: set[str] = set()
"""Databases whose migrations were all applied when last asked: that doesn't change while the process runs."""


def checks() -> dict[str, str]:
    """What was checked, each with "ok" or what is wrong in a few words, which hold no address and no name."""
    database = _database()
    migrations = _migrations() if database == OK else "unknown"
    return {"database": database, "migrations": migrations, "disk": _disk()}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return OK


def _migrations() -> str:
    name = str(connection.settings_dict["NAME"])
    if name in _applied:
        return OK
    try:
        missing = _newest_migrations() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return "unknown"
    if missing:
        return "not applied"
    _applied.add(name)
    return OK


@cache
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each app in this process's code. A database that is ahead is fine: code is rolled out."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _disk() -> str:
    for directory in _state_directories():
        try:
            if shutil.disk_usage(directory).free < MIN_FREE_BYTES:
                return f"less than {MIN_FREE_BYTES // 1024**2} MiB free"
            with tempfile.TemporaryFile(dir=directory) as file:
                file.write(b"0")
        except OSError:
            return "not writable"
    return OK


def _state_directories() -> set[Path]:
    """Where the portal keeps files: the incarnation file, and SQLite's database."""
    files = [Path(settings.INCARNATION_FILE)]
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and ":memory:" not in name and "mode=memory" not in name:
        files.append(Path(name))
    return {_existing(file.parent) for file in files}


def _existing(directory: Path) -> Path:
    """The directory, or the one it will be made in."""
    return next(parent for parent in (directory, *directory.parents) if parent.is_dir())
