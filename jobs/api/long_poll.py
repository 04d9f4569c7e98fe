"""Long polling: only some requests wait, since threads are few."""

import threading
import time
from collections.abc import Callable

from jobs.actions import wait

MAX_WAITING_REQUESTS = 3
MAX_WAIT_SECONDS = 5.0
CHECK_INTERVAL_SECONDS = 0.5
FALLBACK_WAIT_SECONDS = 1.0

_slots = threading.BoundedSemaphore(MAX_WAITING_REQUESTS)


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    seconds = min(max(seconds, 0.0), MAX_WAIT_SECONDS)
    if not seconds:
        return
    if not _slots.acquire(blocking=False):
        if not condition():
            time.sleep(min(seconds, FALLBACK_WAIT_SECONDS))
        return
    try:
        wait.wait_until(condition, seconds, CHECK_INTERVAL_SECONDS)
    finally:
        _slots.release()
