"""How long a program takes. The arithmetic is quick; the rest is there so that there is something to watch."""

import os
import time


def pause(seconds: float) -> None:
    """Wait, PACE times as long: 1 unless the job says otherwise, 0 for those in a hurry."""
    time.sleep(seconds * float(os.environ.get("PACE", "1")))
