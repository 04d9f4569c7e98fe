"""Points at which tests make the portal fail.

FAILPOINT=marked:kill         once in each process with this in its environment
FAILPOINT=marked@7:kill       the seventh time that it comes there
FAILPOINT_FILE=/tmp/…/next    once for all processes that share the file, which names the point
"""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path


class FailpointError(Exception):
    """Unforeseen."""


Failpoint = Callable[[str], None]


def _do_nothing(_: str) -> None:
    """Do nothing."""


def _fail(name: str, action: str, seconds: float = 0.0) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        time.sleep(seconds)
    elif action == "pause":
        # To this thread, not the process: another thread could take the signal, and this one run on.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    elif action == "raise":
        raise FailpointError(name)


def _read(text: str) -> tuple[str, str, float]:
    name, action, *seconds = text.strip().split(":")
    return name, action, float(seconds[0]) if seconds else 0.0


def _fail_once_in_process(text: str) -> Failpoint:
    point, action, seconds = _read(text)
    point, _, position = point.partition("@")
    hits = itertools.count(1)  # one call is atomic, so two threads don't count as one

    def reached(name: str) -> None:
        if name == point and next(hits) == int(position or 1):
            _fail(name, action, seconds)

    return reached


def _fail_once_in_any_process(file: Path) -> Failpoint:
    def reached(name: str) -> None:
        try:
            point, action, seconds = _read(file.read_text())
            if point != name:
                return
            file.rename(f"{file}.{os.getpid()}")
        except OSError:
            return  # there is no file, or another process has just taken it
        _fail(name, action, seconds)

    return reached


def _configure(text: str, file: str) -> Failpoint:
    if text:
        return _fail_once_in_process(text)
    return _fail_once_in_any_process(Path(file)) if file else _do_nothing


hit_failpoint = _configure(os.environ.get("FAILPOINT", ""), os.environ.get("FAILPOINT_FILE", ""))
