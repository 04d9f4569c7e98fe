"""Statistics of the tables, from which the database chooses its indexes."""

from collections.abc import Iterable

from django.apps import apps
from django.db import connection, models

# Rows that SQLite reads of each index: its documentation's advice for large databases.
SQLITE_ANALYSIS_LIMIT = 1000


def update_statistics() -> None:
    """Update them for every table of the portal.

    PostgreSQL does this by itself some time after large changes, SQLite never.
    """
    tables = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in _models())  # noqa: SLF001 - public in all but name
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"ANALYZE {tables}")
        else:
            cursor.execute(f"PRAGMA analysis_limit = {SQLITE_ANALYSIS_LIMIT}")
            cursor.execute("ANALYZE")


def _models() -> Iterable[type[models.Model]]:
    return apps.get_app_config("jobs").get_models()
