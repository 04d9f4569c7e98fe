"""Long polling: a response waits shortly for a change, so that scripts without `sleep` need not poll.

Threads are few: only some requests wait at a time, others are answered after a second.
"""

import threading
import time
from collections.abc import Callable

AT_ONCE = 3
LONGEST_SECONDS = 5.0
STEP_SECONDS = 0.5
NO_ROOM_SECONDS = 1.0

_places = threading.BoundedSemaphore(AT_ONCE)


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    """Return as soon as the condition holds, or when the time is up."""
    seconds = min(max(seconds, 0.0), LONGEST_SECONDS)
    if not seconds or condition():
        return
    if not _places.acquire(blocking=False):
        time.sleep(min(seconds, NO_ROOM_SECONDS))
        return
    try:
        deadline = time.monotonic() + seconds
        while (remaining := deadline - time.monotonic()) > 0:
            time.sleep(min(STEP_SECONDS, remaining))
            if condition():
                return
    finally:
        _places.release()
