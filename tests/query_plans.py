"""How a database finds the rows of a query: the tables it scans, and how many of their rows it reads."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

# They grow with each job.
LARGE_TABLES = frozenset(
    {
        "jobs_job",
        "jobs_jobtext",
        "jobs_submission",
        "jobs_costline",
        "jobs_jobtag",
        "jobs_statechange",
        "jobs_jobdependency",
        "jobs_jobfailure",
    }
)
# Partial indexes of jobs that are at work or, rarely, lost: to read all of one takes what the activity takes.
SMALL_INDEXES = frozenset(
    {
        "job_active",
        "job_undelivered",
        "job_of_team_live",
        "job_of_team_uncharged",
        "job_uncharged",
        "job_of_team_lost",
    }
)
_SQLITE_SCAN = re.compile(r"(?P<kind>SCAN|SEARCH) (?P<alias>\w+)(?:.* INDEX (?P<index>\w+))?")


@dataclass(frozen=True)
class Scan:
    """One node of a plan."""

    node: str
    table: str
    rows: int | None
    """Rows that it reads, whether they match or not. SQLite doesn't say."""
    is_unbounded: bool
    """Whether it reads the table, or an index that grows with it, from end to end."""


@dataclass(frozen=True)
class Query:
    sql: str
    parameters: Any


@contextmanager
def recorded_queries() -> Iterator[list[Query]]:
    """Collect the block's reads."""
    queries: list[Query] = []

    def record(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( ").startswith(("SELECT", "WITH")):
            queries.append(Query(sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield queries


def multiply_believed_rows(factor: int) -> None:
    """Let PostgreSQL plan as if the large tables had so many times their rows, until they are analyzed again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = reltuples * %s WHERE relname = ANY(%s)", [factor, [*LARGE_TABLES]]
        )


def scans(query: Query) -> list[Scan]:
    """Return the query's scans of large tables. PostgreSQL runs it again."""
    found_scans = _postgres_scans(query) if connection.vendor == "postgresql" else _sqlite_scans(query)
    return [scan for scan in found_scans if scan.table in LARGE_TABLES]


def _sqlite_scans(query: Query) -> Iterator[Scan]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query.sql}", query.parameters)
        nodes = [str(row[-1]) for row in cursor.fetchall()]
    tables = {alias: table for table, alias in re.findall(r'"(jobs_\w+)" (\w+)', query.sql)}
    for node in nodes:
        if match := _SQLITE_SCAN.match(node):
            is_search = ":M" in node  # of an FTS5 table, by words
            is_unbounded = match["kind"] == "SCAN" and match["index"] not in SMALL_INDEXES and not is_search
            table = tables.get(match["alias"], match["alias"])
            yield Scan(node, str(table), None, is_unbounded)


def _postgres_scans(query: Query) -> Iterator[Scan]:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query.sql}", query.parameters)
        plans = cursor.fetchone()[0]
    nodes = [(json.loads(plans) if isinstance(plans, str) else plans)[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", ())
        if table := node.get("Relation Name"):
            removed = sum(rows for key, rows in node.items() if key.startswith("Rows Removed by"))
            rows = round((node["Actual Rows"] + removed) * node["Actual Loops"])
            text = f"{node['Node Type']} on {table} {node.get('Index Name', '')}".strip()
            yield Scan(text, table, rows, node["Node Type"] == "Seq Scan")
