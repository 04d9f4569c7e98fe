"""Queries, and the work of the database, of one request."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from bench import processes

SQLITE_STEPS_PER_CALL = 100


@dataclass
class Work:
    """`amount`: rows read on PostgreSQL; on SQLite steps of its virtual machine, of which a row takes about ten."""

    queries: int = 0
    amount: int = 0


@contextmanager
def counted_work() -> Iterator[Work]:
    """Count what the block does. On PostgreSQL it must be within one transaction."""
    work = Work()

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 - Django calls it
        work.queries += 1
        return execute(sql, params, many, context)

    connection.ensure_connection()
    counted_amount = _sqlite_steps if connection.vendor == "sqlite" else _rows_read
    with counted_amount(work), connection.execute_wrapper(count):
        yield work


@contextmanager
def _sqlite_steps(work: Work) -> Iterator[None]:
    database = connection.connection

    def count() -> int:
        work.amount += SQLITE_STEPS_PER_CALL
        return 0  # go on

    database.set_progress_handler(count, SQLITE_STEPS_PER_CALL)
    try:
        yield
    finally:
        database.set_progress_handler(None, 0)


@contextmanager
def _rows_read(work: Work) -> Iterator[None]:
    before = _rows_read_so_far()
    yield
    work.amount = _rows_read_so_far() - before


def _rows_read_so_far() -> int:
    """Return the rows that this transaction has read, from tables and through indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
        return int(cursor.fetchone()[0] or 0)


def cpu_seconds() -> float:
    """Return the processor time so far of this process and, on PostgreSQL, of its connection."""
    if connection.vendor == "sqlite":
        return time.process_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return time.process_time() + processes.own_cpu_seconds(cursor.fetchone()[0])


def database_mib() -> float:
    sql = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        "postgresql": "SELECT pg_database_size(current_database())",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0]) / 2**20
