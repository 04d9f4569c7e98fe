"""Storage of the sandbox: one SQLite file, one writer, one lock.

Commits precede replies, so they survive `kill -9`.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jobs.sandbox.context import AccountRegion, Document

SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
    number INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, home TEXT NOT NULL, kind TEXT NOT NULL,
    name TEXT NOT NULL, revision INTEGER NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS resource_by_name ON resource (home, kind, name, revision);

CREATE TABLE IF NOT EXISTS job (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, home TEXT NOT NULL, queue TEXT NOT NULL,
    name TEXT NOT NULL, name_key TEXT NOT NULL, definition TEXT NOT NULL,
    parent TEXT, place INTEGER, size INTEGER,
    status TEXT NOT NULL, status_reason TEXT, created_at INTEGER NOT NULL, started_at INTEGER, stopped_at INTEGER,
    cancelled INTEGER NOT NULL DEFAULT 0, terminated INTEGER NOT NULL DEFAULT 0, stop_reason TEXT,
    attempts TEXT NOT NULL DEFAULT '[]', attempt TEXT, spec TEXT, tags TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS job_in_queue ON job (queue, created_at) WHERE parent IS NULL;
CREATE INDEX IF NOT EXISTS job_by_status ON job (queue, status, created_at) WHERE parent IS NULL;
CREATE INDEX IF NOT EXISTS job_by_name ON job (queue, name_key, created_at) WHERE parent IS NULL;
CREATE INDEX IF NOT EXISTS job_by_definition ON job (queue, definition, created_at) WHERE parent IS NULL;
CREATE INDEX IF NOT EXISTS job_of_array ON job (parent, status, place) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS job_unfinished ON job (number) WHERE status NOT IN ('SUCCEEDED', 'FAILED');
CREATE INDEX IF NOT EXISTS job_runnable ON job (queue, number) WHERE status = 'RUNNABLE';

CREATE TABLE IF NOT EXISTS stream (
    number INTEGER PRIMARY KEY, home TEXT NOT NULL, log_group TEXT NOT NULL, name TEXT NOT NULL,
    created_at INTEGER NOT NULL, UNIQUE (home, log_group, name));
CREATE TABLE IF NOT EXISTS line (
    stream INTEGER NOT NULL, place INTEGER NOT NULL, said_at INTEGER NOT NULL, stored_at INTEGER NOT NULL,
    message TEXT NOT NULL, PRIMARY KEY (stream, place)) WITHOUT ROWID;
"""


class StateInUseError(Exception):
    """Another sandbox uses this state file."""


class Store:
    def __init__(self, path: Path | str) -> None:
        self.lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0.5)
        self._db.row_factory = sqlite3.Row
        try:
            # Exclusive: two sandboxes with one state would run every job twice.
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            self._db.close()
            if "locked" in str(error):
                raise StateInUseError(f"{path} is in use by another sandbox") from error
            raise

    def close(self) -> None:
        with self.lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all or nothing; nested, join the outer one."""
        with self.lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def fetch_all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def fetch_one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        with self.lock:
            row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return row

    def execute(self, sql: str, *values: Any) -> int:
        with self.lock:
            return self._db.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self.transaction():
            self._db.executemany(sql, rows)

    # Queues, compute environments and definitions are few: whole documents, found by ARN.

    def save_resource(
        self, kind: str, account_region: AccountRegion, arn: str, body: Document, *, name: str, revision: int = 0
    ) -> None:
        self.execute(
            "INSERT INTO resource (arn, home, kind, name, revision, status, body) VALUES (?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (arn) DO UPDATE SET status = excluded.status, body = excluded.body",
            *(arn, account_region.key, kind, name, revision, body.get("status", ""), json.dumps(body)),
        )

    def update_resource(self, arn: str, body: Document) -> None:
        self.execute(
            "UPDATE resource SET status = ?, body = ? WHERE arn = ?",
            *(body.get("status", ""), json.dumps(body), arn),
        )

    def delete_resource(self, arn: str) -> None:
        self.execute("DELETE FROM resource WHERE arn = ?", arn)

    def find_resource(self, kind: str, account_region: AccountRegion, arn: str) -> Document | None:
        row = self.fetch_one(
            "SELECT body FROM resource WHERE arn = ? AND kind = ? AND home = ?", arn, kind, account_region.key
        )
        return json.loads(row["body"]) if row else None
