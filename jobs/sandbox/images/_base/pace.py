"""Pauses of the sample programs."""

import os
import time


def pause(seconds: float) -> None:
    """Wait, multiplied by the variable PACE: 1 by default, 0 for no pauses."""
    time.sleep(seconds * float(os.environ.get("PACE", "1")))
