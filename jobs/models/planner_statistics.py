"""Statistics of the tables, from which the database chooses its indexes."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.db import connection

# Rows that SQLite reads of each index: its documentation's advice for large databases.
SQLITE_ANALYSIS_LIMIT = 1000


def update_statistics() -> None:
    """Update them for every table of the portal.

    PostgreSQL does this by itself some time after large changes, SQLite never.
    """
    tables = ", ".join(map(connection.ops.quote_name, sorted(_tables())))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ANALYZE {tables}")
        else:
            cursor.execute(f"PRAGMA analysis_limit = {SQLITE_ANALYSIS_LIMIT}")
            cursor.execute("ANALYZE")


def update_after_migrations(plan: Sequence[Any] = (), **_signal: Any) -> None:
    """Receive Django's `post_migrate`: an index without statistics is ignored, or on SQLite used for everything.

    An empty table would be remembered as empty, so a new database is left alone.
    """
    job = apps.get_model("jobs", "Job")
    if plan and job._meta.db_table in _tables() and job.objects.exists():  # noqa: SLF001 - public in all but name
        update_statistics()


def _tables() -> set[str]:
    """Return the tables that exist: after a migration to an earlier state some are missing."""
    models = apps.get_app_config("jobs").get_models()
    return {model._meta.db_table for model in models}.intersection(connection.introspection.table_names())  # noqa: SLF001 - public in all but name
