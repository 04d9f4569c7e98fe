"""Threads in which the clock has AWS called: one for each account and purpose, so that none waits for another.

Each has a database connection of its own that ends with it. A pass that still goes on is not begun a second time.
"""

import threading
import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, connection

log = structlog.get_logger(__name__)

Key = tuple[int, str]


class Lanes:
    """Passes under way, by account and purpose."""

    def __init__(self) -> None:
        self._threads: dict[Key, threading.Thread] = {}

    def start(self, account: int, purpose: str, act: Callable[[], object]) -> bool:
        """Begin a pass. False: the last one has not ended yet."""
        key = (account, purpose)
        thread_before = self._threads.get(key)
        if thread_before is not None and thread_before.is_alive():
            return False
        # A daemon keeps no process from ending: what its pass leaves undone the next one finds, as after a crash.
        thread = threading.Thread(target=_pass, args=(key, act), name=f"{purpose}-{account}", daemon=True)
        self._threads[key] = thread
        thread.start()
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until all passes have ended, for so long at most. Whether they have."""
        deadline = time.monotonic() + seconds
        for thread in self._threads.values():
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads.values())


class SameThread(Lanes):
    """No threads: a pass is over when `start` returns, in the caller's own transaction."""

    def start(self, account: int, purpose: str, act: Callable[[], object]) -> bool:
        _guarded((account, purpose), act)
        return True


def _pass(key: Key, act: Callable[[], object]) -> None:
    try:
        _guarded(key, act)
    except DatabaseError as error:
        log.warning("pass_database_unavailable", account=key[0], purpose=key[1], error=str(error))
    finally:
        connection.close()


def _guarded(key: Key, act: Callable[[], object]) -> None:
    try:
        act()
    except DatabaseError:
        raise
    except Exception:
        log.exception("pass_failed", account=key[0], purpose=key[1])
