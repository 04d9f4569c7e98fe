"""A database that the threads of one test share, and the end of those that serve a browser."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections

from tests.eventually import eventually


@contextmanager
def shared_by_threads(tmp_path: Path) -> Iterator[None]:
    """The test's database, such that each thread has a connection of its own: SQLite's in memory becomes a file."""
    if connection.vendor != "sqlite":
        yield
        return
    file = tmp_path / "portal.sqlite3"
    with sqlite3.connect(file) as copy:
        connection.connection.backup(copy)
        # As every migrated file is. Of many who are the first to open it and would switch it, one may fail at once.
        copy.execute("PRAGMA journal_mode=WAL")
    in_memory = connection.settings_dict["NAME"]
    connections.settings["default"]["NAME"] = str(file)
    try:
        yield
    finally:
        connections.settings["default"]["NAME"] = in_memory
        with sqlite3.connect(file) as copy:
            copy.backup(connection.connection)


def served_out(seconds: float = 30) -> None:
    """Wait until the test server has nothing in hand: what a closing page still sends must not meet empty tables."""
    eventually(
        lambda: not any("process_request_thread" in thread.name for thread in threading.enumerate()),
        seconds,
        describe=lambda: "The test server still answers something.",
    )
