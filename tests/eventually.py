"""The one way in which tests wait for what another thread, process or browser does, and the one to time a limit."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")

INTERVAL_SECONDS = 0.03


def eventually(
    condition: Callable[[], T],
    seconds: float = 60,
    describe: Callable[[], object] | None = None,
    errors: tuple[type[Exception], ...] = (),
) -> T:
    """Return the first true value of `condition`.

    Raise AssertionError if there is none within `seconds`, with what `describe` returns then. An exception of
    `errors` counts as not yet: a server that is still starting refuses connections.
    """
    deadline = time.monotonic() + seconds
    while True:
        failure: Exception | None = None
        try:
            if value := condition():
                return value
        except errors as error:
            failure = error
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {seconds:g} s. {describe() if describe else ''}") from failure
        time.sleep(INTERVAL_SECONDS)


def at_some_pace(check: Callable[[float], None], errors: tuple[type[Exception], ...] = ()) -> None:
    """Check what holds for times of any length, first with short ones, then with those that a busy machine needs.

    `check` takes what its times are multiplied by. Of the short ones, an exception of `errors` counts as a failure.
    """
    with suppress(AssertionError, *errors):
        return check(1)
    return check(6)
