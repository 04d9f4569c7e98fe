"""The one way in which tests wait for something that another thread, process or browser does."""

import time
from collections.abc import Callable
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
