"""The error of a quick start that can't run."""


class CannotRun(Exception):  # noqa: N818 - says what happened
    """Why the quick start can't run, in one sentence for the person at the terminal."""
