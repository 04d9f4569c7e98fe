"""How a database is emptied whose audit refuses to be: its owner switches the triggers off for that moment.

On SQLite the triggers are dropped and made anew from their own text, on PostgreSQL they are disabled. Tests of
tampering do the same.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.db import connection, transaction

from jobs.models import JobText

MADE_BY_MIGRATE = {"django_content_type", "auth_permission"}
"""Tables that the models fill, and no test changes."""
TABLES = ("jobs_auditentry", "jobs_auditchain")


@contextmanager
def triggers_removed() -> Iterator[None]:
    """Within, the database would let everything be done to the audit."""
    _check_constraints()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (%s, %s)", TABLES
            )
            triggers = cursor.fetchall()
            off = [f"DROP TRIGGER {name}" for name, _ in triggers]
            on = [text for _, text in triggers]
        else:
            off, on = (
                [f"ALTER TABLE {table} {word} TRIGGER USER" for table in TABLES] for word in ("DISABLE", "ENABLE")
            )
        for statement in off:
            cursor.execute(statement)
        try:
            yield
        finally:
            _check_constraints()
            for statement in on:
                cursor.execute(statement)


def _check_constraints() -> None:
    """A table stays as it is made while something of it waits for the commit to be checked."""
    if connection.in_atomic_block:
        connection.check_constraints()


def emptying(empty: Callable[[Any], None], refill: Callable[[], None]) -> Callable[[Any], None]:
    """What empties all tables, allowed to, and makes the rows anew that every database has."""

    @wraps(empty)
    def emptied(case: Any) -> None:
        with triggers_removed():
            if case.reset_sequences or case.available_apps is not None:
                empty(case)
            else:
                _delete_rows()
        refill()

    return emptied


def _delete_rows() -> None:
    """Delete what tests commit, from the tables that have rows.

    Django's `flush` truncates every table, deletes content types and permissions too, and makes them anew: 40 ms on
    SQLite and 50 ms on PostgreSQL after each test.
    """
    tables = {*connection.introspection.django_table_names(only_existing=True), JobText._meta.db_table}
    names = sorted(tables - MADE_BY_MIGRATE)
    with transaction.atomic(), connection.cursor() as cursor:
        # Foreign keys are checked at the end, so the order is free.
        query = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names)  # noqa: S608
        cursor.execute(query)
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {name}")  # noqa: S608
