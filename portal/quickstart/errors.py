"""The error of a quick start that can't run."""


class StartupError(Exception):
    """The quick start can't run; one sentence for the person at the terminal."""
