"""A database that the threads of one test share, and the end of those that serve a browser."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connection

from tests.eventually import eventually

FOR_TESTS = {"timeout": 120, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"}


@contextmanager
def database_in_a_file(folder: Path) -> Iterator[None]:
    """Within, the test's database is a file, and each thread has a connection of its own. What it holds then is lost.

    Threads that share one in memory fail at once where a file lets them wait: "database table is locked".
    """
    if connection.vendor != "sqlite":
        yield
        return
    file = folder / "portal.sqlite3"
    with closing(sqlite3.connect(file)) as copy:
        connection.connection.backup(copy)
        # As every migrated file is. Of many who are the first to open it and would switch it, one may fail at once.
        copy.execute("PRAGMA journal_mode=WAL")
    in_memory, settings = connection.connection, connection.settings_dict
    memory_settings = {key: settings[key] for key in ("NAME", "OPTIONS")}
    # Every thread's connection has this one dict. Nothing is to survive the machine, and a busy one lets them wait.
    settings |= {"NAME": str(file), "OPTIONS": {**settings["OPTIONS"], **FOR_TESTS}}
    connection.connection = None
    try:
        yield
    finally:
        connection.close()
        settings |= memory_settings
        connection.connection = in_memory


@contextmanager
def database_for_threads(folder: Path) -> Iterator[None]:
    """Within, the test's database is a file, as above; afterwards it holds in memory what it held there."""
    with database_in_a_file(folder):
        yield
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(folder / "portal.sqlite3")) as file:
            file.backup(connection.connection)


def wait_for_requests(seconds: float = 30) -> None:
    """Wait until the test server has nothing in hand: what a closing page still sends must not meet empty tables."""
    eventually(
        lambda: not any("process_request_thread" in thread.name for thread in threading.enumerate()),
        seconds,
        describe=lambda: "The test server still answers something.",
    )


def in_thread(act: Callable[[], Any]) -> Any:
    """What `act` returns, in a thread with a connection of its own."""

    def closing() -> Any:
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result()
