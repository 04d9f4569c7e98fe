class CannotRun(Exception):  # noqa: N818 - it says what happened
    """Why the quick start ends, in one clear sentence for the person at the terminal."""
