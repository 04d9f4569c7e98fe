"""Ledger of acceptances: what really happened, whatever the response was."""

import json
from collections.abc import Callable

from jobs.sandbox.context import ApiCall, Document, now_ms
from jobs.sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS acceptance (
    number INTEGER PRIMARY KEY, at INTEGER NOT NULL, operation TEXT NOT NULL, home TEXT NOT NULL,
    accepted TEXT NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL, request_id TEXT NOT NULL)
"""
# Records an acceptance: the call, and the job's id or the definition's ARN.
RecordAcceptance = Callable[[ApiCall, str], None]

NAME_FIELDS = {"SubmitJob": "jobName", "RegisterJobDefinition": "jobDefinitionName"}


class Ledger:
    def __init__(self, store: Store) -> None:
        self._store = store
        store.execute(SCHEMA)

    def record(self, call: ApiCall, resource_id: str) -> None:
        self._store.execute(
            "INSERT INTO acceptance (at, operation, home, accepted, name, tags, request_id) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(
                now_ms(),
                call.operation,
                call.account_region.key,
                resource_id,
                call.params[NAME_FIELDS[call.operation]],
            ),
            *(json.dumps(call.params.get("tags", {})), call.request_id),
        )

    def read(self, *, after: int = 0) -> list[Document]:
        """Return acceptances beyond a number; `at` is in ms."""
        rows = self._store.fetch_all("SELECT * FROM acceptance WHERE number > ? ORDER BY number", after)
        return [{**dict(row), "tags": json.loads(row["tags"])} for row in rows]


def record_nothing(call: ApiCall, resource_id: str) -> None:
    """Record nothing."""
