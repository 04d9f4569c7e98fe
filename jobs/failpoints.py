"""Places at which tests have the portal fail: FAILPOINT=<name>:kill, :stop:<seconds> or :raise. Nothing when unset.

`kill` ends the process without a word, `stop` lets time pass as if it were paused, `raise` is a fault that nobody
foresaw. A place fails once in a process.
"""

import os
import signal
import time
from collections.abc import Callable


class FailpointError(Exception):
    """What nobody foresaw."""


def _nothing(_: str) -> None:
    """Go on."""


def _armed(wanted: str, how: str, seconds: float = 0.0) -> Callable[[str], None]:
    left = [wanted]

    def fail(name: str) -> None:
        if name not in left:
            return
        left.clear()
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif how == "stop":
            time.sleep(seconds)
        else:
            raise FailpointError(name)

    return fail


def _asked(text: str) -> Callable[[str], None]:
    if not text:
        return _nothing
    name, how, *seconds = text.split(":")
    return _armed(name, how, *map(float, seconds))


reached = _asked(os.environ.get("FAILPOINT", ""))
