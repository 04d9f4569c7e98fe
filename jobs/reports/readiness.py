"""Readiness of this process. Without Redis and AWS pages are still served."""

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
_migrated_databases: set[str] = set()
"""Whose migrations were all applied at the last check: that doesn't change while the process runs."""


def run_checks() -> dict[str, str]:
    """Return "ok" or what is wrong, without addresses or names."""
    database = _check_database()
    migrations = _check_migrations() if database == OK else "unknown"
    return {"database": database, "migrations": migrations, "disk": _check_disk()}


def _check_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return OK


def _check_migrations() -> str:
    name = str(connection.settings_dict["NAME"])
    if name in _migrated_databases:
        return OK
    try:
        missing = _newest_migrations() - set(MigrationRecorder(connection).applied_migrations())
    except DatabaseError:
        return "unknown"
    if missing:
        return "not applied"
    _migrated_databases.add(name)
    return OK


@cache
def _newest_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


def _check_disk() -> str:
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
    files = [Path(settings.INCARNATION_FILE)]
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite" and ":memory:" not in name and "mode=memory" not in name:
        files.append(Path(name))
    return {_existing_directory(file.parent) for file in files}


def _existing_directory(directory: Path) -> Path:
    return next(parent for parent in (directory, *directory.parents) if parent.is_dir())
