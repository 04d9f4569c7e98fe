"""Errors of the quick start."""


class StartupError(Exception):
    """The quick start can't run; one sentence for the person at the terminal."""
