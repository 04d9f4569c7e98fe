"""The error of a quick start that can't run."""


class StartupError(Exception):
    """Why the quick start can't run, in one sentence for the person at the terminal."""
