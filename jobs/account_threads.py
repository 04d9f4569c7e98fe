"""Threads of the clock: one per account and purpose, so that none waits for another."""

import threading
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, connection

log = structlog.get_logger(__name__)

Key = tuple[int, str]


class AccountThreads:
    def __init__(self) -> None:
        self._threads: dict[Key, threading.Thread] = {}

    def start(self, account: int, purpose: str, act: Callable[[], object]) -> bool:
        key = (account, purpose)
        thread_before = self._threads.get(key)
        if thread_before is not None and thread_before.is_alive():
            return False
        # Daemons let the process end; the next pass finds what is left, as after a crash.
        thread = threading.Thread(target=_run_in_thread, args=(key, act), name=f"{purpose}-{account}", daemon=True)
        self._threads[key] = thread
        thread.start()
        return True

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads.values())


class InlineAccountThreads(AccountThreads):
    """Runs passes in the caller's thread and transaction."""

    def start(self, account: int, purpose: str, act: Callable[[], object]) -> bool:
        _run_and_log((account, purpose), act)
        return True


def _run_in_thread(key: Key, act: Callable[[], object]) -> None:
    try:
        _run_and_log(key, act)
    except DatabaseError as error:
        log.warning("pass_database_unavailable", account=key[0], purpose=key[1], error=str(error))
    finally:
        connection.close()


def _run_and_log(key: Key, act: Callable[[], object]) -> None:
    try:
        act()
    except DatabaseError:
        raise
    except Exception:
        log.exception("pass_failed", account=key[0], purpose=key[1])
